package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"xorm.io/xorm"
)

// Statements are prepared once and run again and again: the few that every
// message needs. They are safe for concurrent use.
type Statements struct {
	list map[string]*sql.Stmt
	lone *lone // of SQLite's writes; else nil
}

// PrepareWrites prepares statements of transactions. It may not be called
// within one: SQLite has a single writing connection.
func (d *DB) PrepareWrites(ctx context.Context, queries ...string) (*Statements, error) {
	w := d.write.Load()
	s, err := prepare(ctx, w.DB().DB, queries)
	if err == nil {
		s.lone = w.lone
	}
	return s, err
}

// PrepareReads prepares statements that run on the readers' pool.
func (d *DB) PrepareReads(ctx context.Context, queries ...string) (*Statements, error) {
	return prepare(ctx, d.read.DB().DB, queries)
}

func prepare(ctx context.Context, pool *sql.DB, queries []string) (*Statements, error) {
	s := &Statements{list: make(map[string]*sql.Stmt, len(queries))}
	for _, query := range queries {
		stmt, err := pool.PrepareContext(ctx, query) //nolint:sqlclosecheck // closed by Close
		if err != nil {
			return nil, retryable(errors.Join(fmt.Errorf("prepare %q: %w", query, err), s.Close()))
		}
		s.list[query] = stmt
	}
	return s, nil
}

// Close frees the statements.
func (s *Statements) Close() error {
	var errs []error
	for _, stmt := range s.list {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// Row runs a query of the readers' and scans its one row; found is false if
// there is none.
func (s *Statements) Row(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	found, err = scan(s.list[query].QueryRowContext(ctx, args...), into)
	return found, retryable(err)
}

// Bind makes the statements part of a session's transaction.
func (s *Statements) Bind(ctx context.Context, tx *xorm.Session) *Bound {
	return &Bound{all: s, ctx: ctx, tx: tx, list: make(map[string]*sql.Stmt, len(s.list))}
}

// Bound are statements within one transaction, which also frees them. It is
// for one goroutine, like the transaction.
type Bound struct {
	all  *Statements
	ctx  context.Context // of the transaction
	tx   *xorm.Session
	list map[string]*sql.Stmt
}

// Row is Statements.Row within the transaction.
func (b *Bound) Row(query string, args []any, into ...any) (found bool, err error) {
	return scan(b.statement(query).QueryRowContext(b.ctx, args...), into) //nolint:sqlclosecheck // ends with the transaction
}

// Exec runs a statement and gives the id of the row it inserted, if it did.
func (b *Bound) Exec(query string, args ...any) (id int64, err error) {
	if lone := b.all.lone; lone != nil { // whose one connection the transaction has
		result, err := lone.conn.Load().exec(b.ctx, query, args)
		if err != nil {
			return 0, err
		}
		return result.LastInsertId()
	}
	result, err := b.statement(query).ExecContext(b.ctx, args...) //nolint:sqlclosecheck // ends with the transaction
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// Many runs a statement made for the occasion, such as an INSERT of many rows,
// and gives the id of the first.
func (b *Bound) Many(query string, args []any) (first int64, err error) {
	result, err := b.tx.Tx().Tx.ExecContext(b.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// Each runs a query made for the occasion and calls row for each of its rows.
func (b *Bound) Each(query string, args []any, row func(scan func(into ...any) error) error) error {
	rows, err := b.tx.Tx().Tx.QueryContext(b.ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what failed is in rows.Err
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (b *Bound) statement(query string) *sql.Stmt {
	stmt := b.list[query]
	if stmt == nil {
		stmt = b.tx.Tx().Tx.StmtContext(b.ctx, b.all.list[query])
		b.list[query] = stmt
	}
	return stmt
}

func scan(row *sql.Row, into []any) (found bool, err error) {
	err = row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
