package service

import (
	"context"
	"time"
	"unicode/utf8"

	"hongyan/model"

	"xorm.io/xorm"
)

// maxDraft is the length of a draft in characters; maxSilence bounds a mute that
// ends by itself.
const (
	maxDraft   = 5000
	maxSilence = 366 * 24 * time.Hour
)

// Settings are a user's own settings of a conversation; what is nil stays.
// Archived hides it until its next message. Unread marks it as unread though it
// was read, or takes the mark off. MuteFor mutes it for a number of seconds, 0
// ends that and -1 is for ever, as Muted true is.
type Settings struct {
	Pinned, Muted, Archived, Unread *bool
	MuteFor                         *int64
	Draft                           *string
}

func (set *Settings) valid() error {
	if set.Draft != nil && (!utf8.ValidString(*set.Draft) || utf8.RuneCountInString(*set.Draft) > maxDraft) {
		return model.TooLarge("draft")
	}
	if set.MuteFor != nil && (*set.MuteFor < -1 || *set.MuteFor > int64(maxSilence/time.Second)) {
		return model.Invalid("mutefor")
	}
	return nil
}

// values are the columns of a seat in c that the settings change.
func (set *Settings) values(c *model.Conversation, now int64) map[string]any {
	values := map[string]any{}
	if set.Pinned != nil {
		values["pinned"] = *set.Pinned
	}
	if set.Muted != nil {
		values["muted"], values["silenttill"] = *set.Muted, 0
	}
	if set.MuteFor != nil {
		values["muted"], values["silenttill"] = *set.MuteFor == -1, 0
		if *set.MuteFor > 0 {
			values["silenttill"] = now + *set.MuteFor*1000
		}
	}
	if set.Archived != nil {
		values["archived"] = 0
		if *set.Archived {
			values["archived"] = c.Posts + 1
		}
	}
	if set.Unread != nil {
		values["marked"] = *set.Unread
	}
	if set.Draft != nil {
		values["draft"] = *set.Draft
	}
	return values
}

// Set changes a user's settings of a conversation and tells the user's devices.
func (s *ConversationService) Set(ctx context.Context, from model.Sender, kind int, dstID int64, set Settings) (model.ConversationRow, error) {
	if kind != model.KindSingle && kind != model.KindRoom && kind != model.KindNotice {
		return model.ConversationRow{}, model.Invalid("kind")
	}
	if err := set.valid(); err != nil {
		return model.ConversationRow{}, err
	}
	if err := s.db.View(ctx, func(v *xorm.Session) error { return mayRead(v, from.UserID, kind, dstID) }); err != nil {
		return model.ConversationRow{}, err
	}
	err := s.committer.doOn(ctx, pairOf(kind, from.UserID, dstID), func(tx *Tx) error {
		c, err := tx.Open(kind, from.UserID, dstID)
		if err != nil {
			return err
		}
		if values := set.values(c, tx.Now()); len(values) > 0 {
			if _, err := tx.Table("member").Where("conversationid = ? AND userid = ?", c.ID, from.UserID).Update(values); err != nil {
				return err
			}
		}
		tx.Publish(model.Delivery{Users: []int64{from.UserID}, Message: model.Message{
			Cmd: model.CmdEvent, Content: model.EventConversationChanged, Kind: kind, DstID: dstID}})
		return nil
	})
	if err != nil {
		return model.ConversationRow{}, err
	}
	return s.One(ctx, from.UserID, kind, dstID)
}
