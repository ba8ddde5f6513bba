package model

// States of a request.
const (
	RequestPending  = "pending"
	RequestAccepted = "accepted"
	RequestRejected = "rejected"
)

// MaxRemark is the length of a remark, in characters.
const MaxRemark = 32

// Contact says that UserID has DstID among the friends; a friendship is two rows.
type Contact struct {
	ID       int64 `xorm:"pk autoincr"`
	UserID   int64 `xorm:"'userid'"`
	DstID    int64 `xorm:"'dstid'"`
	Remark   string
	Starred  bool
	CreateAt int64 `xorm:"'createat'"`
}

// TableName names the table.
func (Contact) TableName() string { return "contact" }

// Block says that UserID wants nothing from DstID.
type Block struct {
	ID       int64 `xorm:"pk autoincr"`
	UserID   int64 `xorm:"'userid'"`
	DstID    int64 `xorm:"'dstid'"`
	CreateAt int64 `xorm:"'createat'"`
}

// TableName names the table.
func (Block) TableName() string { return "block" }

// Request asks for a friendship (kind 10, DstID a user) or for a place in a
// group (kind 11, DstID a group). One row per pair, asked anew in place.
// InviterID is set where a member asked for somebody else; Answer is what the
// judge had to say to whoever asked.
type Request struct {
	ID        int64 `xorm:"pk autoincr"`
	Kind      int
	UserID    int64 `xorm:"'userid'"`
	DstID     int64 `xorm:"'dstid'"`
	InviterID int64 `xorm:"'inviterid'"`
	Memo      string
	Answer    string
	Status    string
	CreateAt  int64 `xorm:"'createat'"`
	HandledAt int64 `xorm:"'handledat'"`
}

// Asker is who wanted it: the person, or the member who asked for them.
func (r *Request) Asker() int64 {
	if r.InviterID != 0 {
		return r.InviterID
	}
	return r.UserID
}

// TableName names the table.
func (Request) TableName() string { return "request" }

// RequestRow is a request as its judge sees it, or, where it is the reader's Own,
// what became of it: User is then who was asked, where that was no group.
type RequestRow struct {
	ID       int64      `json:"id"`
	Kind     int        `json:"kind"`
	User     PublicUser `json:"user"`
	Group    *Community `json:"group,omitempty"`
	Memo     string     `json:"memo"`
	Status   string     `json:"status"`
	Inviter  int64      `json:"inviterid,omitempty"`
	Own      bool       `json:"own,omitempty"`
	Answer   string     `json:"answer,omitempty"`
	CreateAt int64      `json:"createat"`
}

// Friend is a public user as somebody's contact.
type Friend struct {
	PublicUser
	Remark  string `json:"remark"`
	Starred bool   `json:"starred,omitempty"`
	SeenAt  int64  `json:"seenat,omitempty"` // when away: the last that is known of any device
}
