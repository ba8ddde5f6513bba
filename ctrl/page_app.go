package ctrl

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/view"
)

// firstEntries is how many messages a deep link brings with the page.
const firstEntries = 30

// app is the page of the client: the conversations, and for a deep link the
// end of its timeline, are in it before any module runs.
func (p *pages) app(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	return p.renderApp(w, r, http.StatusOK, nil)
}

func (p *pages) renderApp(w http.ResponseWriter, r *request, status int, create *view.Form) error {
	ctx, userID := r.Context(), r.UserID()
	data := &view.App{Common: p.common(r), Tab: pageTab(r.URL.Path), Pane: pagePane(r.URL.Path), Create: create}
	var err error
	if data.Me, err = p.source.User(ctx, userID); err != nil {
		return err
	}
	rows, err := p.source.Conversations(ctx, userID)
	if err != nil {
		return err
	}
	requests, err := p.source.Requests(ctx, userID)
	if err != nil {
		return err
	}
	for _, request := range requests {
		if request.Status == model.RequestPending {
			data.Pending++
		}
	}
	data.Boot = view.Boot{Me: data.Me, Conversations: orEmpty(rows), Requests: orEmpty(requests)}
	if err := p.openChat(r, data); err != nil {
		return err
	}
	if r.URL.Path == "/chat/createcom.shtml" {
		if data.Create == nil {
			data.Create = &view.Form{Values: map[string]string{}, Faults: map[string]string{}}
		}
		if data.Friends, err = p.source.Friends(ctx, userID); err != nil {
			return err
		}
	}
	speakers, err := p.source.Names(ctx, lastSpeakers(rows))
	if err != nil {
		return err
	}
	clock := p.clock(r)
	for _, row := range rows {
		if !row.Muted {
			data.Unread += row.Unread
		}
		on := data.Chat != nil && data.Chat.Kind == row.Kind && data.Chat.DstID == row.DstID
		data.Rows = append(data.Rows, view.Row{ConversationRow: row, Time: clock.short(lastAt(row)), Preview: p.preview(r, row, speakers), On: on})
	}
	name := "/chat/index.shtml"
	if data.Create != nil {
		name = "/chat/createcom.shtml"
	}
	return p.render(w, r, status, name, data)
}

// orEmpty is rows as JSON has them: [] when empty, never null.
func orEmpty[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

// openChat fills in the conversation that /c/<kind>-<id> names. One that is not
// the reader's, or not at all, is not found.
func (p *pages) openChat(r *request, data *view.App) error {
	id := r.PathValue("id")
	if id == "" || !strings.HasPrefix(r.URL.Path, "/c/") {
		return nil
	}
	kindText, dstText, _ := strings.Cut(id, "-")
	kind, err1 := strconv.Atoi(kindText)
	dstID, err2 := strconv.ParseInt(dstText, 10, 64)
	if err1 != nil || err2 != nil || kind < model.KindSingle || kind > model.KindNotice || dstID < 0 || dstID > model.MaxID {
		return model.Fail(model.CodeNotFound)
	}
	messages, err := p.source.Newest(r.Context(), r.UserID(), kind, dstID, firstEntries)
	if err != nil {
		switch model.CodeOf(err) {
		case model.CodeNotMember, model.CodeForbidden, model.CodeNotFriend, model.CodeInvalid:
			return model.Fail(model.CodeNotFound)
		}
		return err
	}
	names, err := p.source.Names(r.Context(), senders(messages, kind, dstID))
	if err != nil {
		return err
	}
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
	data.Boot.Chat = &view.BootChat{Kind: kind, DstID: dstID, Rows: orEmpty(messages)}
	return nil
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
		case m.Media == model.MediaImage:
			// A picture that lies elsewhere is not loaded: that would tell who reads.
			if e.Image = ownPath(m.Pic); e.Image == "" {
				e.Image = ownPath(m.URL)
			}
		case m.Media == model.MediaText:
			e.Text = m.Content // with its line breaks
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

// pageTab is the tab of the client that a path belongs to.
func pageTab(path string) string {
	switch {
	case strings.HasPrefix(path, "/contacts"), strings.HasPrefix(path, "/groups"):
		return "contacts"
	case strings.HasPrefix(path, "/me"):
		return "me"
	}
	return "messages"
}

// pagePane is what a phone shows of a path: a list, or what was chosen from it.
func pagePane(path string) string {
	switch path {
	case "/chat/index.shtml", "/contacts", "/me", "/search":
		return "list"
	}
	return "main"
}

// ownPath gives an address that is a path of this site, "" for any other.
func ownPath(address string) string {
	if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.HasPrefix(address, "/\\") {
		return address
	}
	return ""
}
