package ctrl

import (
	"encoding/json"
	"strconv"
	"strings"

	"hongyan/model"
)

// maxNamed is how many people a line about a group names.
const maxNamed = 8

// happening is what the timeline tells of a group beside its messages.
type happening struct {
	Members []int64           `json:"members"`
	Names   map[string]string `json:"names"`
	Name    string            `json:"name"`
	Notice  string            `json:"notice"`
	Role    string            `json:"role"`
	Quiet   *bool             `json:"quiet"`
}

// eventText is the sentence of an entry that is no message, as the chat's own
// modules write it.
func (p *pages) eventText(lang string, m *model.Message, names map[int64]model.PublicUser) string {
	var ext happening
	if len(m.Ext) > 0 && json.Unmarshal(m.Ext, &ext) != nil {
		ext = happening{} // told in general words
	}
	name := func(id int64) string {
		if known := names[id].Nickname; known != "" {
			return known
		}
		return ext.Names[strconv.FormatInt(id, 10)]
	}
	others := ext.Members
	self := len(others) == 0 || len(others) == 1 && others[0] == m.UserID
	if len(others) == 0 {
		others = []int64{m.UserID}
	}
	var list []string
	for _, id := range others[:min(len(others), maxNamed)] {
		list = append(list, name(id))
	}
	joined := strings.Join(list, "、")
	if len(others) > maxNamed {
		joined += "…"
	}
	key, title := eventKey(m.Content, m.Amount, ext, self)
	if !p.Locale.Has(key) {
		key = "preview.event"
	}
	return p.Locale.T(lang, key, map[string]any{"Name": name(m.UserID), "Others": joined, "Title": title})
}

func eventKey(content string, amount int64, ext happening, self bool) (key, title string) {
	either := func(alone, byOther string) string {
		if self {
			return "chat.event." + alone
		}
		return "chat.event." + byOther
	}
	switch {
	case content == model.EventFriendAdded:
		return "chat.event.friends", ""
	case content == model.EventGroupJoined:
		return either("joined", "invited"), ""
	case content == model.EventGroupLeft:
		return either("left", "removed"), ""
	case content == model.EventGroupDismissed:
		return "chat.event.dismissed", ""
	case content == model.EventPinned && amount == 0:
		return "chat.event.unpinned", ""
	case content == model.EventPinned:
		return "chat.event.pinned", ""
	case ext.Quiet != nil && *ext.Quiet:
		return "chat.event.quiet", ""
	case ext.Quiet != nil:
		return "chat.event.loud", ""
	case ext.Name != "":
		return "chat.event.renamed", ext.Name
	case ext.Notice != "":
		return "chat.event.notice", ext.Notice
	}
	return "chat.event.role." + ext.Role, ""
}
