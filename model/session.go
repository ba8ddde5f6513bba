package model

// Session is one device signed in as a user. Only the hash of its token is kept.
type Session struct {
	ID       int64  `xorm:"pk autoincr" json:"id"`
	UserID   int64  `xorm:"'userid'" json:"-"`
	Hash     string `json:"-"`
	Device   string `json:"device"`
	Address  string `json:"address"`
	CreateAt int64  `xorm:"'createat'" json:"createat"`
	SeenAt   int64  `xorm:"'seenat'" json:"seenat"`
	Current  bool   `xorm:"-" json:"current"`
}

// TableName names the table.
func (Session) TableName() string { return "session" }

// Ticket opens one /chat for a session, once, within 30 seconds.
type Ticket struct {
	Hash      string `xorm:"pk"`
	SessionID int64  `xorm:"'sessionid'"`
	Expires   int64
}

// TableName names the table.
func (Ticket) TableName() string { return "ticket" }
