package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hongyan/client/bench"

	"modernc.org/sqlite"
)

// bareRows is the least that a store of messages can be: the product's SQLite, with
// those of its settings that a commit hangs on, one connection, one prepared statement, a row with the two unique
// indexes that are the guarantees. It is what the product's own is held against.
type bareRows struct {
	conn          driver.Conn
	begin, commit driver.StmtExecContext
	insert        driver.StmtExecContext
	sent          uint64
	args          []driver.NamedValue
}

// newBareRows makes the file.
func newBareRows(ctx context.Context, file string) (bench.Rows, error) {
	conn, err := new(sqlite.Driver).Open("file:" + file)
	if err != nil {
		return nil, err
	}
	r := &bareRows{conn: conn}
	for _, statement := range []string{
		"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=8192",
		`CREATE TABLE message (id INTEGER PRIMARY KEY, conversation BIGINT NOT NULL, seq BIGINT NOT NULL, sender BIGINT NOT NULL,
		cid VARCHAR(64) NOT NULL, at BIGINT NOT NULL, content TEXT NOT NULL, UNIQUE (conversation, seq), UNIQUE (cid, sender))`,
	} {
		if err := r.run(ctx, statement); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	for statement, into := range map[string]*driver.StmtExecContext{
		"BEGIN IMMEDIATE": &r.begin, "COMMIT": &r.commit,
		"INSERT INTO message (conversation, seq, sender, cid, at, content) VALUES (?, ?, ?, ?, ?, ?)": &r.insert,
	} {
		if *into, err = r.prepare(statement); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return r, nil
}

func (r *bareRows) prepare(statement string) (driver.StmtExecContext, error) {
	prepared, err := r.conn.Prepare(statement)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", statement, err)
	}
	stmt, ok := prepared.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("%T cannot execute", prepared)
	}
	return stmt, nil
}

func (r *bareRows) run(ctx context.Context, statement string) error {
	stmt, err := r.prepare(statement)
	if err == nil {
		_, err = stmt.ExecContext(ctx, nil)
	}
	return err
}

// Commit makes rows durable. Their numbers are such as clients give: they begin
// with the time.
func (r *bareRows) Commit(rows []bench.Row) error {
	ctx := context.Background()
	if _, err := r.begin.ExecContext(ctx, nil); err != nil {
		return err
	}
	at := time.Now().UnixMilli()
	for _, row := range rows {
		r.sent++
		cid := strconv.FormatUint(r.sent+1<<60, 36) // of one length, and rising
		r.args = r.args[:0]
		for i, v := range []driver.Value{row.Conversation, row.Seq, row.Sender, cid, at, string(row.Text)} {
			r.args = append(r.args, driver.NamedValue{Ordinal: i + 1, Value: v})
		}
		if _, err := r.insert.ExecContext(ctx, r.args); err != nil {
			return err
		}
	}
	_, err := r.commit.ExecContext(ctx, nil)
	return err
}

// Close closes the file.
func (r *bareRows) Close() error { return r.conn.Close() }
