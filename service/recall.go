package service

import (
	"context"

	"hongyan/model"

	"xorm.io/xorm"
)

// recallWindow is how many places of a timeline one look for recalls goes through:
// they have no index of their own, as every message would pay for it. Such a look
// takes 10 ms on SQLite and 20 on MariaDB, however few recalls there are.
const recallWindow = 5_000

// Recalls gives what was taken back in a group, newest first, to its owner and
// admins. next is where to go on, 0 where the timeline begins: a page may be
// short, or empty, before that.
func (s *MessageService) Recalls(ctx context.Context, userID, groupID int64, p Page) (list []model.Recall, next int64, err error) {
	switch {
	case groupID <= 0 || groupID > model.MaxID:
		return nil, 0, model.Invalid("dstid")
	case p.Before != nil && *p.Before < 1:
		return nil, 0, model.Invalid("before")
	}
	list = []model.Recall{}
	err = s.db.View(ctx, func(v *xorm.Session) error {
		seat, err := seatIn(v, model.KindRoom, userID, groupID)
		switch {
		case err != nil:
			return err
		case seat == nil:
			return model.Fail(model.CodeNotMember)
		case rank(seat.Role) < rank(model.RoleAdmin):
			return model.Fail(model.CodeForbidden)
		}
		var recalls []model.Post
		if recalls, next, err = recallsIn(v, seat.ConversationID, p); err != nil || len(recalls) == 0 {
			return err
		}
		said, err := recalled(v, seat.ConversationID, recalls)
		for _, m := range recalls {
			of := said[m.Ref]
			list = append(list, model.Recall{Seq: m.Seq, At: m.At, UserID: m.UserID, Ref: m.Ref, AuthorID: of.UserID, SaidAt: of.At, Media: of.Media})
		}
		return err
	})
	return list, next, err
}

// recallsIn gives the recalls of a window of the timeline that ends before a place.
func recallsIn(v *xorm.Session, conversationID int64, p Page) (list []model.Post, next int64, err error) {
	var before int64
	if p.Before != nil {
		before = *p.Before
	} else if _, err := v.SQL("SELECT seq + 1 FROM conversation WHERE id = ?", conversationID).Get(&before); err != nil {
		return nil, 0, err
	}
	from := max(1, before-recallWindow)
	err = v.Where("conversationid = ? AND seq >= ? AND seq < ? AND cmd = ?", conversationID, from, before, model.CmdRecall).
		Desc("seq").Limit(p.limit()).Find(&list)
	if err != nil {
		return nil, 0, err
	}
	if len(list) == p.limit() {
		from = list[len(list)-1].Seq
	}
	if from > 1 {
		next = from
	}
	return list, next, intact(list...)
}

// recalled gives the messages that were taken back, by seq.
func recalled(v *xorm.Session, conversationID int64, recalls []model.Post) (map[int64]model.Post, error) {
	refs := make([]int64, len(recalls))
	for i := range recalls {
		refs[i] = recalls[i].Ref
	}
	var list []model.Post
	if err := v.Where("conversationid = ?", conversationID).In("seq", refs).Find(&list); err != nil {
		return nil, err
	}
	said := make(map[int64]model.Post, len(list))
	for _, m := range list {
		said[m.Seq] = m
	}
	return said, intact(list...)
}
