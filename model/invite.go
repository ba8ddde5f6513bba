package model

// Bounds of links that invite into a group: the days one is good for unless its
// maker says otherwise, the longest time in hours, the most uses that may be
// asked for, and how many good ones a group has at a time.
const (
	InviteHours    = 7 * 24
	MaxInviteHours = 366 * 24
	MaxInviteUses  = MaxGroupSize
	MaxInvites     = 100
)

// Invite is a link into a group. Its token is known to those who were given it
// and to nobody else: the row has its hash. Uses is how often it may be used, 0
// for any number; Expires is Unix milliseconds, 0 for never.
type Invite struct {
	ID       int64  `xorm:"pk autoincr" json:"id"`
	Hash     string `json:"-"`
	GroupID  int64  `xorm:"'groupid'" json:"dstid"`
	UserID   int64  `xorm:"'userid'" json:"userid"`
	Uses     int    `json:"uses"`
	Used     int    `json:"used"`
	Expires  int64  `json:"expires"`
	CreateAt int64  `xorm:"'createat'" json:"createat"`
}

// TableName names the table.
func (Invite) TableName() string { return "invite" }

// Good tells whether a link may still be used.
func (v *Invite) Good(now int64) bool {
	return (v.Expires == 0 || v.Expires > now) && (v.Uses == 0 || v.Used < v.Uses)
}

// Former is what a group remembers of somebody who was in it: until when they
// may not speak, and whether they were sent away.
type Former struct {
	ID             int64 `xorm:"pk autoincr"`
	ConversationID int64 `xorm:"'conversationid'"`
	UserID         int64 `xorm:"'userid'"`
	MutedUntil     int64 `xorm:"'muteduntil'"`
	Removed        bool
}

// TableName names the table.
func (Former) TableName() string { return "former" }

// MaxPins is how many messages of a conversation may be pinned.
const MaxPins = 20

// Pin marks a message of a conversation as worth finding again.
type Pin struct {
	ID             int64 `xorm:"pk autoincr"`
	ConversationID int64 `xorm:"'conversationid'"`
	Seq            int64
	UserID         int64 `xorm:"'userid'"`
	CreateAt       int64 `xorm:"'createat'"`
}

// TableName names the table.
func (Pin) TableName() string { return "pin" }

// PinnedRow is a pinned message as it is now, with who pinned it and when.
type PinnedRow struct {
	Message
	PinnedBy int64 `json:"pinnedby"`
	PinnedAt int64 `json:"pinnedat"`
}
