package model

// Attachment is a file that a user put into the store. Key is its place in the
// blob store and the random part of its URL.
type Attachment struct {
	ID       int64  `xorm:"pk autoincr"`
	Key      string `xorm:"'name_key'"`
	UserID   int64  `xorm:"'userid'"`
	Name     string
	Type     string
	Size     int64
	Width    int
	Height   int
	Duration int
	Thumb    string
	CreateAt int64 `xorm:"'createat'"`
}

// TableName names the table.
func (Attachment) TableName() string { return "attachment" }

// Attach is what the uploader learns of the stored file.
type Attach struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Type     string `json:"type"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Duration int    `json:"duration,omitempty"`
	Thumb    string `json:"thumb,omitempty"`
}
