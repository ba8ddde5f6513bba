package view

import (
	"hongyan/model"
)

// Data is what a page shows: a struct that embeds Common.
type Data interface{ common() *Common }

// Common is what every page is told: the reader's language and looks.
type Common struct {
	Lang  string
	Theme string // light, dark; empty: as the system
	Care  bool
	Path  string // of the page itself, for links that change the looks

	Styled bool // this browser has the client's style sheet as a file
}

func (c *Common) common() *Common { return c }

// Client tells whether the page runs the client, and so needs its styles.
func (c *Common) Client() bool { return false }

// Form is a page with a plain form: what was typed, and what is wrong with it.
type Form struct {
	Common
	Next   string            // where to go after it: a path of this site
	Values map[string]string // by field; never a password
	Faults map[string]string // by field; "" is the form as a whole
	Notice string
}

// App is the client's page: the first content rendered here, the rest by its modules.
type App struct {
	Common
	Tab      string // messages, contacts, me
	Pane     string // list, main: what a phone shows
	Me       *model.User
	Rows     []Row
	Unread   int64
	Archived int // conversations put away; Rows has them or the others
	Pending  int // requests that wait for an answer
	Chat     *Chat
	Create   *Form
	Friends  []model.Friend
	Boot     Boot
}

// Away tells whether the page lists the conversations put away.
func (a *App) Away() bool { return a.Path == "/archived" }

// Client is true: this is the client's page.
func (a *App) Client() bool { return true }

// Entries names the modules that the page needs from the start. "${lang}" in a
// name stands for the reader's language.
func (a *App) Entries() []string {
	const chatWords, moreWords = "js/locale/${lang}.chat.js", "js/locale/${lang}.more.js"
	switch {
	case a.Chat != nil:
		return []string{"js/app.js", "js/chat/chat.js", chatWords}
	case a.Tab == "contacts":
		return []string{"js/app.js", "js/ui/contacts.js", chatWords, moreWords}
	case a.Tab == "me":
		return []string{"js/app.js", "js/ui/me.js", chatWords, moreWords}
	}
	return []string{"js/app.js"}
}

// Row is a conversation in the list, with its words ready.
type Row struct {
	model.ConversationRow
	Time    string
	Preview string
	On      bool
}

// Chat is the conversation that a deep link opens.
type Chat struct {
	Kind    int
	DstID   int64
	Title   string
	Entries []Entry
	Older   string // the page of what was said before; "" at the beginning
	Reply   *Reply // nil where nobody may write
}

// Reply is the form by which a reader without modules answers.
type Reply struct {
	Action string
	CID    string // of the message: sent twice, it is one
	Seq    int64  // how far the reader has come
	Text   string // what was written and could not be sent
	Fault  string
}

// Entry is a line of a rendered timeline.
type Entry struct {
	Time   string // a separator before it, if not empty
	Own    bool
	Event  bool // no message: only Text
	Head   bool // the first of a run by one author
	Named  bool // with the author's name above it
	Author string
	Avatar string
	UserID int64
	Text   string
	Image  string
	Link   string
}

// Boot is what the modules start with, so that they need not ask at once.
type Boot struct {
	Offline       bool                    `json:"offline,omitempty"` // the rest is in the browser, if anywhere
	Me            *model.User             `json:"me"`
	Conversations []model.ConversationRow `json:"conversations"`
	Requests      any                     `json:"requests,omitempty"`
	Contacts      any                     `json:"contacts,omitempty"` // where they are what is shown
	People        []Person                `json:"people,omitempty"`   // who speaks in what is shown
	Chat          *BootChat               `json:"chat,omitempty"`
	Recall        int64                   `json:"recall,omitempty"`      // for so many ms authors may take a message back
	ReceiptsOff   bool                    `json:"receiptsoff,omitempty"` // by the operator
	Nodes         []string                `json:"nodes,omitempty"`       // origins at which the page may open its socket too
}

// Person is what the modules must know of somebody to name them.
type Person struct {
	ID       int64  `json:"id"`
	Nickname string `json:"nickname"`
	Avatar   string `json:"avatar"`
}

// BootChat is the newest page of the conversation that a deep link opens.
type BootChat struct {
	Kind  int             `json:"kind"`
	DstID int64           `json:"dstid"`
	Rows  []model.Message `json:"rows"`
}

// Fault is the page of a failure.
type Fault struct {
	Common
	Status  int
	Title   string
	Text    string
	Request string
}

// Trust is the page about the server's own certificate authority.
type Trust struct {
	Common
	Next        string // where to go after it: a path of this site
	Fingerprint string
	Certificate string // where it is to be had
	Home        string // Next under HTTPS
	Host        string
}

// Invite is the page that a code leads to: a place in a group, or somebody's card.
type Invite struct {
	Common
	Group    bool // else a person
	ID       int64
	Name     string
	Picture  string
	Memo     string
	Size     int    // of a group
	By       string // who invites into a group
	Until    string // when that ends; empty for never
	SignedIn bool
	Own      bool   // the reader's own card
	Asks     bool   // it takes somebody's consent: there is room for a word
	Sent     bool   // asked
	Open     string // in already, a friend already: where to go
	Here     string
	Next     string
	Fault    string
}
