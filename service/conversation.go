package service

import (
	"context"
	"slices"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// maxConversations is how many conversations a list holds.
const maxConversations = 10_000

// ConversationService shows a user's conversations and keeps the settings.
type ConversationService struct {
	db        *db.DB
	committer *Committer
	presence  Presence

	// Receipts decides who learns how far messages have come.
	Receipts Receipts
}

// NewConversationService makes the service.
func NewConversationService(d *db.DB, c *Committer, p Presence) *ConversationService {
	return &ConversationService{db: d, committer: c, presence: p}
}

// seatRow is a seat with its conversation, as List reads them.
type seatRow struct {
	model.Member       `xorm:"extends"`
	model.Conversation `xorm:"extends"`
}

// List gives a user's conversations, pinned ones first, then by last activity.
func (s *ConversationService) List(ctx context.Context, userID int64) ([]model.ConversationRow, error) {
	var list []model.ConversationRow
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		list, err = s.rows(v, userID, "(c.kind <> ? OR c.seq > 0 OR m.pinned OR m.draft <> '')", model.KindSingle)
		return err
	})
	return list, err
}

// One gives one conversation of a user.
func (s *ConversationService) One(ctx context.Context, userID int64, kind int, dstID int64) (model.ConversationRow, error) {
	var row model.ConversationRow
	err := s.db.View(ctx, func(v *xorm.Session) error {
		if err := mayRead(v, userID, kind, dstID); err != nil {
			return err
		}
		p := pairOf(kind, userID, dstID)
		list, err := s.rows(v, userID, "c.kind = ? AND c.low = ? AND c.high = ?", p.kind, p.low, p.high)
		if err != nil {
			return err
		}
		if len(list) == 1 {
			row = list[0]
			return nil
		}
		row = model.ConversationRow{Kind: kind, DstID: dstID}
		return s.describe(v, userID, []*model.ConversationRow{&row})
	})
	return row, err
}

func (s *ConversationService) rows(v *xorm.Session, userID int64, where string, args ...any) ([]model.ConversationRow, error) {
	var seats []seatRow
	err := v.Table("member").Alias("m").Join("INNER", "conversation c", "c.id = m.conversationid").
		Select("m.*, c.*").Where("m.userid = ?", userID).And(where, args...).
		Desc("m.pinned", "c.lastat").Limit(maxConversations).Find(&seats)
	if err != nil || len(seats) == 0 {
		return nil, err
	}
	list := make([]model.ConversationRow, len(seats))
	pointers := make([]*model.ConversationRow, len(seats))
	for i := range seats {
		list[i], pointers[i] = rowOf(&seats[i], s.committer.now.millis()), &list[i]
	}
	if err := lastMessages(v, seats, list); err != nil {
		return nil, err
	}
	if err := s.peerCursors(v, userID, seats, list); err != nil {
		return nil, err
	}
	return list, s.describe(v, userID, pointers)
}

func rowOf(seat *seatRow, now int64) model.ConversationRow {
	c, m := &seat.Conversation, &seat.Member
	row := model.ConversationRow{
		Kind: c.Kind, DstID: m.PeerID, LastSeq: c.Seq, ReadSeq: m.ReadSeq, Unread: max(c.Posts-m.ReadPosts-m.Own, 0),
		Pinned: m.Pinned, Muted: m.Silent(now), Draft: m.Draft, Mentioned: m.MentionSeq > m.ReadSeq,
		Archived: m.Archived > c.Posts, Marked: m.Marked,
	}
	if row.Muted && !m.Muted {
		row.MutedTill = m.SilentTill
	}
	if c.Kind == model.KindRoom {
		row.DstID = c.Low
	}
	if row.Mentioned {
		row.MentionAt = m.MentionSeq
	}
	return row
}

// chunk bounds the values of one IN or OR list.
const chunk = 200

// lastMessages fills in the newest message of each conversation.
func lastMessages(v *xorm.Session, seats []seatRow, list []model.ConversationRow) error {
	at := map[int64]int{}
	for start := 0; start < len(seats); start += chunk {
		var posts []model.Post
		for i := start; i < min(start+chunk, len(seats)); i++ {
			c := &seats[i].Conversation
			at[c.ID] = i
			v.Or("(conversationid = ? AND seq = ?)", c.ID, c.LastPost)
		}
		if err := v.Find(&posts); err != nil {
			return err
		}
		// The list goes without what is damaged; who opens the conversation gets the error.
		posts = slices.DeleteFunc(posts, func(row model.Post) bool { return intact(row) != nil })
		if err := unquote(v, pointers(posts)...); err != nil {
			return err
		}
		for i := range posts {
			row := &list[at[posts[i].ConversationID]]
			m := messageOf(&posts[i], row.Kind)
			row.Last = &m
		}
	}
	return nil
}

// peerCursors fills in how far the other of two people has come.
func (s *ConversationService) peerCursors(v *xorm.Session, userID int64, seats []seatRow, list []model.ConversationRow) error {
	at, ids := map[int64]int{}, []int64{}
	for i := range seats {
		if c := &seats[i].Conversation; c.Kind == model.KindSingle {
			at[c.ID] = i
			ids = append(ids, c.ID)
		}
	}
	for start := 0; start < len(ids); start += chunk {
		var peers []model.Member
		part := ids[start:min(start+chunk, len(ids))]
		if err := v.Cols("conversationid", "userid", "readseq", "delivered").In("conversationid", part).And("userid <> ?", userID).Find(&peers); err != nil {
			return err
		}
		others := make([]int64, len(peers))
		for i := range peers {
			others[i] = peers[i].UserID
		}
		hidden, err := s.Receipts.hidden(v, append(others, userID)...)
		if err != nil {
			return err
		}
		away, err := blocking(v, userID, others)
		if err != nil {
			return err
		}
		for _, peer := range peers {
			if row := &list[at[peer.ConversationID]]; !hidden[peer.UserID] && !hidden[userID] && !away[peer.UserID] {
				row.PeerRead, row.PeerGot = peer.ReadSeq, max(peer.ReadSeq, peer.Delivered)
			}
		}
	}
	return nil
}

// describe fills in what a conversation is called and how it looks.
func (s *ConversationService) describe(v *xorm.Session, userID int64, list []*model.ConversationRow) error {
	var people, groups []*model.ConversationRow
	for _, row := range list {
		switch row.Kind {
		case model.KindSingle:
			people = append(people, row)
		case model.KindRoom:
			groups = append(groups, row)
		}
	}
	for part := range slices.Chunk(people, chunk) {
		if err := s.describePeople(v, userID, part); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(groups, chunk) {
		communities := map[int64]model.Community{}
		if err := v.In("id", peers(part)).Find(&communities); err != nil {
			return err
		}
		for _, row := range part {
			row.Title, row.Avatar = communities[row.DstID].Name, communities[row.DstID].Icon
		}
	}
	return nil
}

// describePeople names the other of two people: by the remark if there is one.
// Who is online is for friends to know, but not for those whom one blocked.
func (s *ConversationService) describePeople(v *xorm.Session, userID int64, list []*model.ConversationRow) error {
	ids, users := peers(list), map[int64]model.User{}
	var contacts []model.Contact
	var blocks []model.Block
	if err := v.In("id", ids).Find(&users); err != nil {
		return err
	}
	if err := v.Where("userid = ?", userID).In("dstid", ids).Find(&contacts); err != nil {
		return err
	}
	if err := v.Where("dstid = ?", userID).In("userid", ids).Find(&blocks); err != nil {
		return err
	}
	hidden, err := hiding(v, hideOnline, userID)
	if err != nil {
		return err
	}
	friends, blocked := map[int64]model.Contact{}, map[int64]bool{}
	for _, c := range contacts {
		friends[c.DstID] = c
	}
	for _, b := range blocks {
		blocked[b.UserID] = true
	}
	for _, row := range list {
		friend, ok := friends[row.DstID]
		row.Title, row.Avatar = users[row.DstID].Nickname, users[row.DstID].Avatar
		if friend.Remark != "" {
			row.Title = friend.Remark
		}
		row.Online = ok && !blocked[row.DstID] && !hidden[userID] && !users[row.DstID].HideOnline && s.presence.Online(row.DstID)
	}
	return nil
}

func peers(list []*model.ConversationRow) []int64 {
	ids := make([]int64, len(list))
	for i, row := range list {
		ids[i] = row.DstID
	}
	return ids
}
