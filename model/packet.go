package model

// How a red packet is shared out.
const (
	PacketEqual = "equal" // everybody the same
	PacketLucky = "lucky" // by chance
)

// States of a red packet.
const (
	PacketOpen    = "open"    // there is something left in it
	PacketEmpty   = "empty"   // all is taken
	PacketExpired = "expired" // what was left went back to its sender
)

// Bounds of a red packet: amounts in cents, the wish in characters.
const (
	MaxPacketShare = 200_00
	MaxPacketCount = 100
	MaxPacketWish  = 40
)

// Packet is a red packet of a conversation. ClosedAt is when it became empty or
// what was left of it went back.
type Packet struct {
	ID             int64 `xorm:"pk autoincr"`
	ConversationID int64 `xorm:"'conversationid'"`
	Kind           int
	DstID          int64 `xorm:"'dstid'"`
	UserID         int64 `xorm:"'userid'"`
	Seq            int64 // of its message
	Amount         int64
	Count          int
	Mode           string
	Memo           string
	LeftAmount     int64 `xorm:"'leftamount'"`
	LeftCount      int   `xorm:"'leftcount'"`
	CreateAt       int64 `xorm:"'createat'"`
	Expires        int64
	ClosedAt       int64 `xorm:"'closedat'"`
}

// TableName names the table.
func (Packet) TableName() string { return "packet" }

// State tells how the packet stands at a time.
func (p *Packet) State(now int64) string {
	switch {
	case p.LeftCount == 0:
		return PacketEmpty
	case p.ClosedAt > 0 || now >= p.Expires:
		return PacketExpired
	}
	return PacketOpen
}

// PacketShare is what one member took out of a packet.
type PacketShare struct {
	ID       int64 `xorm:"pk autoincr"`
	PacketID int64 `xorm:"'packetid'"`
	UserID   int64 `xorm:"'userid'"`
	Amount   int64
	At       int64
}

// TableName names the table.
func (PacketShare) TableName() string { return "packet_share" }

// Taken is a line of the list of who took what.
type Taken struct {
	User   PublicUser `json:"user"`
	Amount int64      `json:"amount"`
	At     int64      `json:"at"`
	Best   bool       `json:"best,omitempty"` // the luckiest, once all is taken
}

// PacketView is a packet as one member sees it. Mine is what the viewer took, 0
// if nothing; who took what is told to the sender, to who took something, and to
// all once the packet is over.
type PacketView struct {
	ID       int64      `json:"id"`
	Kind     int        `json:"kind"`
	DstID    int64      `json:"dstid"`
	Seq      int64      `json:"seq"`
	User     PublicUser `json:"user"` // who sent it
	Amount   int64      `json:"amount"`
	Count    int        `json:"count"`
	Taken    int        `json:"taken"`
	Back     int64      `json:"back"` // what went back to the sender
	Mode     string     `json:"mode"`
	Memo     string     `json:"memo"`
	State    string     `json:"state"`
	Mine     int64      `json:"mine"`
	May      bool       `json:"may"` // the viewer may open it now
	Currency string     `json:"currency"`
	CreateAt int64      `json:"createat"`
	Expires  int64      `json:"expires"`
	Shares   []Taken    `json:"shares"`
}

// PacketState is what a bubble needs of a packet.
type PacketState struct {
	ID    int64  `json:"id"`
	State string `json:"state"`
	Mine  int64  `json:"mine"`
}

// LedgerRow is one side of a transfer; the other side has the same amount with
// the opposite sign.
type LedgerRow struct {
	ID       int64 `xorm:"pk autoincr"`
	Account  string
	Other    string
	Reason   string
	PacketID int64 `xorm:"'packetid'"`
	Amount   int64
	At       int64
}

// TableName names the table.
func (LedgerRow) TableName() string { return "ledger" }

// Purse is what a user has of the play money: the sum of the ledger's rows.
type Purse struct {
	UserID  int64 `xorm:"pk 'userid'"`
	Balance int64
}

// TableName names the table.
func (Purse) TableName() string { return "purse" }
