package service

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"hongyan/model"
)

// begin makes the conversations between two that the posts of a batch on MySQL
// are the first of, in one order on all nodes: made each in its own turn, two
// nodes that make the same ones would wait for each other, and one start again.
// Posts that may not be are not told from others elsewhere: they make none.
func (tx *Tx) begin(posts []*post) error {
	fresh := map[pair]struct{}{}
	for _, p := range posts {
		w := wayOf(&p.sent)
		line := pairOf(w.kind, w.userID, w.dstID)
		taken := p.sent.CID != "" && tx.sent[sentKey{w.userID, p.sent.CID}]
		if w.kind == model.KindSingle && tx.known[line] == nil && !taken && tx.memory.rights[w].allow(w, tx.Now()) == nil {
			fresh[line] = struct{}{}
			delete(tx.memory.ids, line) // of a transaction that was taken back
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(fresh), func(a, b pair) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.high, b.high)) })
	for part := range slices.Chunk(list, manyRows) {
		if err := tx.makeLines(part); err != nil {
			return err
		}
	}
	if err := tx.findLines(fresh); err != nil {
		return err
	}
	if err := tx.lockLines(fresh); err != nil {
		return err
	}
	for part := range slices.Chunk(list, manyRows) {
		if err := tx.makeSeats(part); err != nil {
			return err
		}
	}
	return nil
}

// makeLines inserts conversations between two. Those that another node has made
// meanwhile are left as they are; those that it makes are waited for.
func (tx *Tx) makeLines(list []pair) error {
	args := make([]any, 0, 4*len(list))
	for _, p := range list {
		args = append(args, p.kind, p.low, p.high, tx.Now())
	}
	_, err := tx.prepared.Many("INSERT IGNORE INTO conversation (kind, low, high, seq, posts, lastpost, lastat) VALUES "+
		places(len(list), "(?, ?, ?, 0, 0, 0, ?)"), args)
	return err
}

// makeSeats gives the people of conversations their seats, where they have none.
func (tx *Tx) makeSeats(list []pair) error {
	args := make([]any, 0, 10*len(list))
	for _, p := range list {
		c := tx.known[p]
		if c == nil {
			return fmt.Errorf("the conversation of %d and %d is not there", p.low, p.high)
		}
		id := c.ID
		args = append(args, id, p.low, p.high, model.RoleMember, tx.Now(), id, p.high, p.low, model.RoleMember, tx.Now())
	}
	_, err := tx.prepared.Many(`INSERT IGNORE INTO member (conversationid, userid, peerid, role, createat,
		muteduntil, readseq, readposts, own, delivered, mentionseq, pinned, muted, draft) VALUES `+
		places(2*len(list), "(?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, FALSE, FALSE, '')"), args)
	return err
}
