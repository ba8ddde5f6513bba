package ctrl

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"hongyan/model"
	"hongyan/view"
)

// app is the page of the client: the conversations, and for a deep link the
// end of its timeline, are in it before any module runs.
func (p *pages) app(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	return p.renderApp(w, r, http.StatusOK, nil, nil)
}

// renderApp answers the client's page. create is the form of a new group and
// reply that of a conversation, where they are shown once more.
func (p *pages) renderApp(w http.ResponseWriter, r *request, status int, create, reply *view.Form) error {
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
	data.Boot = view.Boot{Me: data.Me, Recall: p.RecallWindow.Milliseconds(), ReceiptsOff: p.ReceiptsOff, Conversations: orEmpty(rows), Requests: orEmpty(requests)}
	if data.Boot.Nodes, err = p.openNodes(w, r); err != nil {
		return err
	}
	if err := p.openChat(r, data, reply); err != nil {
		return err
	}
	if r.URL.Path == "/chat/createcom.shtml" && data.Create == nil {
		data.Create = &view.Form{Values: map[string]string{}, Faults: map[string]string{}}
	}
	if data.Create != nil || data.Tab == "contacts" {
		if data.Friends, err = p.source.Friends(ctx, userID); err != nil {
			return err
		}
		data.Boot.Contacts = orEmpty(data.Friends)
	}
	speakers, err := p.source.Names(ctx, lastSpeakers(rows))
	if err != nil {
		return err
	}
	data.Boot.People = append(data.Boot.People, people(speakers)...)
	clock := p.clock(r)
	for _, row := range rows {
		data.Unread += row.Badge()
		if row.Archived {
			data.Archived++
		}
		if row.Archived != data.Away() {
			continue
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

// people are those who were looked up for a page, to be named by its modules too.
func people(names map[int64]model.PublicUser) []view.Person {
	var all []view.Person
	for _, id := range slices.Sorted(maps.Keys(names)) {
		all = append(all, view.Person{ID: id, Nickname: names[id].Nickname, Avatar: names[id].Avatar})
	}
	return all
}

// orEmpty is rows as JSON has them: [] when empty, never null.
func orEmpty[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

// pageTab is the tab of the client that a path belongs to.
func pageTab(path string) string {
	switch {
	case strings.HasPrefix(path, "/contacts"), strings.HasPrefix(path, "/groups"), path == "/scan":
		return "contacts"
	case strings.HasPrefix(path, "/me"):
		return "me"
	}
	return "messages"
}

// pagePane is what a phone shows of a path: a list, or what was chosen from it.
func pagePane(path string) string {
	switch path {
	case "/chat/index.shtml", "/archived", "/contacts", "/me", "/search":
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
