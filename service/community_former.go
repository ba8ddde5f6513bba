package service

import (
	"slices"

	"hongyan/model"
)

// part notes what the group must remember of a member who goes: a mute that is
// not over, and that somebody sent them away.
func (g *group) part(seat *model.Member, removed bool) error {
	if seat.MutedUntil <= g.tx.Now() && !removed {
		return nil
	}
	row := model.Former{ConversationID: g.line.ID, UserID: seat.UserID, MutedUntil: seat.MutedUntil, Removed: removed}
	_, err := g.tx.Insert(&row)
	return err
}

// resume gives those who come back the mutes that they left with, and forgets
// how they left.
func (g *group) resume(ids []int64) error {
	for ids := range slices.Chunk(ids, chunk) {
		var known []model.Former
		if err := g.tx.Where("conversationid = ?", g.line.ID).In("userid", ids).Find(&known); err != nil {
			return err
		}
		for _, row := range known {
			if row.MutedUntil > g.tx.Now() {
				if _, err := g.tx.Exec("UPDATE member SET muteduntil = ? WHERE conversationid = ? AND userid = ?",
					row.MutedUntil, g.line.ID, row.UserID); err != nil {
					return err
				}
			}
			if _, err := g.tx.Exec("DELETE FROM former WHERE id = ?", row.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// removed tells whether somebody was sent away and did not come back since.
func (g *group) removed(userID int64) (bool, error) {
	return g.tx.Where("conversationid = ? AND userid = ? AND removed = ?", g.line.ID, userID, true).Exist(new(model.Former))
}
