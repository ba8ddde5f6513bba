package model

// Letter is what one node has to say to another: Body is the sender's and the
// receiver's business. Number counts the letters of a sender, which are read in
// that order; after Expires, in Unix milliseconds, one is worth nothing.
type Letter struct {
	Node    string `xorm:"pk"`
	Sender  string `xorm:"pk"`
	Number  int64  `xorm:"pk"`
	Body    string
	Expires int64
}

// TableName names the table.
func (Letter) TableName() string { return "letter" }
