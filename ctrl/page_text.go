package ctrl

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"hongyan/asset/locale"
	"hongyan/model"
)

// mediaKey names a medium that a preview stands in brackets for; empty for text.
func mediaKey(media int) string {
	switch media {
	case model.MediaNews:
		return "news"
	case model.MediaVoice:
		return "voice"
	case model.MediaImage:
		return "image"
	case model.MediaRedPacket:
		return "redpacket"
	case model.MediaLink:
		return "link"
	case model.MediaVideo:
		return "video"
	case model.MediaCard:
		return "card"
	case model.MediaFile:
		return "file"
	case model.MediaUser:
		return "user"
	}
	return ""
}

// maxPreview is the length of a preview in characters.
const maxPreview = 120

// preview is the line under a conversation's name: its draft, or its last
// message, in a group with who said it.
func (p *pages) preview(r *request, row model.ConversationRow, names map[int64]model.PublicUser) string {
	if row.Draft != "" && !row.Mentioned {
		return oneLine(row.Draft)
	}
	if row.Last == nil {
		return ""
	}
	text := p.summary(r.Lang, row.Last)
	if name := names[row.Last.UserID].Nickname; name != "" && row.Kind == model.KindRoom && row.Last.UserID != r.UserID() && !recalled(row.Last) {
		return name + ": " + text
	}
	return text
}

// summary says in one line what a message holds.
func (p *pages) summary(lang string, m *model.Message) string {
	switch {
	case recalled(m):
		return p.Locale.T(lang, "preview.recalled", nil)
	case m.Cmd == model.CmdEvent:
		return p.Locale.T(lang, "preview.event", nil)
	}
	key := mediaKey(m.Media)
	if m.Media == model.MediaEmoji && m.URL != "" {
		return oneLine("[" + m.Content + "]")
	}
	if key == "" {
		return oneLine(m.Content)
	}
	if m.Media == model.MediaNews && strings.HasPrefix(m.URL, model.RecordPath) {
		key = "record"
	}
	text := "[" + p.Locale.T(lang, "media."+key, nil) + "]"
	if entry := m.CallEntry(); entry != nil {
		text = "[" + p.Locale.T(lang, entry.Word(), nil) + "]"
	}
	switch {
	case m.Media == model.MediaVoice && m.Amount > 0:
		text += fmt.Sprintf(" %d:%02d", m.Amount/60, m.Amount%60)
	case m.Media == model.MediaFile || m.Media == model.MediaNews:
		text += " " + m.Content
	case m.Media == model.MediaRedPacket:
		text += " " + m.Memo
	case m.Media == model.MediaLink && m.Memo != "":
		text += " " + m.Memo
	case m.Media == model.MediaLink:
		text += " " + m.URL
	}
	return oneLine(text)
}

func recalled(m *model.Message) bool { return bytes.Contains(m.Ext, []byte(`"recalled":true`)) }

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxPreview {
		return string(r[:maxPreview])
	}
	return s
}

func lastAt(row model.ConversationRow) int64 {
	if row.Last == nil {
		return 0
	}
	return row.Last.At
}

// clock writes moments as the reader's own clock shows them.
type clock struct {
	now       time.Time
	yesterday string
	chinese   bool
}

// clock takes the time zone from the cookie that the modules set; a first visit
// is shown the server's.
func (p *pages) clock(r *request) clock {
	zone := time.Local
	if cookie, err := r.Cookie(zoneCookie); err == nil && len(cookie.Value) < 64 {
		if loaded, err := time.LoadLocation(strings.ReplaceAll(cookie.Value, "%2F", "/")); err == nil {
			zone = loaded
		}
	}
	return clock{
		now: time.Now().In(zone), yesterday: p.Locale.T(r.Lang, "time.yesterday", nil), chinese: r.Lang == locale.Chinese,
	}
}

func (c clock) days(t time.Time) int {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(c.now).Sub(day(t)) / (24 * time.Hour))
}

// short is a moment in a list: 20:14, 昨天, 星期三, 11/15, 2025/11/15.
func (c clock) short(at int64) string {
	if at == 0 {
		return ""
	}
	t := time.UnixMilli(at).In(c.now.Location())
	switch days := c.days(t); {
	case days <= 0:
		return t.Format("15:04")
	case days == 1:
		return c.yesterday
	case days < 7 && c.chinese:
		return [...]string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"}[t.Weekday()]
	case days < 7:
		return t.Format("Mon")
	case t.Year() == c.now.Year():
		return t.Format("1/2")
	}
	return t.Format("2006/1/2")
}

// chip is a moment between messages: 20:14, 昨天 20:14, 11月15日 20:14.
func (c clock) chip(at int64) string {
	t := time.UnixMilli(at).In(c.now.Location())
	days := c.days(t)
	layout := "Jan 2"
	switch {
	case days <= 0:
		return t.Format("15:04")
	case days < 7:
		return c.short(at) + " " + t.Format("15:04")
	case c.chinese && t.Year() == c.now.Year():
		layout = "1月2日"
	case c.chinese:
		layout = "2006年1月2日"
	case t.Year() != c.now.Year():
		layout = "Jan 2, 2006"
	}
	return t.Format(layout + " 15:04")
}

// date is a moment to come, in full.
func (c clock) date(at int64) string {
	layout := "Jan 2, 2006 15:04"
	if c.chinese {
		layout = "2006年1月2日 15:04"
	}
	return time.UnixMilli(at).In(c.now.Location()).Format(layout)
}
