package model

import "time"

// Kinds of channels through which somebody away can be told of messages.
const (
	ChannelWebhook  = "webhook"
	ChannelNtfy     = "ntfy"
	ChannelBark     = "bark"
	ChannelWeCom    = "wecom"
	ChannelDingTalk = "dingtalk"
	ChannelFeishu   = "feishu"
	ChannelMail     = "mail"
)

// PushSubscription is where a browser's push service takes messages for one
// device: it belongs to the session of that device and ends with it. Hash finds
// the endpoint, which is too long for an index. Content says that names and
// words may be shown, Origin is the address at which the device knows the site.
type PushSubscription struct {
	ID        int64 `xorm:"pk autoincr"`
	UserID    int64 `xorm:"'userid'"`
	SessionID int64 `xorm:"'sessionid'"`
	Hash      string
	Endpoint  string
	P256dh    string `xorm:"'p256dh'"`
	Auth      string
	Content   bool
	Lang      string
	Origin    string
	Failures  int
	CreateAt  int64 `xorm:"'createat'"`
}

// TableName names the table.
func (PushSubscription) TableName() string { return "push_subscription" }

// NotifyChannel is one way, chosen by a user, to hear of messages while away.
// Address and Secret are the user's own business: what is shown of them is
// Shown and HasSecret. QuietFrom and QuietTo are minutes of the day in Zone,
// equal where there are no quiet hours. Confirmed is false for a mail address
// whose code (kept as a hash) was not entered yet.
type NotifyChannel struct {
	ID        int64  `xorm:"pk autoincr" json:"id"`
	UserID    int64  `xorm:"'userid'" json:"-"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Address   string `json:"-"`
	Secret    string `json:"-"`
	Content   bool   `json:"content"`
	Enabled   bool   `json:"enabled"`
	Confirmed bool   `json:"confirmed"`
	QuietFrom int    `xorm:"'quietfrom'" json:"quietfrom"`
	QuietTo   int    `xorm:"'quietto'" json:"quietto"`
	Zone      string `json:"zone"`
	Lang      string `json:"-"`
	Origin    string `json:"-"`
	Code      string `json:"-"`
	CodeUntil int64  `xorm:"'codeuntil'" json:"-"`
	CodeTries int    `xorm:"'codetries'" json:"-"`
	Failures  int    `json:"failures"`
	LastError string `xorm:"'lasterror'" json:"lasterror"`
	ErrorAt   int64  `xorm:"'errorat'" json:"errorat"`
	SentAt    int64  `xorm:"'sentat'" json:"sentat"`
	CreateAt  int64  `xorm:"'createat'" json:"createat"`
	Shown     string `xorm:"-" json:"address"`
	HasSecret bool   `xorm:"-" json:"hassecret"`
}

// TableName names the table.
func (NotifyChannel) TableName() string { return "notify_channel" }

// Secret is a secret of the whole site, made once and the same on every node.
type Secret struct {
	Name  string `xorm:"pk"`
	Value string
}

// TableName names the table.
func (Secret) TableName() string { return "secret" }

// Notice is what somebody away is told: that there is something in a
// conversation, and what, where that may be said. Path leads there on the site
// whose address is Origin, empty if that is not known. Total is the number of
// unread messages in all conversations.
type Notice struct {
	ID     string
	Kind   int
	DstID  int64
	Seq    int64
	Count  int64
	Total  int64
	Title  string
	Text   string
	Path   string
	Origin string
	Lang   string
	At     int64
	Test   bool
}

// URL is the whole address that a notice leads to, or "".
func (n *Notice) URL() string {
	if n.Origin == "" {
		return ""
	}
	return n.Origin + n.Path
}

// NotifyError is why a notice was not delivered. Reason is a word, or a word
// and a detail after ": ", that its receiver may see. Final says that trying
// again is of no use, Gone that the address will never work again.
type NotifyError struct {
	Reason     string
	Final      bool
	Gone       bool
	RetryAfter time.Duration
}

// Error gives the reason.
func (e *NotifyError) Error() string { return e.Reason }
