package model

// Bounds of a collection of stickers: how many, the bytes of one, and the
// characters of its name.
const (
	MaxStickers    = 200
	MaxStickerSize = 2 << 20
	MaxStickerName = 32
)

// Sticker is a picture that a user keeps at hand. Key is its file's.
type Sticker struct {
	ID       int64  `xorm:"pk autoincr" json:"id"`
	UserID   int64  `xorm:"'userid'" json:"-"`
	Key      string `xorm:"'name_key'" json:"-"`
	URL      string `json:"url"`
	Pic      string `json:"pic,omitempty"` // a small one, if there is one
	Name     string `json:"name"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	CreateAt int64  `xorm:"'createat'" json:"createat"`
}

// TableName names the table.
func (Sticker) TableName() string { return "sticker" }
