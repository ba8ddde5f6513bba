package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"xorm.io/xorm"
)

// Statements are prepared once and bound to one transaction after another: the
// few statements that every message runs. They are safe for concurrent use.
type Statements struct{ list map[string]*sql.Stmt }

// PrepareWrites prepares statements of transactions. It may not be called
// within one: SQLite has a single writing connection.
func (d *DB) PrepareWrites(ctx context.Context, queries ...string) (*Statements, error) {
	return prepare(ctx, d.write.DB().DB, queries)
}

// PrepareReads prepares statements that run on the readers' pool.
func (d *DB) PrepareReads(ctx context.Context, queries ...string) (*Statements, error) {
	return prepare(ctx, d.read.DB().DB, queries)
}

func prepare(ctx context.Context, pool *sql.DB, queries []string) (*Statements, error) {
	s := &Statements{list: make(map[string]*sql.Stmt, len(queries))}
	for _, query := range queries {
		stmt, err := pool.PrepareContext(ctx, query)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("prepare %q: %w", query, err), s.Close())
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

// Get gives the statement of a query that was prepared.
func (s *Statements) Get(query string) *sql.Stmt { return s.list[query] }

// In binds the statement of a query to a session's transaction.
func (s *Statements) In(ctx context.Context, tx *xorm.Session, query string) *sql.Stmt {
	return tx.Tx().Tx.StmtContext(ctx, s.list[query])
}
