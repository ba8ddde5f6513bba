package model

// States of a QR login. What was confirmed and fetched is gone.
const (
	QRNew       = "new"       // shown, nobody has scanned it
	QRScanned   = "scanned"   // by the user who may confirm it
	QRConfirmed = "confirmed" // its browser may come for its session
	QRDenied    = "denied"
	QRExpired   = "expired" // told, never stored
)

// QRCodeLength is the length of the code that is typed where nothing can scan:
// of 32 characters, none of which is taken for another.
const (
	QRCodeLength   = 8
	QRCodeAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
)

// QRLogin is a browser that asks to be signed in by somebody's phone. Hash,
// Secret and Code are hashes: of the ticket in the picture, of what only the
// browser knows, and of the code that is typed. SessionID is the phone's.
type QRLogin struct {
	Hash      string `xorm:"pk"`
	Secret    string
	Code      string
	State     string
	Told      string // the state that the browser was told last
	UserID    int64  `xorm:"'userid'"`
	SessionID int64  `xorm:"'sessionid'"`
	Device    string
	Address   string
	CreateAt  int64 `xorm:"'createat'"`
	Expires   int64
}

// TableName names the table.
func (QRLogin) TableName() string { return "qrlogin" }
