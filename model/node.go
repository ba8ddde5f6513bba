package model

// Node is a server of this cluster, as it last said of itself. Name is new with
// each start. URL is the address at which clients may reach it, empty where it
// names none; Sockets is its load; after Expires, in Unix milliseconds, it is
// taken for gone.
type Node struct {
	Name     string `xorm:"pk"`
	URL      string `xorm:"'url'"`
	Sockets  int64
	Draining bool
	Expires  int64
}

// TableName names the table.
func (Node) TableName() string { return "node" }
