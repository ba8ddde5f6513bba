package model

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Sexes and the answers to "who may add me", as the wire names them.
const (
	SexWoman   = "W"
	SexMan     = "M"
	SexUnknown = "U"

	AddOpen     = "open"
	AddApproval = "approval"
	AddClosed   = "closed"
)

// Limits of a profile, in characters.
const (
	MaxNickname = 32
	MaxUserMemo = 140
	MinPassword = 8
	MaxPassword = 128
)

// User is an account. The JSON form is that of the user's own; Public is what
// others see.
type User struct {
	ID       int64  `xorm:"pk autoincr" json:"id"`
	Mobile   string `json:"mobile"`
	Passwd   string `json:"-"`
	Nickname string `json:"nickname"`
	Avatar   string `json:"avatar"`
	Sex      string `json:"sex"`
	Memo     string `json:"memo"`
	Addable  string `json:"addable"`
	CreateAt int64  `xorm:"'createat'" json:"createat"`
	Online   bool   `xorm:"-" json:"online"`

	// What the user keeps from others, and is not shown of them either.
	HideOnline bool `xorm:"'hideonline'" json:"hideonline"`
	HideRead   bool `xorm:"'hideread'" json:"hideread"`
	HideTyping bool `xorm:"'hidetyping'" json:"hidetyping"`
}

// TableName names the table.
func (User) TableName() string { return "user" }

// PublicUser is what anybody who may see a user sees.
type PublicUser struct {
	ID       int64  `json:"id"`
	Nickname string `json:"nickname"`
	Avatar   string `json:"avatar"`
	Sex      string `json:"sex"`
	Memo     string `json:"memo"`
	Online   bool   `json:"online"`
}

// Public leaves out what is the user's own business.
func (u *User) Public() PublicUser {
	return PublicUser{ID: u.ID, Nickname: u.Nickname, Avatar: u.Avatar, Sex: u.Sex, Memo: u.Memo, Online: u.Online}
}

var mobilePattern = regexp.MustCompile(`^\+?[0-9]{6,15}$`)

// ValidMobile checks the form of a mobile number.
func ValidMobile(s string) bool { return mobilePattern.MatchString(s) }

// ValidPassword checks the length of a password, in characters.
func ValidPassword(s string) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= MinPassword && n <= MaxPassword
}

// ValidName checks a name of 1 to max characters that shows as something.
func ValidName(s string, max int) bool {
	return strings.TrimSpace(s) != "" && validLine(s, max)
}

// ValidMemo checks free text of at most max characters; line breaks are fine.
func ValidMemo(s string, max int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= max && !strings.ContainsRune(s, 0)
}

func validLine(s string, max int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= max && !hasControl(s)
}

// ValidLink checks that s is empty, a path of this site or an http(s) address:
// nothing that a page could be made to run.
func ValidLink(s string) bool {
	if s == "" {
		return true
	}
	if len(s) > MaxURL || hasControl(s) || strings.ContainsAny(s, "\\\"<> ") {
		return false
	}
	if strings.HasPrefix(s, "/") {
		return !strings.HasPrefix(s, "//")
	}
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}
