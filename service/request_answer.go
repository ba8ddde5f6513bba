package service

import (
	"context"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// answerLife is how long one sees why a request of one's own was turned down.
const answerLife = 30 * 24 * time.Hour

// answered gives a user's own requests that were turned down with a reason.
func (v *RequestService) answered(ctx context.Context, userID int64) ([]model.RequestRow, error) {
	var found []model.Request
	users, groups := map[int64]model.User{}, map[int64]model.Community{}
	err := v.db.View(ctx, func(s *xorm.Session) error {
		err := s.SQL(`SELECT * FROM request WHERE status = ? AND answer <> '' AND handledat > ?
			AND (userid = ? AND inviterid = 0 OR inviterid = ?) ORDER BY handledat DESC LIMIT ?`,
			model.RequestRejected, v.contacts.now.millis()-answerLife.Milliseconds(), userID, userID, maxPending).Find(&found)
		if err != nil || len(found) == 0 {
			return err
		}
		var userIDs, groupIDs []int64
		for _, r := range found {
			if r.Kind == model.KindRoom {
				groupIDs, userIDs = append(groupIDs, r.DstID), append(userIDs, r.UserID)
			} else {
				userIDs = append(userIDs, r.DstID)
			}
		}
		if err := s.In("id", userIDs).Find(&users); err != nil || len(groupIDs) == 0 {
			return err
		}
		return s.Cols("id", "name", "icon").In("id", groupIDs).Find(&groups)
	})
	rows := make([]model.RequestRow, 0, len(found))
	for _, r := range found {
		row := model.RequestRow{ID: r.ID, Kind: r.Kind, Memo: r.Memo, Status: r.Status, CreateAt: r.CreateAt, Own: true, Answer: r.Answer}
		user := users[r.DstID]
		if r.Kind == model.KindRoom {
			user = users[r.UserID]
			group := groups[r.DstID]
			row.Group = &group
		}
		row.User = user.Public()
		rows = append(rows, row)
	}
	return rows, err
}
