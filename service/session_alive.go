package service

import (
	"context"
	"slices"

	"hongyan/model"
)

// Standing gives the groups that a socket of a session is to hear of, and
// whether the session has not ended, by the store itself and not by what is
// remembered of it. It is one query: of what a socket costs where the database
// is behind a network, most is the way there.
func (v *SessionService) Standing(ctx context.Context, userID, sessionID int64) (groups []int64, alive bool, err error) {
	ids, err := v.db.ReadIDs(ctx, "SELECT 0 FROM session WHERE id = ? AND userid = ? AND seenat > ? UNION ALL SELECT c.low "+mine,
		sessionID, userID, v.deadline(), userID, model.KindRoom)
	if err != nil {
		return nil, false, err
	}
	groups = slices.DeleteFunc(ids, func(id int64) bool { return id == 0 })
	return groups, len(groups) < len(ids), nil
}
