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

// Upload is a file that arrives in parts. Key names it to its owner alone, and
// its bytes in the folder of uploads.
type Upload struct {
	ID       int64  `xorm:"pk autoincr"`
	Key      string `xorm:"'name_key'"`
	UserID   int64  `xorm:"'userid'"`
	Name     string
	Hint     string
	Size     int64
	Stored   int64
	Done     string // the key of the attachment that it became
	SeenAt   int64  `xorm:"'seenat'"`
	CreateAt int64  `xorm:"'createat'"`
}

// TableName names the table.
func (Upload) TableName() string { return "upload" }

// UploadState is what the owner of an upload learns: where to go on, and how
// much a part may hold.
type UploadState struct {
	Upload string `json:"upload"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Part   int64  `json:"part"`
}
