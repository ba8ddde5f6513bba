package service

import (
	"context"

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
	memory   *memory
	known    map[pair]*model.Conversation // loaded and locked
	dirty    map[*model.Conversation]struct{}
	own      map[seat]int64
	out      []model.Delivery
	row      model.Post       // of the message that is being stored
	held     []held           // MySQL: rows that go into the store together
	sent     map[sentKey]bool // MySQL: whether the batch's cids are taken
	idStep   int64            // MySQL: from one row's id to the next

	inOp    bool // an op runs, which may change who may speak
	trusted bool // the remembered rights hold
}

// memory is what the commit loop keeps from one transaction to the next. It is
// for that goroutine alone, and forgotten when a transaction fails.
type memory struct {
	rights  map[way]right
	version int64 // of the rights; 0: not known
	// lines are the conversations as they were committed: SQLite has one
	// writer, and it is this one. (If it were not, the unique (conversation,
	// seq) would say so, and the batch would run again without the memory.)
	lines map[pair]*model.Conversation
	// ids are those of conversations, which never change; MySQL locks by them.
	ids map[pair]int64
}

// maxRemembered bounds each part of the memory; a full one starts anew.
const maxRemembered = 100_000

func newMemory() *memory {
	return &memory{rights: map[way]right{}, lines: map[pair]*model.Conversation{}, ids: map[pair]int64{}}
}

func (m *memory) forget() {
	m.version = 0
	clear(m.rights)
	clear(m.lines)
	clear(m.ids)
}

func remember[K comparable, V any](in map[K]V, key K, value V) {
	if len(in) >= maxRemembered {
		clear(in)
	}
	in[key] = value
}

// The statements that every message runs, by hand and prepared: through xorm
// they cost three times as much.
const (
	loadConversation = "SELECT id, seq, posts, lastpost, lastat FROM conversation WHERE kind = ? AND low = ? AND high = ?"
	saveConversation = "UPDATE conversation SET seq = ?, posts = ?, lastpost = ?, lastat = ? WHERE id = ?"
	saveOwn          = "UPDATE member SET own = own + ? WHERE conversationid = ? AND userid = ?"
	insertMessage    = "INSERT INTO message (" + storedColumns + ") VALUES " + storedPlaces
	storedColumns    = `conversationid, seq, posts, userid, cid, digest, cmd, dstid, media,
		content, pic, url, memo, amount, ref, at, ext, sum`
	storedPlaces = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	storedWidth  = 18
)

func prepareTx(ctx context.Context, d *db.DB) (*db.Statements, error) {
	return d.PrepareWrites(ctx, loadConversation+d.ForUpdate(), saveConversation, saveOwn, insertMessage, checkFriend, checkSeat, checkRole, readRights)
}

// pair names a conversation by its unique columns.
type pair struct {
	kind      int
	low, high int64
}

// seat is a user's place in a conversation.
type seat struct{ conversationID, userID int64 }

func newTx(s *xorm.Session, d *db.DB, prepared *db.Bound, m *memory, now Clock) *Tx {
	tx := &Tx{
		Session: s, db: d, prepared: prepared, memory: m, now: now,
		known: m.lines, dirty: map[*model.Conversation]struct{}{}, own: map[seat]int64{},
	}
	if len(m.lines) > maxRemembered {
		clear(m.lines)
	}
	if d.Dialect == db.MySQL { // other nodes write too
		tx.known = map[pair]*model.Conversation{}
	}
	return tx
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
	if err := tx.insertHeld(); err != nil {
		return false, err
	}
	row := &tx.row
	tx.place(row, c, m, digest(m))
	if err := tx.insert(row); err != nil {
		return false, tx.taken(m, err)
	}
	tx.count(row, c, m)
	return true, nil
}

// place makes m's row, next in c.
func (tx *Tx) place(row *model.Post, c *model.Conversation, m *model.Message, digest int64) {
	fill(row, c, m, digest)
	row.At = max(tx.Now(), c.LastAt)
	row.Seq, row.Posts = c.Seq+1, c.Posts
	if mutant.SeqFromClock {
		row.Seq = max(row.Seq, tx.Now())
	}
	if m.IsPost() {
		row.Posts++
	}
	row.Sum = sum(row)
}

// count takes a row that is stored, or will be, into its conversation, and its
// place into m.
func (tx *Tx) count(row *model.Post, c *model.Conversation, m *model.Message) {
	c.Seq, c.Posts, c.LastAt = row.Seq, row.Posts, row.At
	if m.IsPost() {
		c.LastPost = row.Seq
		tx.own[seat{c.ID, m.UserID}]++
	}
	tx.dirty[c] = struct{}{}
	m.ID, m.Seq, m.Kind, m.At = row.ID, row.Seq, c.Kind, row.At
}

func (tx *Tx) insert(row *model.Post) (err error) {
	row.ID, err = tx.prepared.Exec(insertMessage, stored(row)...)
	if mutant.DupOnRetry && db.IsDuplicate(err) {
		row.CID = nil
		row.Sum = sum(row)
		row.ID, err = tx.prepared.Exec(insertMessage, stored(row)...)
	}
	return err
}

// stored gives the values of storedColumns.
func stored(row *model.Post) []any {
	return []any{
		row.ConversationID, row.Seq, row.Posts, row.UserID, row.CID, row.Digest, row.Cmd, row.DstID, row.Media,
		row.Content, row.Pic, row.URL, row.Memo, row.Amount, row.Ref, row.At, row.Ext, row.Sum,
	}
}

// taken answers a message that could not be stored because of cause: if its cid
// is taken, it is set to what was stored.
func (tx *Tx) taken(m *model.Message, cause error) error {
	if m.CID == "" || !db.IsDuplicate(cause) {
		return cause
	}
	before, err := tx.sentBefore(m)
	if err == nil && !before { // it was the seq that was taken: run again
		return cause
	}
	return err
}

// sentBefore tells whether the sender stored m before, and if so sets m to it.
func (tx *Tx) sentBefore(m *model.Message) (bool, error) {
	if m.CID == "" {
		return false, nil
	}
	row, err := tx.byCID(m.UserID, m.CID)
	if err != nil || row == nil {
		return false, err
	}
	if !sameSent(row, m) {
		return false, model.Fail(model.CodeCIDReused)
	}
	*m = messageOf(row, m.Kind)
	return true, nil
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

// Flush writes the counts kept in memory. Ops that read or write member rows or
// conversations themselves call it first.
func (tx *Tx) Flush() error {
	if err := tx.insertHeld(); err != nil {
		return err
	}
	if err := tx.flushLines(); err != nil {
		return err
	}
	clear(tx.dirty)
	clear(tx.own)
	return nil
}
