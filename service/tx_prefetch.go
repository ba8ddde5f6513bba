package service

import (
	"maps"
	"slices"

	"hongyan/model"
	"hongyan/service/db"
)

// prefetch does for a batch on MySQL at once what its jobs need. The
// conversations of them all are locked in one order: each in its own turn would
// meet another node's the other way round, and one of the two start again.
func (tx *Tx) prefetch(batch []*job) error {
	if tx.db.Dialect != db.MySQL {
		return nil
	}
	var posts []*post
	lines := map[pair]struct{}{}
	for _, j := range batch {
		on := j.on
		if p := j.post; p != nil {
			posts = append(posts, p)
			on = pairOf(p.sent.Kind, p.sent.UserID, p.sent.DstID)
		}
		if on != (pair{}) {
			lines[on] = struct{}{}
		}
	}
	if err := tx.findLines(lines); err != nil {
		return err
	}
	if err := tx.lockLines(lines); err != nil {
		return err
	}
	return tx.prefetchPosts(posts)
}

// prefetchPosts looks up for messages which rights their senders have and what
// was stored under their cids before. A statement a message would cost more than
// the message.
func (tx *Tx) prefetchPosts(posts []*post) error {
	if len(posts) == 0 {
		return nil
	}
	clear(tx.memory.rights)
	tx.trusted, tx.sent = true, map[sentKey]bool{}
	for part := range slices.Chunk(posts, manyRows) {
		if err := tx.findRights(part); err != nil {
			return err
		}
		if err := tx.findSeats(part); err != nil {
			return err
		}
		if err := tx.findSent(part); err != nil {
			return err
		}
	}
	return tx.begin(posts)
}

// findLines learns the ids of conversations that are not known yet.
func (tx *Tx) findLines(lines map[pair]struct{}) error {
	var missing []pair
	for p := range lines {
		if _, known := tx.memory.ids[p]; !known {
			missing = append(missing, p)
		}
	}
	for part := range slices.Chunk(missing, manyRows) {
		var args []any
		for _, p := range part {
			args = append(args, p.kind, p.low, p.high)
		}
		err := tx.prepared.Each("SELECT id, kind, low, high FROM conversation WHERE (kind, low, high) IN ("+places(len(part), "(?, ?, ?)")+")", args,
			func(scan func(into ...any) error) error {
				var id int64
				var p pair
				err := scan(&id, &p.kind, &p.low, &p.high)
				remember(tx.memory.ids, p, id)
				return err
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// lockLines loads and locks the conversations that are there, by rising id.
func (tx *Tx) lockLines(lines map[pair]struct{}) error {
	byID := make(map[int64]pair, len(lines))
	for p := range lines {
		if id, known := tx.memory.ids[p]; known {
			byID[id] = p
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(byID)), manyRows) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		err := tx.prepared.Each("SELECT id, seq, posts, lastpost, lastat, @@auto_increment_increment FROM conversation FORCE INDEX (PRIMARY) WHERE id IN ("+
			places(len(part), "?")+") ORDER BY id FOR UPDATE", args, func(scan func(into ...any) error) error {
			c := new(model.Conversation)
			err := scan(&c.ID, &c.Seq, &c.Posts, &c.LastPost, &c.LastAt, &tx.idStep)
			p := byID[c.ID]
			c.Kind, c.Low, c.High = p.kind, p.low, p.high
			tx.known[p] = c
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// findRights learns between whom messages may go.
func (tx *Tx) findRights(posts []*post) error {
	var ways []way
	for _, p := range posts {
		if w := wayOf(&p.sent); w.kind == model.KindSingle {
			if _, known := tx.memory.rights[w]; !known {
				tx.memory.rights[w] = right{}
				ways = append(ways, w)
			}
		}
	}
	if len(ways) == 0 {
		return nil
	}
	var args []any
	for _, w := range ways {
		args = append(args, w.userID, w.dstID)
	}
	for _, w := range ways { // who blocked whom: the other way round
		args = append(args, w.dstID, w.userID)
	}
	list := places(len(ways), "(?, ?)")
	return tx.prepared.Each("SELECT 0, userid, dstid FROM contact WHERE (userid, dstid) IN ("+list+
		") UNION ALL SELECT 1, dstid, userid FROM block WHERE (userid, dstid) IN ("+list+")", args,
		func(scan func(into ...any) error) error {
			var blocked bool
			w := way{kind: model.KindSingle}
			err := scan(&blocked, &w.userID, &w.dstID)
			r := tx.memory.rights[w]
			r.known, r.blocked = r.known || !blocked, r.blocked || blocked
			tx.memory.rights[w] = r
			return err
		})
}

// findSeats learns who may speak in groups.
func (tx *Tx) findSeats(posts []*post) error {
	var args []any
	for _, p := range posts {
		w := wayOf(&p.sent)
		if w.kind != model.KindRoom {
			continue
		}
		if _, known := tx.memory.rights[w]; known {
			continue
		}
		tx.memory.rights[w] = right{}
		if c := tx.known[pair{kind: model.KindRoom, low: w.dstID}]; c != nil {
			args = append(args, c.ID, w.userID)
		}
	}
	if len(args) == 0 {
		return nil
	}
	return tx.prepared.Each(`SELECT m.userid, g.id, m.muteduntil, m.role = 'member' AND g.quiet
		FROM member m JOIN conversation c ON c.id = m.conversationid JOIN community g ON g.id = c.low
		WHERE (m.conversationid, m.userid) IN (`+places(len(args)/2, "(?, ?)")+")", args,
		func(scan func(into ...any) error) error {
			w, r := way{kind: model.KindRoom}, right{known: true}
			err := scan(&w.userID, &w.dstID, &r.mutedUntil, &r.quiet)
			tx.memory.rights[w] = r
			return err
		})
}

// findSent learns which cids are taken. Only that: a resend is rare, and looks
// for itself.
func (tx *Tx) findSent(posts []*post) error {
	var args []any
	for _, p := range posts {
		if p.sent.CID != "" {
			tx.sent[sentKey{p.sent.UserID, p.sent.CID}] = false
			args = append(args, p.sent.CID, p.sent.UserID)
		}
	}
	if len(args) == 0 {
		return nil
	}
	return tx.prepared.Each("SELECT userid, cid FROM message FORCE INDEX (userid) WHERE (cid, userid) IN ("+places(len(args)/2, "(?, ?)")+")", args,
		func(scan func(into ...any) error) error {
			var key sentKey
			err := scan(&key.userID, &key.cid)
			tx.sent[key] = true
			return err
		})
}
