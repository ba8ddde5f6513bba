package service

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/mutant"

	"xorm.io/xorm"
)

// Tx is a transaction of the committer. Conversations touched in it are loaded
// and locked once, counted in memory and written back by Flush.
type Tx struct {
	*xorm.Session
	db       *db.DB
	prepared *db.Bound
	now      Clock
	known    map[pair]*model.Conversation
	dirty    []*model.Conversation
	own      map[seat]int64
	out      []model.Delivery
}

// The statements that every message runs, by hand and prepared: through xorm
// they cost three times as much.
const (
	loadConversation = "SELECT id, seq, posts, lastpost, lastat FROM conversation WHERE kind = ? AND low = ? AND high = ?"
	saveConversation = "UPDATE conversation SET seq = ?, posts = ?, lastpost = ?, lastat = ? WHERE id = ?"
	saveOwn          = "UPDATE member SET own = own + ? WHERE conversationid = ? AND userid = ?"
	insertMessage    = `INSERT INTO message (conversationid, seq, posts, userid, cid, digest, cmd, dstid, media,
		content, pic, url, memo, amount, ref, at, ext) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

func prepareTx(ctx context.Context, d *db.DB) (*db.Statements, error) {
	return d.PrepareWrites(ctx, loadConversation+d.ForUpdate(), saveConversation, saveOwn, insertMessage, checkFriend, checkSeat)
}

// pair names a conversation by its unique columns.
type pair struct {
	kind      int
	low, high int64
}

// seat is a user's place in a conversation.
type seat struct{ conversationID, userID int64 }

func newTx(s *xorm.Session, d *db.DB, prepared *db.Bound, now Clock) *Tx {
	return &Tx{
		Session: s, db: d, prepared: prepared, now: now,
		known: map[pair]*model.Conversation{}, own: map[seat]int64{},
	}
}

// Publish hands d to the Publisher once the transaction is durable.
func (tx *Tx) Publish(d model.Delivery) { tx.out = append(tx.out, d) }

// Now is the wire's time.
func (tx *Tx) Now() int64 { return tx.now.millis() }

// pairOf names the conversation that userID has under kind and dstid.
func pairOf(kind int, userID, dstID int64) pair {
	switch kind {
	case model.KindSingle:
		return pair{kind: kind, low: min(userID, dstID), high: max(userID, dstID)}
	case model.KindNotice:
		return pair{kind: kind, low: userID}
	}
	return pair{kind: kind, low: dstID}
}

// Conversation loads and locks a conversation, once a transaction; nil if there
// is none.
func (tx *Tx) Conversation(kind int, userID, dstID int64) (*model.Conversation, error) {
	return tx.load(pairOf(kind, userID, dstID))
}

func (tx *Tx) load(p pair) (*model.Conversation, error) {
	if c := tx.known[p]; c != nil {
		return c, nil
	}
	c := &model.Conversation{Kind: p.kind, Low: p.low, High: p.high}
	found, err := tx.prepared.Row(loadConversation+tx.db.ForUpdate(), []any{p.kind, p.low, p.high},
		&c.ID, &c.Seq, &c.Posts, &c.LastPost, &c.LastAt)
	if err != nil || !found {
		return nil, err
	}
	tx.known[p] = c
	return c, nil
}

// Open is Conversation, made if there is none yet, with the seats of the one or
// two people it is for; a group's seats are the group's business.
func (tx *Tx) Open(kind int, userID, dstID int64) (*model.Conversation, error) {
	p := pairOf(kind, userID, dstID)
	c, err := tx.load(p)
	if err != nil || c != nil {
		return c, err
	}
	c = &model.Conversation{Kind: p.kind, Low: p.low, High: p.high, LastAt: tx.Now()}
	if _, err := tx.Insert(c); err != nil {
		return nil, err // a duplicate means another node was first: the op is run again
	}
	if err := tx.sit(c, p); err != nil {
		return nil, err
	}
	tx.known[p] = c
	return c, nil
}

// sit gives the people of a new conversation their seats.
func (tx *Tx) sit(c *model.Conversation, p pair) error {
	var seats []model.Member
	switch p.kind {
	case model.KindSingle:
		seats = []model.Member{{UserID: p.low, PeerID: p.high}, {UserID: p.high, PeerID: p.low}}
	case model.KindNotice:
		seats = []model.Member{{UserID: p.low}}
	}
	for i := range seats {
		seats[i].ConversationID, seats[i].Role, seats[i].CreateAt = c.ID, model.RoleMember, tx.Now()
		if _, err := tx.Insert(&seats[i]); err != nil {
			return err
		}
	}
	return nil
}

// Append gives m the next place in c and stores it. m.UserID says who acts; ID,
// Seq, Kind and At are set. If m has a CID under which the sender stored
// something before, Append writes nothing: it sets m to what was stored and
// returns false, or fails with CodeCIDReused if that was something else.
func (tx *Tx) Append(c *model.Conversation, m *model.Message) (stored bool, err error) {
	row := postOf(c, m)
	row.At = max(tx.Now(), c.LastAt)
	row.Seq, row.Posts = c.Seq+1, c.Posts
	if mutant.SeqFromClock {
		row.Seq = max(row.Seq, tx.Now())
	}
	if m.IsPost() {
		row.Posts++
	}
	err = tx.insert(row)
	if mutant.DupOnRetry && db.IsDuplicate(err) {
		row.CID = nil
		err = tx.insert(row)
	}
	if err != nil {
		if row.CID == nil || !db.IsDuplicate(err) {
			return false, err
		}
		return false, tx.resent(row, m, err)
	}
	c.Seq, c.Posts, c.LastAt = row.Seq, row.Posts, row.At
	if m.IsPost() {
		c.LastPost = row.Seq
		tx.own[seat{c.ID, m.UserID}]++
	}
	tx.touch(c)
	m.ID, m.Seq, m.Kind, m.At = row.ID, row.Seq, c.Kind, row.At
	return true, nil
}

func (tx *Tx) insert(row *model.Post) (err error) {
	row.ID, err = tx.prepared.Exec(insertMessage, row.ConversationID, row.Seq, row.Posts, row.UserID, row.CID, row.Digest,
		row.Cmd, row.DstID, row.Media, row.Content, row.Pic, row.URL, row.Memo, row.Amount, row.Ref, row.At, row.Ext)
	return err
}

// resent answers a message whose cid is taken.
func (tx *Tx) resent(row *model.Post, m *model.Message, cause error) error {
	before, err := tx.byCID(row.UserID, *row.CID)
	switch {
	case err != nil:
		return err
	case before == nil: // it was the seq that was taken: run again
		return cause
	case before.Digest != row.Digest:
		return model.Fail(model.CodeCIDReused)
	}
	*m = messageOf(before, m.Kind)
	return nil
}

// byCID finds what a sender stored under a cid; nil if nothing.
func (tx *Tx) byCID(userID int64, cid string) (*model.Post, error) {
	row := new(model.Post)
	found, err := tx.SQL("SELECT * FROM message WHERE userid = ? AND cid = ?", userID, cid).Get(row)
	if err != nil || !found {
		return nil, err
	}
	return row, nil
}

func (tx *Tx) touch(c *model.Conversation) {
	for _, d := range tx.dirty {
		if d == c {
			return
		}
	}
	tx.dirty = append(tx.dirty, c)
}

// Flush writes the counts kept in memory. Ops that read or write member rows or
// conversations themselves call it first.
func (tx *Tx) Flush() error {
	for _, c := range tx.dirty {
		if _, err := tx.prepared.Exec(saveConversation, c.Seq, c.Posts, c.LastPost, c.LastAt, c.ID); err != nil {
			return err
		}
	}
	for s, n := range tx.own {
		if _, err := tx.prepared.Exec(saveOwn, n, s.conversationID, s.userID); err != nil {
			return err
		}
	}
	tx.dirty = tx.dirty[:0]
	clear(tx.own)
	return nil
}

// postOf makes the row of a message in a conversation, without its place.
func postOf(c *model.Conversation, m *model.Message) *model.Post {
	row := &model.Post{
		ConversationID: c.ID, UserID: m.UserID, Cmd: m.Cmd, DstID: m.DstID, Media: m.Media, Content: m.Content,
		Pic: m.Pic, URL: m.URL, Memo: m.Memo, Amount: m.Amount, Ref: m.Ref, Ext: string(m.Ext), Digest: digest(m),
	}
	if m.CID != "" {
		row.CID = &m.CID
	}
	return row
}

// messageOf makes the wire's message of a row of a conversation of kind.
func messageOf(row *model.Post, kind int) model.Message {
	m := model.Message{
		ID: row.ID, UserID: row.UserID, Cmd: row.Cmd, DstID: row.DstID, Media: row.Media, Content: row.Content,
		Pic: row.Pic, URL: row.URL, Memo: row.Memo, Amount: row.Amount, Ref: row.Ref, Seq: row.Seq, Kind: kind, At: row.At,
	}
	if row.CID != nil {
		m.CID = *row.CID
	}
	if row.Ext != "" {
		m.Ext = []byte(row.Ext)
	}
	return m
}

// digest identifies what a client sent under a cid: a resend must be equal in
// target and content. 63 bits of SHA-256 suffice, since the sender is the only
// one who could be hurt by a collision.
func digest(m *model.Message) int64 {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %d %d %d %d %d %q %q %q %q %q",
		m.Cmd, m.Kind, m.DstID, m.Media, m.Amount, m.Ref, m.Content, m.Pic, m.URL, m.Memo, m.Ext)
	return int64(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)
}
