package service

import (
	"context"
	"errors"
	"fmt"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// Bounds of a check of the store: rows read at once, and faults that are named.
const (
	checkRows   = 2000
	namedFaults = 20
)

// CheckStore looks at all of a store: the structure of the database, every
// message against its check sum, and every conversation for places that are
// empty. It gives how many messages there are; the error names what is damaged.
// It only reads, and takes about 10 µs a message.
func CheckStore(ctx context.Context, d *db.DB) (checked int64, err error) {
	var faults []error
	if _, err := d.Inspect(ctx, 0); err != nil {
		faults = append(faults, err)
	}
	report := func(fault error) bool {
		faults = append(faults, fault)
		return len(faults) < namedFaults
	}
	err = d.View(ctx, func(v *xorm.Session) error {
		if checked, err = checkSums(v, report); err != nil {
			return err
		}
		return checkPlaces(v, report)
	})
	return checked, errors.Join(append(faults, err)...)
}

// checkSums reads all messages; it stops when report says so.
func checkSums(v *xorm.Session, report func(error) bool) (checked int64, err error) {
	for after := int64(0); ; {
		var rows []model.Post
		if err := v.Where("id > ?", after).Asc("id").Limit(checkRows).Find(&rows); err != nil || len(rows) == 0 {
			return checked, err
		}
		for i := range rows {
			if fault := intact(rows[i]); fault != nil && !report(fault) {
				return checked, nil
			}
		}
		checked += int64(len(rows))
		after = rows[len(rows)-1].ID
	}
}

// checkPlaces compares each conversation with its messages.
func checkPlaces(v *xorm.Session, report func(error) bool) error {
	var bad []struct{ ID, Seq, Filled, Last int64 }
	err := v.SQL(`SELECT c.id, c.seq, COUNT(m.seq) AS filled, COALESCE(MAX(m.seq), 0) AS last FROM conversation c
		LEFT JOIN message m ON m.conversationid = c.id GROUP BY c.id, c.seq
		HAVING COUNT(m.seq) <> c.seq OR COALESCE(MAX(m.seq), 0) <> c.seq LIMIT ?`, namedFaults).Find(&bad)
	for _, c := range bad {
		if !report(fmt.Errorf("the database is damaged: conversation %d has %d places, %d of them filled, the last is %d", c.ID, c.Seq, c.Filled, c.Last)) {
			break
		}
	}
	return err
}
