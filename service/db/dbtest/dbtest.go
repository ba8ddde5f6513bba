// Package dbtest gives tests real databases: a fresh, migrated SQLite file, and
// the same suite again on a MariaDB that the test process starts for itself
// with a data directory and a port of its own, where mariadbd is installed.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"hongyan/service/db"
)

// Run runs fn as a subtest on each dialect, with a migrated database of its own.
func Run(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	Sources(t, func(t *testing.T, source string) {
		d, err := db.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		if err := d.Migrate(context.Background()); err != nil {
			t.Fatal(err)
		}
		fn(t, d)
	})
}

// Sources runs fn as a subtest on each dialect, with the source of an empty
// database, as -db takes it.
func Sources(t *testing.T, fn func(t *testing.T, source string)) {
	t.Helper()
	t.Run(db.SQLite, func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run(db.MySQL, func(t *testing.T) { fn(t, MySQL(t)) })
}

// SQLite gives the source of a new SQLite file that is removed with the test.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "hongyan.db")
}

var databases atomic.Int64 // numbers the databases of this process

// MySQL gives the source of an empty database on this process's own MariaDB,
// dropped with the test. It skips the test where MariaDB is not installed.
func MySQL(t testing.TB) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	if s == nil {
		t.Skip("mariadbd is not installed: skipping the MySQL half (apt-get install mariadb-server)")
	}
	name := fmt.Sprintf("t%d_%d", os.Getpid(), databases.Add(1))
	s.exec(t, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
	t.Cleanup(func() { s.exec(t, "DROP DATABASE "+name) })
	return fmt.Sprintf("mysql://hongyan:hongyan@127.0.0.1:%d/%s", s.port, name)
}

func (s *mariadb) exec(t testing.TB, statement string) {
	t.Helper()
	pool, err := sql.Open("mysql", fmt.Sprintf("hongyan:hongyan@tcp(127.0.0.1:%d)/", s.port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	if _, err := pool.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
