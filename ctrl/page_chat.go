package ctrl

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/view"
)

// firstEntries is how many messages a deep link brings with the page.
const firstEntries = 30

// openChat fills in the conversation that /c/<kind>-<id> names. One that is not
// the reader's, or not at all, is not found.
func (p *pages) openChat(r *request, data *view.App, reply *view.Form) error {
	if !strings.HasPrefix(r.URL.Path, "/c/") {
		return nil
	}
	kind, dstID, err := conversationOf(r)
	if err != nil {
		return err
	}
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 1 || before > model.MaxID {
		before = 0
	}
	messages, err := p.source.History(r.Context(), r.UserID(), kind, dstID, before, firstEntries)
	if err != nil {
		return notYours(err)
	}
	names, err := p.source.Names(r.Context(), senders(messages, kind, dstID))
	if err != nil {
		return err
	}
	data.Boot.People = people(names)
	data.Chat = &view.Chat{Kind: kind, DstID: dstID, Title: names[dstID].Nickname}
	if kind != model.KindSingle {
		data.Chat.Title = ""
	}
	for _, row := range data.Boot.Conversations {
		if row.Kind == kind && row.DstID == dstID {
			data.Chat.Title = row.Title
		}
	}
	data.Chat.Entries = p.entries(r, kind, messages, names)
	data.Chat.Reply = p.replyForm(r, kind, messages, reply)
	if len(messages) == firstEntries && messages[0].Seq > 1 {
		data.Chat.Older = fmt.Sprintf("%s?before=%d", r.URL.Path, messages[0].Seq)
	}
	if before == 0 {
		data.Boot.Chat = &view.BootChat{Kind: kind, DstID: dstID, Rows: orEmpty(messages)}
	}
	return nil
}

// conversationOf reads the <kind>-<id> of a path.
func conversationOf(r *request) (kind int, dstID int64, err error) {
	kindText, dstText, _ := strings.Cut(r.PathValue("id"), "-")
	kind, err1 := strconv.Atoi(kindText)
	dstID, err2 := strconv.ParseInt(dstText, 10, 64)
	if err1 != nil || err2 != nil || kind < model.KindSingle || kind > model.KindNotice || dstID < 0 || dstID > model.MaxID {
		return 0, 0, model.Fail(model.CodeNotFound)
	}
	return kind, dstID, nil
}

// notYours makes what is not the reader's the same as what is not there.
func notYours(err error) error {
	switch model.CodeOf(err) {
	case model.CodeNotMember, model.CodeForbidden, model.CodeNotFriend, model.CodeInvalid:
		return model.Fail(model.CodeNotFound)
	}
	return err
}

// lastSpeakers are those whose names stand before the last words in a group.
func lastSpeakers(rows []model.ConversationRow) []int64 {
	var last []model.Message
	for _, row := range rows {
		if row.Kind == model.KindRoom && row.Last != nil {
			last = append(last, *row.Last)
		}
	}
	return senders(last, model.KindRoom, 0)
}

func senders(messages []model.Message, kind int, dstID int64) []int64 {
	seen := map[int64]bool{}
	var ids []int64
	add := func(id int64) {
		if id > 0 && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if kind == model.KindSingle {
		add(dstID)
	}
	for _, m := range messages {
		add(m.UserID)
	}
	return ids
}

// entries are the lines of a rendered timeline. A pause gets a separator with
// the time; the picture and the name stand at the first of a run of messages.
func (p *pages) entries(r *request, kind int, messages []model.Message, names map[int64]model.PublicUser) []view.Entry {
	const pause = int64(5 * time.Minute / time.Millisecond)
	clock := p.clock(r)
	var all []view.Entry
	var before, author int64
	for _, m := range messages {
		e := view.Entry{Own: m.UserID == r.UserID(), UserID: m.UserID, Avatar: names[m.UserID].Avatar, Author: names[m.UserID].Nickname}
		if m.At-before > pause {
			e.Time, author = clock.chip(m.At), 0
		}
		e.Text = p.summary(r.Lang, &m)
		switch {
		case m.Cmd == model.CmdEvent:
			e.Event, e.Text = true, p.eventText(r.Lang, &m, names)
		case recalled(&m):
			e.Event = true
		case !m.IsPost():
			continue
		case m.Media == model.MediaImage, m.Media == model.MediaEmoji && m.URL != "":
			// A picture that lies elsewhere is not loaded: that would tell who reads.
			if e.Image = ownPath(m.Pic); e.Image == "" {
				e.Image = ownPath(m.URL)
			}
		case m.Media == model.MediaText:
			e.Text = m.Content // with its line breaks
		case m.Media == model.MediaRedPacket: // its address is for programs
		case model.ValidLink(m.URL): // user-defined media may hold anything
			e.Link = m.URL
		}
		e.Head = !e.Event && author != m.UserID
		e.Named = e.Head && !e.Own && kind == model.KindRoom
		if before, author = m.At, m.UserID; e.Event {
			author = 0
		}
		all = append(all, e)
	}
	return all
}
