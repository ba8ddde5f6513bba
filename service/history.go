package service

import (
	"context"
	"slices"

	"hongyan/model"
	"hongyan/util/mutant"

	"xorm.io/xorm"
)

// Sizes of a page of history.
const (
	defaultPage = 50
	maxPage     = 200
)

// Page says which part of a timeline is wanted: what is before a seq, what is
// after one, or the newest if neither is given.
type Page struct {
	Before, After *int64
	Limit         int
}

func (p Page) limit() int {
	if p.Limit == 0 {
		return defaultPage
	}
	return min(max(p.Limit, 1), maxPage)
}

// History gives a page of a conversation by rising seq. Going back it shows
// each message as it is now; after a seq it gives everything that took a place
// since, changes too, so that a client which was away can follow.
func (s *MessageService) History(ctx context.Context, userID int64, kind int, dstID int64, p Page) ([]model.Message, error) {
	switch {
	case kind != model.KindSingle && kind != model.KindRoom && kind != model.KindNotice:
		return nil, model.Invalid("kind")
	case kind != model.KindNotice && (dstID <= 0 || dstID > model.MaxID):
		return nil, model.Invalid("dstid")
	case p.Before != nil && (p.After != nil || *p.Before < 1):
		return nil, model.Invalid("before")
	case p.After != nil && *p.After < 0:
		return nil, model.Invalid("after")
	}
	if mutant.ResumeOffByOne && p.After != nil && *p.After > 0 {
		late := *p.After + 1
		p.After = &late
	}
	var list []model.Post
	err := s.db.View(ctx, func(v *xorm.Session) error {
		if err := mayRead(v, userID, kind, dstID); err != nil {
			return err
		}
		c, k := new(model.Conversation), pairOf(kind, userID, dstID)
		found, err := v.Where("kind = ? AND low = ? AND high = ?", k.kind, k.low, k.high).Get(c)
		if err != nil || !found {
			return err
		}
		if err := page(v, c.ID, p, &list); err != nil {
			return err
		}
		if p.After != nil && !mutant.SeqFromClock {
			if err := whole(list, c, *p.After, p.limit()); err != nil {
				return err
			}
		}
		if err := intact(list...); err != nil {
			return err
		}
		return unquote(v, pointers(list)...)
	})
	if err != nil {
		return nil, err
	}
	messages := make([]model.Message, len(list))
	for i := range list {
		messages[i] = messageOf(&list[i], kind)
	}
	return messages, nil
}

func page(v *xorm.Session, conversationID int64, p Page, list *[]model.Post) error {
	if p.After != nil {
		return v.Where("conversationid = ? AND seq > ?", conversationID, *p.After).Asc("seq").Limit(p.limit()).Find(list)
	}
	v.Where("conversationid = ?", conversationID).NotIn("cmd", model.CmdRecall, model.CmdEdit, model.CmdReact)
	if p.Before != nil {
		v.And("seq < ?", *p.Before)
	}
	err := v.Desc("seq").Limit(p.limit()).Find(list)
	slices.Reverse(*list)
	return err
}

// whole fails if a page of a timeline that has every seq lacks one.
func whole(list []model.Post, c *model.Conversation, after int64, limit int) error {
	next := after + 1
	for i := range list {
		if list[i].Seq != next {
			break
		}
		next++
	}
	if n := next - after - 1; n < int64(len(list)) || n < int64(limit) && next <= c.Seq {
		return &DamageError{Conversation: c.ID, Seq: next}
	}
	return nil
}
