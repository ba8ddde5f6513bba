package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"xorm.io/xorm"
)

// migration is one numbered step from an empty database to today's. A released
// step is never edited; the next one is appended.
type migration struct {
	title string
	// oldest is the number of the newest migration that a program has to know to
	// work on what this one leaves: a step that only adds what older programs do
	// not look at names theirs, so that they can be gone back to. 0: this one's own.
	oldest int
	steps  []string            // on every dialect
	only   map[string][]string // by dialect, after steps
}

// migrations in order; the number of one is its index plus 1. In the
// statements {id}, {text}, {long}, {cid} and {table} stand for what the dialects say
// differently; what only one of them has, stands in a list of its own.
func migrations() []migration {
	return []migration{
		{title: "accounts, contacts, groups, timelines, files", steps: schema1()},
		search(),
		{title: "merged records", steps: schemaRecord()},
		upload(),
		{title: "invitations, pins, names in groups, stars", steps: groups2()},
		packets(),
		stickers(),
		privacy(),
		conversationSettings(),
		push(),
		{title: "answers to requests", steps: []string{"ALTER TABLE request ADD COLUMN answer VARCHAR(600) NOT NULL DEFAULT ''"}},
		shared(),
		rows(),
		cids(),
		{title: "how far back programs may be", steps: []string{"ALTER TABLE migration ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0"}},
		calls(),
	}
}

// fill writes the statements' placeholders as a dialect says them.
func fill(dialect, statement string) string {
	words := []string{"{id}", "INTEGER PRIMARY KEY AUTOINCREMENT", "{text}", "TEXT", "{long}", "TEXT", "{cid}", "VARCHAR(64)", "{table}", ""}
	if dialect == MySQL {
		words = []string{
			"{id}", "BIGINT PRIMARY KEY AUTO_INCREMENT", "{text}", "TEXT", "{long}", "MEDIUMTEXT",
			// Bytes: a collation would hold names alike that differ in trailing spaces.
			"{cid}", "VARBINARY(256)",
			"{table}", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
		}
	}
	return strings.NewReplacer(words...).Replace(statement)
}

// Version gives the number of the newest migration this program knows.
func Version() int { return len(migrations()) }

// Migrate brings the database to Version, each step in a transaction of its own
// with the row that records it. (MySQL commits every DDL statement by itself:
// statements there are written so that a step may be run again.) Nodes that
// start together take turns. A database newer than the program is an error,
// unless what made it so names the program as one that can work on it.
func (d *DB) Migrate(ctx context.Context) error { return d.migrate(ctx, migrations()) }

func (d *DB) migrate(ctx context.Context, list []migration) error {
	unlock, err := d.lockMigrations(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer unlock()
	create := "CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, title VARCHAR(255) NOT NULL, at BIGINT NOT NULL){table}"
	if err := d.Tx(ctx, func(s *xorm.Session) error {
		_, err := s.Exec(fill(d.Dialect, create))
		return err
	}); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	version, err := d.version(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := d.allows(ctx, len(list)); err != nil {
		return err
	}
	for i := version; i < len(list); i++ {
		if err := d.Tx(ctx, func(s *xorm.Session) error { return d.step(s, i+1, list[i]) }); err != nil {
			return fmt.Errorf("migration %d (%s): %w", i+1, list[i].title, err)
		}
	}
	return nil
}

func (d *DB) version(ctx context.Context) (version int, err error) {
	err = d.View(ctx, func(s *xorm.Session) error {
		_, err := s.SQL("SELECT COALESCE(MAX(version), 0) FROM migration").Get(&version)
		return err
	})
	return version, err
}

// allows fails if a migration that a program of a version does not know leaves
// nothing that it can work on.
func (d *DB) allows(ctx context.Context, version int) error {
	var newest int
	err := d.View(ctx, func(s *xorm.Session) error {
		var now int
		if _, err := s.SQL("SELECT COALESCE(MAX(version), 0) FROM migration").Get(&now); err != nil || now <= version {
			return err // an older database need not have the column
		}
		_, err := s.SQL("SELECT COALESCE(MAX(version), 0) FROM migration WHERE version > ? AND (oldest = 0 OR oldest > ?)", version, version).Get(&newest)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("migrate: %w", err)
	case newest > 0:
		return fmt.Errorf("the database is at version %d, this program knows %d: start a newer program", newest, version)
	}
	return nil
}

func (d *DB) step(s *xorm.Session, number int, m migration) error {
	for _, statement := range slices.Concat(m.steps, m.only[d.Dialect]) {
		// MySQL has no ADD COLUMN IF NOT EXISTS: a column of a step half done is there.
		if _, err := s.Exec(fill(d.Dialect, statement)); err != nil && !hasColumn(err) {
			return err
		}
	}
	_, err := s.Exec("INSERT INTO migration (version, title, at) VALUES (?, ?, ?)", number, m.title, time.Now().UnixMilli())
	if err == nil && m.oldest != 0 {
		_, err = s.Exec("UPDATE migration SET oldest = ? WHERE version = ?", m.oldest, number)
	}
	return err
}

// lockMigrations keeps other nodes on the same MySQL from migrating meanwhile.
// On SQLite the data folder's lock has seen to that.
func (d *DB) lockMigrations(ctx context.Context) (unlock func(), err error) {
	if d.Dialect != MySQL {
		return func() {}, nil
	}
	conn, err := d.write.Load().DB().DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got int
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(CONCAT(DATABASE(), '.migrate'), 60)").Scan(&got); err != nil || got != 1 {
		_ = conn.Close()
		return nil, fmt.Errorf("no turn within 60 s: %w", err)
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.migrate'))")
		_ = conn.Close()
	}, nil
}

// Current fails if this program is too old or too new for the database.
func (d *DB) Current(ctx context.Context) error {
	version, err := d.version(ctx)
	if err != nil {
		return fmt.Errorf("the database has no version yet, its server has not started: %w", err)
	}
	if version < Version() || d.allows(ctx, Version()) != nil {
		return fmt.Errorf("the database is at version %d, this program's is %d: use the program that its server runs", version, Version())
	}
	return nil
}
