package db

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// reads are queries of the readers' pool, prepared when first asked: those that
// every socket begins with. They close with the pool.
type reads struct {
	mu   sync.Mutex // guards list
	list map[string]*sql.Stmt
}

// ReadRow runs a query that is asked again and again, and scans its one row;
// found is false if there is none. Queries must be constants: each is kept.
func (d *DB) ReadRow(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	stmt, err := d.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next
	if err != nil {
		return false, retryable(err)
	}
	if ctx, err = d.brief(ctx); err != nil {
		return false, err
	}
	found, err = scan(stmt.QueryRowContext(ctx, args...), into)
	return found, retryable(err)
}

// ReadIDs is ReadRow for a query that gives numbers, one a row.
func (d *DB) ReadIDs(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	stmt, err := d.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next
	if err != nil {
		return nil, retryable(err)
	}
	if ctx, err = d.brief(ctx); err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, retryable(err)
	}
	defer func() { _ = rows.Close() }() // Err has told what went wrong
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, retryable(err)
		}
		ids = append(ids, id)
	}
	return ids, retryable(rows.Err())
}

// brief is ctx for a query of a few rows. On SQLite one that could be called off
// has two goroutines that wait for that, which cost as much as the query; it can
// only be worth it where it has to wait for a connection.
func (d *DB) brief(ctx context.Context) (context.Context, error) {
	if d.Dialect != SQLite || d.read.DB().Stats().InUse >= readers {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

func (d *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	d.reads.mu.Lock()
	stmt := d.reads.list[query]
	d.reads.mu.Unlock()
	if stmt != nil {
		return stmt, nil
	}
	// Not under the lock: a database that does not answer must hold up nobody else.
	stmt, err := d.read.DB().DB.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	d.reads.mu.Lock()
	defer d.reads.mu.Unlock()
	if first := d.reads.list[query]; first != nil {
		_ = stmt.Close() //nolint:sqlclosecheck // another was as quick
		return first, nil
	}
	if d.reads.list == nil {
		d.reads.list = map[string]*sql.Stmt{}
	}
	d.reads.list[query] = stmt
	return stmt, nil
}
