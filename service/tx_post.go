package service

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/mutant"
)

// sentKey names what a sender stored under a cid.
type sentKey struct {
	userID int64
	cid    string
}

// held is a message that has its place and goes into the store with others.
type held struct {
	row  model.Post
	post *post
}

// Bounds of a statement with many rows: MariaDB turns longer lists of values
// into subqueries, and servers take packets of 16 MB or less.
const (
	manyRows  = 400
	manyBytes = 1 << 20
)

// post is a message on its way through the committer, and what became of it.
type post struct {
	from   model.Sender
	sent   model.Message // as it came: it may be run more than once
	digest int64

	stored model.Message // with its place
	ack    model.Message
	repeat bool // was stored before
}

// run stores a message, or finds it stored.
func (tx *Tx) run(p *post) error {
	p.stored, p.repeat = p.sent, false
	m := &p.stored
	err := tx.maySpeak(m)
	if err == nil {
		err = tx.mayCallAll(m)
	}
	if err != nil {
		before, lookup := tx.sentBefore(m)
		if lookup != nil || !before {
			return err
		}
		p.repeat, p.ack = true, ackOf(m)
		return nil
	}
	c, err := tx.Conversation(m.Kind, m.UserID, m.DstID)
	if err == nil && c == nil { // the first message: look before anything is written
		if p.repeat, err = tx.sentBefore(m); err != nil || p.repeat {
			p.ack = ackOf(m)
			return err
		}
		c, err = tx.Open(m.Kind, m.UserID, m.DstID)
	}
	if err != nil {
		return err
	}
	stored, err := tx.add(c, p)
	if err != nil {
		return err
	}
	p.repeat, p.ack = !stored, ackOf(m)
	if !stored {
		return nil
	}
	if err := tx.mention(c, m); err != nil {
		return err
	}
	return tx.postRecord(c, m)
}

// add is Append for a message: on MySQL it goes into the store with the others
// of its batch.
func (tx *Tx) add(c *model.Conversation, p *post) (stored bool, err error) {
	m := &p.stored
	if tx.db.Dialect == db.SQLite { // where one row a statement is faster
		tx.place(&tx.row, c, m, p.digest)
		if err := tx.insert(&tx.row); err != nil {
			return false, tx.taken(m, err)
		}
		tx.count(&tx.row, c, m)
		return true, nil
	}
	if before, err := tx.seen(m); err != nil || before {
		return false, err
	}
	tx.held = append(tx.held, held{post: p})
	row := &tx.held[len(tx.held)-1].row
	tx.place(row, c, m, p.digest)
	if m.CID != "" {
		row.CID = &p.sent.CID // which stays where it is
		if mutant.DupOnRetry && tx.sent[sentKey{m.UserID, m.CID}] {
			row.CID = nil
			row.Sum = sum(row)
		}
		tx.sent[sentKey{m.UserID, m.CID}] = true
	}
	tx.count(row, c, m)
	return true, nil
}

// seen is sentBefore by what was looked up for the batch.
func (tx *Tx) seen(m *model.Message) (bool, error) {
	if m.CID == "" || mutant.DupOnRetry {
		return false, nil
	}
	if taken, looked := tx.sent[sentKey{m.UserID, m.CID}]; looked && !taken {
		return false, nil
	}
	if err := tx.insertHeld(); err != nil { // it may be the same message twice in a batch
		return false, err
	}
	return tx.sentBefore(m)
}

// insertHeld stores the messages that have gathered.
func (tx *Tx) insertHeld() error {
	list := tx.held
	if len(list) > 0 && tx.idStep == 0 {
		if err := tx.prepared.Each("SELECT @@auto_increment_increment", nil,
			func(scan func(into ...any) error) error { return scan(&tx.idStep) }); err != nil {
			return err
		}
	}
	for len(list) > 0 {
		n, size := 0, 0
		for n < len(list) && n < manyRows && size < manyBytes {
			row := &list[n].row
			size += len(row.Content) + len(row.Ext) + len(row.URL) + len(row.Pic) + len(row.Memo)
			n++
		}
		args := make([]any, 0, n*storedWidth)
		for i := range list[:n] {
			args = append(args, stored(&list[i].row)...)
		}
		first, err := tx.prepared.Many("INSERT INTO message ("+storedColumns+") VALUES "+places(n, storedPlaces), args)
		if err != nil {
			return err
		}
		// The ids of one statement with a known number of rows follow each other.
		for i := range list[:n] {
			id := first + int64(i)*tx.idStep
			p := list[i].post
			p.stored.ID, p.ack.ID = id, id
		}
		list = list[n:]
	}
	tx.held = nil
	return nil
}

// places is a list of n places for values.
func places(n int, place string) string {
	return strings.Repeat(place+",", n-1) + place
}

// flushLines writes back what was counted.
func (tx *Tx) flushLines() error {
	if tx.db.Dialect == db.MySQL {
		return tx.flushMany()
	}
	for c := range tx.dirty {
		if _, err := tx.prepared.Exec(saveConversation, c.Seq, c.Posts, c.LastPost, c.LastAt, c.ID); err != nil {
			return err
		}
	}
	for s, n := range tx.own {
		if _, err := tx.prepared.Exec(saveOwn, n, s.conversationID, s.userID); err != nil {
			return err
		}
	}
	return nil
}

// flushMany is flushLines with a statement for many rows; the rows of the
// conversations are there and locked.
func (tx *Tx) flushMany() error {
	lines := slices.SortedFunc(maps.Keys(tx.dirty), func(a, b *model.Conversation) int { return int(a.ID - b.ID) })
	for part := range slices.Chunk(lines, manyRows) {
		args := make([]any, 0, 8*len(part))
		for _, c := range part {
			args = append(args, c.ID, c.Kind, c.Low, c.High, c.Seq, c.Posts, c.LastPost, c.LastAt)
		}
		if _, err := tx.prepared.Many(`INSERT INTO conversation (id, kind, low, high, seq, posts, lastpost, lastat) VALUES `+
			places(len(part), "(?, ?, ?, ?, ?, ?, ?, ?)")+` ON DUPLICATE KEY UPDATE
			seq = VALUES(seq), posts = VALUES(posts), lastpost = VALUES(lastpost), lastat = VALUES(lastat)`, args); err != nil {
			return err
		}
	}
	by := map[int64][]seat{} // how many each has said
	for s, n := range tx.own {
		by[n] = append(by[n], s)
	}
	for n, seats := range by {
		for part := range slices.Chunk(seats, manyRows) {
			args := []any{n}
			for _, s := range part {
				args = append(args, s.conversationID, s.userID)
			}
			if _, err := tx.prepared.Many("UPDATE member FORCE INDEX (conversationid) SET own = own + ? WHERE (conversationid, userid) IN ("+
				places(len(part), "(?, ?)")+")", args); err != nil {
				return err
			}
		}
	}
	return nil
}

// reseal gives a row that was altered its new check sum.
func (tx *Tx) reseal(conversationID, seq int64) error {
	row := new(model.Post)
	found, err := tx.SQL("SELECT * FROM message WHERE conversationid = ? AND seq = ?", conversationID, seq).Get(row)
	if err != nil || !found {
		return err
	}
	_, err = tx.Exec("UPDATE message SET sum = ? WHERE id = ?", sum(row), row.ID)
	return err
}

// maxMentions bounds the members one message can call by name.
const maxMentions = 100

// mentionsOf gives whom a group message calls by ext.mentions: a list of ids, or
// "all". What is neither calls nobody.
func mentionsOf(m *model.Message) (ids []int64, all bool) {
	if m.Kind != model.KindRoom || len(m.Ext) == 0 {
		return nil, false
	}
	var ext struct {
		Mentions json.RawMessage `json:"mentions"`
	}
	if json.Unmarshal(m.Ext, &ext) != nil || len(ext.Mentions) == 0 {
		return nil, false
	}
	var word string
	if json.Unmarshal(ext.Mentions, &word) == nil {
		return nil, word == "all"
	}
	if json.Unmarshal(ext.Mentions, &ids) != nil {
		return nil, false
	}
	return ids, false
}

// mayCallAll tells whether m's sender may call all members, if it does: clients
// believe what a message says.
func (tx *Tx) mayCallAll(m *model.Message) error {
	if _, all := mentionsOf(m); !all {
		return nil
	}
	var role string
	if _, err := tx.prepared.Row(checkRole, []any{model.KindRoom, m.DstID, m.UserID}, &role); err != nil {
		return err
	}
	if role == model.RoleMember {
		return &model.Error{Code: model.CodeForbidden, Key: "everybody"}
	}
	return nil
}

// mention marks the seats of the members that a group message calls.
func (tx *Tx) mention(c *model.Conversation, m *model.Message) error {
	ids, all := mentionsOf(m)
	if all {
		_, err := tx.Exec("UPDATE member SET mentionseq = ? WHERE conversationid = ? AND userid <> ?", m.Seq, c.ID, m.UserID)
		return err
	}
	if len(ids) == 0 || len(ids) > maxMentions {
		return nil
	}
	_, err := tx.Table("member").Where("conversationid = ?", c.ID).In("userid", ids).
		Update(map[string]any{"mentionseq": m.Seq})
	return err
}
