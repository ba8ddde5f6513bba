package model

// How one gets into a group, and the ranks within.
const (
	JoinOpen     = "open"
	JoinApproval = "approval"
	JoinInvite   = "invite"

	RoleOwner  = "owner"
	RoleAdmin  = "admin"
	RoleMember = "member"
)

// Limits of a group, in characters and heads.
const (
	MaxGroupName   = 32
	MaxGroupMemo   = 140
	MaxGroupNotice = 2000
	MaxGroupSize   = 10000
	MaxGroupsOwned = 500
)

// Community is a group of people with one timeline. Role is the reader's own
// rank, where a reader is known; NoticeAt and NoticeBy tell when the notice was
// last written and by whom; in a Quiet group only the owner and the admins speak.
type Community struct {
	ID       int64  `xorm:"pk autoincr" json:"id"`
	Name     string `json:"name"`
	Icon     string `json:"icon"`
	Cate     int    `json:"cate"`
	Memo     string `json:"memo"`
	OwnerID  int64  `xorm:"'ownerid'" json:"ownerid"`
	Join     string `xorm:"'join_policy'" json:"join"`
	Notice   string `json:"notice"`
	Size     int    `json:"size"`
	CreateAt int64  `xorm:"'createat'" json:"createat"`
	NoticeAt int64  `xorm:"'noticeat'" json:"noticeat,omitempty"`
	NoticeBy int64  `xorm:"'noticeby'" json:"noticeby,omitempty"`
	Quiet    bool   `json:"quiet,omitempty"`
	Role     string `xorm:"-" json:"role,omitempty"`
}

// TableName names the table.
func (Community) TableName() string { return "community" }

// MemberName is what a member is called in a group.
type MemberName struct {
	ID   int64  `json:"id"`
	Nick string `json:"nick"`
}

// GroupMember is a public user with the rank in a group, and the name there if
// it is another one. MutedUntil is Unix
// milliseconds, 0 when the member may speak.
type GroupMember struct {
	PublicUser
	Nick       string `json:"nick,omitempty"`
	Role       string `json:"role"`
	Muted      bool   `json:"muted"`
	MutedUntil int64  `json:"muteduntil,omitempty"`
}
