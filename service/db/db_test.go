package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"xorm.io/xorm"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

func beans() []any {
	return []any{
		new(model.User), new(model.Session), new(model.Ticket), new(model.Contact), new(model.Block), new(model.Request),
		new(model.Community), new(model.Conversation), new(model.Member), new(model.Post), new(model.Attachment),
		new(model.PushSubscription), new(model.NotifyChannel), new(model.Secret),
	}
}

// Every field of every row type has its column, and a zero row is stored and
// found: the tables and the structs do not drift apart.
func TestTablesFitTheModel(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for _, bean := range beans() {
			err := d.Tx(t.Context(), func(s *xorm.Session) error {
				if _, err := s.Insert(bean); err != nil {
					return err
				}
				n, err := s.Where("1 = 1").Count(bean)
				if err == nil && n != 1 {
					t.Errorf("%T: %d rows, want 1", bean, n)
				}
				if found, err := s.Where("1 = 1").Get(bean); err != nil || !found {
					t.Errorf("%T: found %v, %v", bean, found, err)
				}
				return err
			})
			if err != nil {
				t.Errorf("%T: %v", bean, err)
			}
		}
	})
}

func TestMigrateTwiceIsNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMigrateRefusesTheFuture, but for what says that this program can work on it.
func TestMigrateRefusesTheFuture(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for i, later := range []struct {
			oldest  int
			refused bool
		}{{db.Version(), false}, {1, false}, {0, true}, {db.Version() + 1, true}, {db.Version(), true}} {
			err := d.Tx(t.Context(), func(s *xorm.Session) error {
				_, err := s.Exec("INSERT INTO migration (version, title, at, oldest) VALUES (?, 'later', 0, ?)", db.Version()+1+i, later.oldest)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = d.Migrate(t.Context())
			if (err != nil) != later.refused || err != nil && !strings.Contains(err.Error(), "newer") {
				t.Errorf("after %+v: %v", later, err)
			}
			if current := d.Current(t.Context()); (current != nil) != later.refused {
				t.Errorf("current after %+v: %v", later, current)
			}
		}
	})
}

func TestDuplicateIsRecognised(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		add := func() error {
			return d.Tx(t.Context(), func(s *xorm.Session) error {
				_, err := s.Insert(&model.User{Mobile: "13800000000"})
				return err
			})
		}
		if err := add(); err != nil {
			t.Fatal(err)
		}
		if err := add(); !db.IsDuplicate(err) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestTxRollsBackOnPanic(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		func() {
			defer func() { _ = recover() }()
			_ = d.Tx(t.Context(), func(s *xorm.Session) error {
				_, _ = s.Insert(&model.User{Mobile: "13800000000"})
				panic("half way")
			})
		}()
		if err := d.Tx(t.Context(), func(s *xorm.Session) error {
			n, err := s.Where("1 = 1").Count(new(model.User))
			if n != 0 {
				t.Errorf("%d rows stayed", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDurability(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		query, want := "PRAGMA synchronous", "2" // 2 is FULL
		if d.Dialect == db.MySQL {
			query, want = "SELECT @@innodb_flush_log_at_trx_commit", "1"
		}
		_ = d.Tx(context.Background(), func(s *xorm.Session) error {
			rows, err := s.QueryString(query)
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			for _, got := range rows[0] {
				if got != want {
					t.Errorf("%s = %s, want %s", query, got, want)
				}
			}
			return nil
		})
	})
}

func TestOpenNamesWhatItWants(t *testing.T) {
	for _, source := range []string{"", "sqlite:", "postgres://x", "mysql://user:geheim@"} {
		_, err := db.Open(source)
		if err == nil {
			t.Errorf("%q opened", source)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: the error tells the password: %v", source, err)
		}
	}
}

// A server that cuts what is too long, as some are set up to, must not do so here.
func TestTooLongIsNeverCut(t *testing.T) {
	source := dbtest.MySQL(t)
	open := func() *db.DB {
		d, err := db.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	admin := open()
	if err := admin.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	set := func(mode string) {
		if err := admin.View(context.Background(), func(s *xorm.Session) error {
			_, err := s.Exec("SET GLOBAL sql_mode = '" + mode + "'")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { set("STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION") })
	for i, mode := range []string{"", "NO_ENGINE_SUBSTITUTION"} {
		set(mode)
		err := open().Tx(t.Context(), func(s *xorm.Session) error {
			_, err := s.Insert(&model.User{Mobile: fmt.Sprint("1380000000", i), Nickname: strings.Repeat("x", 5000)})
			return err
		})
		if err == nil {
			t.Errorf("with sql_mode %q a nickname was cut", mode)
		}
	}
}

// Preparing is often the first that meets a database which is away.
func TestPreparingOnADatabaseThatIsAwayCanBeRepeated(t *testing.T) {
	d, err := db.Open("mysql://user:pass@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	for name, prepare := range map[string]func(context.Context, ...string) (*db.Statements, error){
		"reads": d.PrepareReads, "writes": d.PrepareWrites,
	} {
		_, err := prepare(t.Context(), "SELECT 1")
		if e, ok := errors.AsType[*model.Error](err); !ok || e.Code != model.CodeUnavailable || e.RetryAfter == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEpochsDiffer(t *testing.T) {
	seen := map[int64]bool{}
	for range 2 {
		dbtest.Run(t, func(t *testing.T, d *db.DB) {
			epoch, err := d.Epoch(t.Context())
			if err != nil || epoch == 0 || seen[epoch] {
				t.Errorf("epoch %d, %v; seen %v", epoch, err, seen)
			}
			seen[epoch] = true
		})
	}
}

// The file of a database that a folder's neighbours could open had hashes of
// passwords in it.
func TestFileOfADatabaseIsItsOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hongyan.db")
	d, err := db.Open("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Ping(t.Context()); err != nil { // as the server does first
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", filepath.Base(name), info.Mode())
		}
	}
}
