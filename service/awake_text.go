package service

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"hongyan/model"

	"xorm.io/xorm"
)

// maxExcerpt is how many characters of a message a notice shows.
const maxExcerpt = 120

// fullText is who says what in a seat's newest message, read once for all of a
// user's targets that may show it.
type fullText struct {
	service *AwakeService
	seat    *awaySeat
	read    bool
	title   string // of the conversation, as the user knows it
	sender  string // in a group
	row     *model.Post
}

// into puts names and words into a notice. What cannot be read, or was taken
// back, leaves it as it is.
func (f *fullText) into(ctx context.Context, n *model.Notice) {
	if !f.read {
		f.read = true
		if err := f.service.db.View(ctx, f.load); err != nil {
			f.row = nil
		}
	}
	if f.row == nil || f.title == "" || readExt(f.row).Recalled {
		return
	}
	n.Title, n.Text = f.title, f.service.excerpt(n.Lang, f.row)
	if f.sender != "" {
		n.Text = f.sender + ": " + n.Text
	}
	if n.Count > 1 {
		n.Title += " (" + strconv.FormatInt(n.Count, 10) + ")"
	}
}

func (f *fullText) load(v *xorm.Session) error {
	row := new(model.Post)
	found, err := v.Where("conversationid = ? AND seq = ?", f.seat.ConversationID, f.seat.post.seq).Get(row)
	if err != nil || !found {
		return err
	}
	if err := intact(*row); err != nil {
		return err
	}
	f.row = row
	name, err := f.name(v, row.UserID)
	if err != nil || f.seat.talk.kind != model.KindRoom {
		f.title = name
		return err
	}
	f.sender = name
	_, err = v.SQL("SELECT name FROM community WHERE id = ?", f.seat.talk.low).Get(&f.title)
	return err
}

// name is what the seat's user calls somebody: the remark, else the nickname.
func (f *fullText) name(v *xorm.Session, userID int64) (name string, err error) {
	_, err = v.SQL(`SELECT COALESCE(NULLIF((SELECT remark FROM contact WHERE userid = ? AND dstid = ?), ''), u.nickname) FROM user u WHERE u.id = ?`,
		f.seat.UserID, userID, userID).Get(&name)
	return name, err
}

// mediumWord names the sentence of a medium that is no text.
func mediumWord(medium int) string {
	switch medium {
	case model.MediaNews:
		return "media.news"
	case model.MediaVoice:
		return "media.voice"
	case model.MediaImage:
		return "media.image"
	case model.MediaRedPacket:
		return "media.redpacket"
	case model.MediaLink:
		return "media.link"
	case model.MediaVideo:
		return "media.video"
	case model.MediaCard:
		return "media.card"
	case model.MediaFile:
		return "media.file"
	case model.MediaText, model.MediaEmoji:
		return ""
	}
	return "media.user"
}

// excerpt is one line of what a message says.
func (a *AwakeService) excerpt(lang string, row *model.Post) string {
	text := row.Content
	if entry := (&model.Message{Media: row.Media, Ext: []byte(row.Ext)}).CallEntry(); entry != nil {
		return a.words(lang, callWord(entry), nil)
	}
	if word := mediumWord(row.Media); word != "" {
		text = "[" + a.words(lang, word, nil) + "]"
		switch row.Media {
		case model.MediaFile, model.MediaNews:
			text += " " + row.Content
		case model.MediaRedPacket, model.MediaLink:
			text += " " + row.Memo
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > maxExcerpt {
		text = string([]rune(text)[:maxExcerpt]) + "…"
	}
	return text
}

// After so many notices in a row that did not arrive, a device is forgotten and
// a channel switched off.
const (
	deviceFailures  = 20
	channelFailures = 10
	maxReason       = 150 // characters of one that is kept
)

// settleTime bounds the writing down of an outcome.
const settleTime = findTime

// reasonOf is what may be shown of a failure.
func reasonOf(err error) string {
	if fault, ok := errors.AsType[*model.NotifyError](err); ok {
		if runes := []rune(fault.Reason); len(runes) > maxReason {
			return string(runes[:maxReason])
		}
		return fault.Reason
	}
	return "internal"
}

// undelivered makes the outcome of a test something that its user hears of.
func undelivered(err error) error {
	if err == nil {
		return nil
	}
	return &Undelivered{Reason: reasonOf(err)}
}

// Undelivered says that a test did not arrive, and why.
type Undelivered struct{ Reason string }

// Error gives the reason.
func (e *Undelivered) Error() string { return e.Reason }

// pushed keeps account of a device: one that is gone is forgotten.
func (a *AwakeService) pushed(ctx context.Context, id int64, err error) {
	fault, known := errors.AsType[*model.NotifyError](err)
	a.account(ctx, func(tx *xorm.Session) error {
		switch {
		case known && fault.Gone:
			_, err := tx.Exec("DELETE FROM push_subscription WHERE id = ?", id)
			return err
		case err == nil:
			_, err := tx.Exec("UPDATE push_subscription SET failures = 0 WHERE id = ? AND failures > 0", id)
			return err
		}
		if _, err := tx.Exec("UPDATE push_subscription SET failures = failures + 1 WHERE id = ?", id); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM push_subscription WHERE id = ? AND failures >= ?", id, deviceFailures)
		return err
	})
}

// notified keeps account of a channel: what went wrong last is for its user to see.
func (a *AwakeService) notified(ctx context.Context, id int64, err error) {
	now := a.now.millis()
	a.account(ctx, func(tx *xorm.Session) error {
		if err == nil {
			_, err := tx.Exec("UPDATE notify_channel SET failures = 0, lasterror = '', sentat = ? WHERE id = ?", now, id)
			return err
		}
		if _, err := tx.Exec("UPDATE notify_channel SET failures = failures + 1, lasterror = ?, errorat = ? WHERE id = ?", reasonOf(err), now, id); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE notify_channel SET enabled = ? WHERE id = ? AND failures >= ?", false, id, channelFailures)
		return err
	})
}

func (a *AwakeService) account(ctx context.Context, write func(tx *xorm.Session) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := a.db.Tx(ctx, write); err != nil {
		a.log.Warn("the outcome of a notice was not kept", "error", err)
	}
}
