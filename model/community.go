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
// rank, where a reader is known.
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
	Role     string `xorm:"-" json:"role,omitempty"`
}

// TableName names the table.
func (Community) TableName() string { return "community" }

// GroupMember is a public user with the rank in a group. MutedUntil is Unix
// milliseconds, 0 when the member may speak.
type GroupMember struct {
	PublicUser
	Role       string `json:"role"`
	Muted      bool   `json:"muted"`
	MutedUntil int64  `json:"muteduntil,omitempty"`
}
