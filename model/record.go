package model

// RecordPath is what the URL of a message begins with that shows a record.
const RecordPath = "/record/"

// MaxRecordItems is how many messages a record holds.
const MaxRecordItems = 100

// Record is a copy of some messages of a conversation as they were when it was
// made. The server makes it of what the maker may see, and nobody changes it.
type Record struct {
	ID int64 `json:"id"`
	RecordSummary
	CreateAt int64        `json:"createat"`
	Items    []RecordItem `json:"items"`
}

// RecordSummary is what a message that shows a record says of it, in ext.record:
// the group's name, or the names of who speaks, and the first lines.
type RecordSummary struct {
	Kind  int          `json:"kind"`
	Title string       `json:"title,omitempty"`
	Names []string     `json:"names,omitempty"`
	Count int          `json:"count"`
	Lines []RecordLine `json:"lines"`
}

// RecordLine is a message of a record, short.
type RecordLine struct {
	Name  string `json:"name"`
	Media int    `json:"media"`
	Text  string `json:"text,omitempty"`
}

// RecordItem is a message of a record, with who said it.
type RecordItem struct {
	UserID  int64          `json:"userid"`
	Name    string         `json:"name"`
	Avatar  string         `json:"avatar,omitempty"`
	At      int64          `json:"at"`
	Media   int            `json:"media"`
	Content string         `json:"content,omitempty"`
	URL     string         `json:"url,omitempty"`
	Pic     string         `json:"pic,omitempty"`
	Memo    string         `json:"memo,omitempty"`
	Amount  int64          `json:"amount,omitempty"`
	Ext     map[string]any `json:"ext,omitempty"`
}
