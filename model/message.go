// Package model holds the nouns of the product: rows, wire messages, error
// codes and the validation that needs nothing but the value itself. It imports
// the standard library only.
package model

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Commands of a Message: what a frame is for.
const (
	CmdHeart    = 0
	CmdAck      = 1
	CmdEnter    = 2
	CmdExit     = 3
	CmdLive     = 4
	CmdError    = 5
	CmdHello    = 6
	CmdMove     = 7
	CmdResync   = 8
	CmdSingle   = 10
	CmdRoom     = 11
	CmdNotice   = 12
	CmdRead     = 13
	CmdTyping   = 14
	CmdRecall   = 15
	CmdEdit     = 16
	CmdReact    = 17
	CmdPresence = 18
	CmdEvent    = 19

	CmdCallInvite      = 20
	CmdCallRinging     = 21
	CmdCallAccept      = 22
	CmdCallReject      = 23
	CmdCallEnd         = 24
	CmdCallDescription = 25
	CmdCallCandidate   = 26
	CmdCallState       = 27
	CmdCallMedia       = 28
	CmdCallResume      = 29
)

// Media of a Message: how its content is shown.
const (
	MediaText      = 1
	MediaNews      = 2
	MediaVoice     = 3
	MediaImage     = 4
	MediaRedPacket = 5
	MediaEmoji     = 6
	MediaLink      = 7
	MediaVideo     = 8
	MediaCard      = 9
	MediaFile      = 10
	MediaUser      = 100
)

// Kinds of conversation; a message of a kind carries the same number as its command.
const (
	KindSingle = CmdSingle
	KindRoom   = CmdRoom
	KindNotice = CmdNotice
)

// Names of events (the content of a CmdEvent frame).
const (
	EventFriendRequest       = "friend_request"
	EventFriendAdded         = "friend_added"
	EventFriendRemoved       = "friend_removed"
	EventContactChanged      = "contact_changed" // one's own doing on another device: a remark, a block, a refusal
	EventGroupRequest        = "group_request"
	EventGroupJoined         = "group_joined"
	EventGroupLeft           = "group_left"
	EventGroupChanged        = "group_changed"
	EventGroupDismissed      = "group_dismissed"
	EventNickChanged         = "nick_changed" // a member's name in a group; ext.nick
	EventPinned              = "pinned"       // ref was pinned, or is no longer: amount 1, 0
	EventProfileChanged      = "profile_changed"
	EventConversationChanged = "conversation_changed"
	EventPacket              = "packet" // a red packet: somebody took a share, or the rest went back; ref is its message
)

// Limits of a frame and its fields, in bytes unless the name says otherwise.
const (
	MaxFrame    = 64 << 10
	MaxContent  = 64<<10 - 1 // whatever fits into a frame, and into a TEXT of MySQL
	MaxSignal   = 32 << 10   // of a call
	MaxURL      = 2 << 10
	MaxMemo     = 2 << 10
	MaxExt      = 4 << 10
	MaxCIDRunes = 64
	MaxID       = 1<<53 - 1
)

// Message is the one frame of /chat and the one row of a timeline, in the
// classic field names. Cmd and Amount are always written, since zero means
// something in both (heart; off).
type Message struct {
	ID      int64           `json:"id,omitempty"`
	UserID  int64           `json:"userid,omitempty"`
	Cmd     int             `json:"cmd"`
	DstID   int64           `json:"dstid,omitempty"`
	Media   int             `json:"media,omitempty"`
	Content string          `json:"content,omitempty"`
	Pic     string          `json:"pic,omitempty"`
	URL     string          `json:"url,omitempty"`
	Memo    string          `json:"memo,omitempty"`
	Amount  int64           `json:"amount"`
	CID     string          `json:"cid,omitempty"`
	Seq     int64           `json:"seq,omitempty"`
	Kind    int             `json:"kind,omitempty"`
	Ref     int64           `json:"ref,omitempty"`
	At      int64           `json:"at,omitempty"`
	Error   string          `json:"error,omitempty"`
	Msg     string          `json:"msg,omitempty"`
	Ext     json.RawMessage `json:"ext,omitempty"`
}

// IsPost reports whether m is something a person said, as opposed to a change
// or a signal: only posts count as unread.
func (m *Message) IsPost() bool {
	return m.Cmd == CmdSingle || m.Cmd == CmdRoom || m.Cmd == CmdNotice
}

// Peer is the dstid under which userID files the conversation that m belongs
// to: the group, or the other of two people.
func (m *Message) Peer(userID int64) int64 {
	if m.Kind == KindSingle && m.UserID != userID {
		return m.UserID
	}
	return m.DstID
}

// Valid checks what a client may put into a message it sends (commands 10, 11,
// 13 and 15 to 17), without regard to who sends it where.
func (m *Message) Valid() error {
	switch {
	case m.DstID < 0 || m.DstID > MaxID || m.DstID == 0 && m.Kind != KindNotice:
		return Invalid("dstid")
	case m.CID != "" && (utf8.RuneCountInString(m.CID) > MaxCIDRunes || hasControl(m.CID)):
		return Invalid("cid")
	case len(m.Content) > MaxContent:
		return TooLarge("content")
	case len(m.Pic) > MaxURL:
		return TooLarge("pic")
	case len(m.URL) > MaxURL:
		return TooLarge("url")
	case len(m.Memo) > MaxMemo:
		return TooLarge("memo")
	case len(m.Ext) > MaxExt:
		return TooLarge("ext")
	case len(m.Ext) > 0 && string(m.Ext) != "null" && m.Ext[0] != '{':
		return Invalid("ext")
	case m.Ref < 0 || m.Ref > MaxID:
		return Invalid("ref")
	case m.Seq < 0 || m.Seq > MaxID:
		return Invalid("seq")
	case m.Amount < -MaxID || m.Amount > MaxID:
		return Invalid("amount")
	case !validText(m.Content) || !validText(m.Pic) || !validText(m.URL) || !validText(m.Memo):
		return Invalid("content")
	}
	if m.IsPost() {
		return m.validPost()
	}
	switch {
	case m.Kind == KindSingle, m.Kind == KindRoom:
		return nil
	case m.Kind == KindNotice && m.Cmd == CmdRead: // one's own; nothing else can be done to them
		return nil
	}
	return Invalid("kind")
}

// validPost checks that a medium has what it is shown by.
func (m *Message) validPost() error {
	switch m.Media {
	case MediaText, MediaEmoji:
		if m.Content == "" {
			return Invalid("content")
		}
	case MediaVoice, MediaImage, MediaLink, MediaVideo, MediaFile:
		if m.URL == "" {
			return Invalid("url")
		}
	case MediaNews:
		if m.Content == "" && m.URL == "" {
			return Invalid("content")
		}
	case MediaCard:
		if m.Content == "" {
			return Invalid("content")
		}
	case MediaRedPacket, MediaUser:
	default:
		return Invalid("media")
	}
	switch {
	case m.Media == MediaUser:
		return nil
	case m.Amount < 0:
		return Invalid("amount")
	case !harmless(m.URL):
		return Invalid("url")
	case !harmless(m.Pic):
		return Invalid("pic")
	}
	return nil
}

// harmless tells whether an address is a path of this site or of the web, and
// says so itself: nothing that a click could run, and no "//host" either.
func harmless(address string) bool {
	if strings.HasPrefix(address, "//") || strings.ContainsRune(address, '\\') {
		return false
	}
	scheme, _, found := strings.Cut(address, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return true
	}
	scheme = strings.ToLower(strings.TrimSpace(scheme))
	return scheme == "http" || scheme == "https"
}

func validText(s string) bool {
	return utf8.ValidString(s)
}

func hasControl(s string) bool {
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError {
			return true
		}
	}
	return false
}
