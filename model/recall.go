package model

// Recall says that a message of a group was taken back: by whom, whose it was,
// when it was said and when taken back. What it said is in no store any more.
type Recall struct {
	Seq      int64 `json:"seq"` // of the recall
	At       int64 `json:"at"`
	UserID   int64 `json:"userid"`
	Ref      int64 `json:"ref"` // seq of the message
	AuthorID int64 `json:"authorid"`
	SaidAt   int64 `json:"saidat"`
	Media    int   `json:"media"`
}
