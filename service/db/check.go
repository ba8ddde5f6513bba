package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"xorm.io/xorm"
)

// look reads of the database what everything else hangs on.
func look(s *xorm.Session) error {
	for _, query := range []string{"SELECT COUNT(*) FROM state", "SELECT COALESCE(MAX(id), 0) FROM message", "SELECT COALESCE(MAX(id), 0) FROM conversation"} {
		var n int64
		if _, err := s.SQL(query).Get(&n); err != nil {
			return fmt.Errorf("look at the database: %w", err)
		}
	}
	return nil
}

// Inspect looks at the structure of the database: on SQLite every page of it, as
// far as it comes within limit (0: to the end); whole says whether it came to
// the end. MySQL has check sums of its own and looks when it reads. An error
// says what is damaged, or that the database could not be read.
func (d *DB) Inspect(ctx context.Context, limit time.Duration) (whole bool, err error) {
	if err := d.View(ctx, look); err != nil || d.Dialect == MySQL {
		return err == nil, err
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	rows, err := d.read.DB().DB.QueryContext(ctx, "PRAGMA quick_check(5)")
	if err == nil {
		defer func() { _ = rows.Close() }()
		var found []error
		for rows.Next() {
			var line string
			if err = rows.Scan(&line); err != nil {
				break
			}
			if line != "ok" {
				found = append(found, errors.New(line))
			}
		}
		if err = errors.Join(err, rows.Err()); err == nil {
			return true, errors.Join(found...)
		}
	}
	if limit > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, nil // a large one: doctor looks at all of it
	}
	return false, err
}
