package model

// Bounds of status push, in bytes; and how long a value waits for its GET, in
// seconds: unless its SET says otherwise, and at most.
const (
	MaxStatusKey   = 128
	MaxStatusValue = 8 << 10
	StatusTTL      = 60
	MaxStatusTTL   = 600
)

// Status is a value that waits to be fetched under a key. A key serves one
// value once: the row stays until it expires, so that a second value is refused
// meanwhile. Times are Unix milliseconds; ServedAt is 0 until somebody has it.
type Status struct {
	ID       int64 `xorm:"pk autoincr"`
	Hash     string
	Value    string
	Expires  int64
	ServedAt int64 `xorm:"'servedat'"`
}

// TableName names the table.
func (Status) TableName() string { return "status" }

// Wakeup tells other nodes that something happened under a topic.
type Wakeup struct {
	ID       int64 `xorm:"pk autoincr"`
	Topic    string
	CreateAt int64 `xorm:"'createat'"`
}

// TableName names the table.
func (Wakeup) TableName() string { return "wakeup" }
