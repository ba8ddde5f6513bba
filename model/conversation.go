package model

// Conversation is a timeline: two people (Low < High are their ids), a group
// (Low its id, High 0) or a user's notices (Low the user's id, High 0).
// Seq is the last place given; Posts counts the messages among them; LastPost
// is the seq of the newest message and LastAt its time.
type Conversation struct {
	ID       int64 `xorm:"pk autoincr"`
	Kind     int
	Low      int64
	High     int64
	Seq      int64
	Posts    int64
	LastPost int64 `xorm:"'lastpost'"`
	LastAt   int64 `xorm:"'lastat'"`
}

// TableName names the table.
func (Conversation) TableName() string { return "conversation" }

// Member is a user's place in a conversation: the rank, the cursors and the
// user's own settings. ReadPosts is the number of messages up to ReadSeq and
// Own the number of the member's own after it, so that
// unread = conversation.Posts - ReadPosts - Own, with nothing counted.
// Muted is for ever, SilentTill (Unix milliseconds) for a while. Archived is one
// more than Posts was when the user put the conversation away: the next message
// brings it back by itself. Marked: to be seen as unread.
type Member struct {
	ID             int64 `xorm:"pk autoincr"`
	ConversationID int64 `xorm:"'conversationid'"`
	UserID         int64 `xorm:"'userid'"`
	PeerID         int64 `xorm:"'peerid'"`
	Role           string
	MutedUntil     int64 `xorm:"'muteduntil'"`
	ReadSeq        int64 `xorm:"'readseq'"`
	ReadPosts      int64 `xorm:"'readposts'"`
	Own            int64
	Delivered      int64
	MentionSeq     int64 `xorm:"'mentionseq'"`
	Pinned         bool
	Muted          bool
	Draft          string
	Nick           string
	CreateAt       int64 `xorm:"'createat'"`
	Archived       int64
	Marked         bool
	SilentTill     int64 `xorm:"'silenttill'"`
}

// Silent tells whether the member wants no notice of messages at the time now;
// of those that mention the member there is one all the same.
func (m *Member) Silent(now int64) bool { return m.Muted || m.SilentTill > now }

// TableName names the table.
func (Member) TableName() string { return "member" }

// Post is the row of a Message in its timeline. Posts is the number of
// messages of the conversation up to and including this row. CID is null for
// a message without one; Digest identifies what was first sent under it. Sum
// checks all other columns but ID; 0 in rows that are older than it.
type Post struct {
	ID             int64 `xorm:"pk autoincr"`
	ConversationID int64 `xorm:"'conversationid'"`
	Seq            int64
	Posts          int64
	UserID         int64   `xorm:"'userid'"`
	CID            *string `xorm:"'cid'"`
	Digest         int64
	Cmd            int
	DstID          int64 `xorm:"'dstid'"`
	Media          int
	Content        string
	Pic            string
	URL            string
	Memo           string
	Amount         int64
	Ref            int64
	At             int64
	Ext            string
	Sum            int64
}

// TableName names the table.
func (Post) TableName() string { return "message" }

// ConversationRow is a conversation as one of its members sees it in a list.
type ConversationRow struct {
	Kind      int      `json:"kind"`
	DstID     int64    `json:"dstid"`
	Title     string   `json:"title"`
	Avatar    string   `json:"avatar"`
	LastSeq   int64    `json:"lastseq"`
	ReadSeq   int64    `json:"readseq"`
	PeerRead  int64    `json:"peerread"`
	PeerGot   int64    `json:"peerdelivered"`
	Unread    int64    `json:"unread"`
	Last      *Message `json:"last,omitempty"`
	Pinned    bool     `json:"pinned"`
	Muted     bool     `json:"muted"`
	MutedTill int64    `json:"mutedtill"` // when a mute ends by itself; 0: not
	Archived  bool     `json:"archived"`  // until the next message
	Marked    bool     `json:"marked"`    // as unread
	Draft     string   `json:"draft"`
	Mentioned bool     `json:"mentioned"`
	MentionAt int64    `json:"mentionseq,omitempty"` // the last unread mention's seq
	Online    bool     `json:"online"`
}

// Badge is what the conversation adds to the number of all that is unread: of a
// muted one only that somebody calls, of one put away nothing.
func (r *ConversationRow) Badge() int64 {
	switch {
	case r.Archived:
		return 0
	case r.Muted && r.Mentioned:
		return 1
	case r.Muted:
		return 0
	case r.Unread == 0 && r.Marked:
		return 1
	}
	return r.Unread
}
