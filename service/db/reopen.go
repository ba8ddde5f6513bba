package db

import (
	"context"
	"errors"
	"fmt"

	"xorm.io/xorm"
)

// Reopen makes sure that the store may be written to again after a failure that
// leaves that open (IsSuspect, IsAway). On SQLite it closes the writing
// connection and opens another: what the failed one holds in memory may differ
// from what is on the disk. Then everything in the log has to reach the
// database file and the disk, by writes and syncs that are made anew. On MySQL
// the server has to answer; it sees to its own disk.
//
// Reads go on meanwhile. It may run beside other methods.
func (d *DB) Reopen(ctx context.Context) error {
	if d.Dialect == MySQL {
		return d.Ping(ctx)
	}
	e, err := sqliteWriter(d.source)
	if err != nil {
		return err
	}
	if err := prove(ctx, e.Engine); err != nil {
		return errors.Join(err, e.Close())
	}
	return d.write.Swap(e).Close()
}

// prove writes the log into the database and looks whether that can be read.
func prove(ctx context.Context, e *xorm.Engine) error {
	s := e.NewSession().Context(ctx)
	defer func() { _ = s.Close() }()
	var busy, log, done int64
	row := e.DB().DB.QueryRowContext(ctx, "PRAGMA wal_checkpoint(FULL)")
	if err := row.Scan(&busy, &log, &done); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 || log != done {
		return fmt.Errorf("checkpoint: %d of %d pages, readers in the way: %v", done, log, busy != 0)
	}
	return look(s)
}
