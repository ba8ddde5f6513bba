package service

import (
	"context"
	"slices"
	"time"

	"xorm.io/xorm"
)

// Numbers are given before the commit, so a look may pass over one that is
// there a moment later: a hole.
const (
	// beginRows are looked through for ids that are not committed at the start.
	beginRows = 500
	// holeLife is how long an id is waited for that was passed over: its
	// transaction may still commit, late where its node was frozen. Rolled back
	// ones never come, so those older than holeYoung are looked at only with every
	// holeTurn-th look, and not for longer where there are many.
	holeLife  = 2 * time.Minute
	holeYoung = 5 * time.Second
	holeTurn  = 10
	// maxHoles bounds the ids that are waited for.
	maxHoles = 2000
)

// begin notes what is in the store, and which of the newest ids are not yet.
func (c *CatchUp) begin(ctx context.Context) error {
	var newest []int64
	err := c.db.View(ctx, func(v *xorm.Session) error {
		return v.SQL("SELECT id FROM message ORDER BY id DESC LIMIT ?", beginRows).Find(&newest)
	})
	if err != nil || len(newest) == 0 {
		return err
	}
	slices.Reverse(newest)
	c.top = newest[0]
	now := time.Now()
	for _, id := range newest {
		c.pass(id, now)
	}
	return nil
}

// pass goes on to a row; the ids between it and the one before are holes.
func (c *CatchUp) pass(id int64, now time.Time) {
	for hole := c.top + 1; hole < id && len(c.holes) < maxHoles; hole++ {
		c.holes[hole] = now
	}
	c.top = max(c.top, id)
}

// late gives the holes that this look is to ask for, and forgets those that will
// never be filled.
func (c *CatchUp) late(now time.Time) []int64 {
	c.looks++
	life := holeLife
	if len(c.holes) > maxHoles/2 {
		life = holeYoung
	}
	ids := make([]int64, 0, len(c.holes))
	for id, since := range c.holes {
		switch age := now.Sub(since); {
		case age > life:
			delete(c.holes, id)
		case age <= holeYoung || c.looks%holeTurn == 0:
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// lookAgain reads the rows that were passed over before and have come since,
// and notes which are passed over now: numbers are given before the commit.
func (c *CatchUp) lookAgain(v *xorm.Session, rows *[]sight) error {
	now := time.Now()
	late := c.late(now)
	for _, r := range *rows {
		c.pass(r.ID, now)
	}
	for part := range slices.Chunk(late, chunk) {
		var found []sight
		query := sightColumns + "IN (" + marks(len(part)) + ") ORDER BY m.id"
		if err := v.SQL(query, anys(part)...).Find(&found); err != nil {
			return err
		}
		for _, r := range found {
			delete(c.holes, r.ID)
		}
		*rows = append(*rows, found...)
	}
	return nil
}
