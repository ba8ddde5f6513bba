// Package db opens the database, runs its migrations and gives out sessions:
// one writer and many readers on SQLite, one pool on MySQL. It knows rows and
// SQL, not the rules of the product; it may not import service or ctrl.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
	"xorm.io/xorm"
	"xorm.io/xorm/core"
	"xorm.io/xorm/log"
	"xorm.io/xorm/names"
)

// Dialects that Open knows.
const (
	SQLite = "sqlite"
	MySQL  = "mysql"
)

// readers is the size of the pool of SQLite readers, and connections that of a
// MySQL pool: enough to keep two cores busy, few enough for a small server.
const (
	readers     = 8
	connections = 32
)

// checkpoint is after how many pages of the log the writer copies them into the
// database. Pages that many batches touch, as the ends of the indexes, are then
// copied once: with SQLite's own 1,000 it costs a message 5 µs more (34 to 29,
// batches of 200). 8,192 pages are 32 MiB, read again in a fraction of a second
// after a crash.
const checkpoint = "&_pragma=wal_autocheckpoint(8192)"

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	Dialect string
	source  string                 // SQLite: the name under which it is opened for writing
	write   atomic.Pointer[writer] // Reopen replaces it
	read    *xorm.Engine
	reads   reads
}

// Open opens "sqlite:PATH" or "mysql://user:pass@host:port/name". It connects
// only when first used; Ping tells whether the database answers.
func Open(source string) (*DB, error) {
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		return openSQLite(path)
	}
	if strings.HasPrefix(source, "mysql://") {
		return openMySQL(source)
	}
	return nil, fmt.Errorf("database %q: want sqlite:PATH or mysql://user:pass@host:port/name", redact(source))
}

func openSQLite(path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("database sqlite: no path given")
	}
	pragmas := "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-16000)&_pragma=cell_size_check(1)"
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + pragmas
	create(path)
	d := &DB{Dialect: SQLite, source: name + "&_txlock=immediate" + checkpoint}
	write, err := sqliteWriter(d.source)
	if err != nil {
		return nil, err
	}
	d.write.Store(write)
	if d.read, err = engine("sqlite", name+"&_pragma=query_only(1)", readers); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return d, nil
}

// create makes the file, which SQLite would make for everybody to read; what is in
// the way SQLite says. One that is there is left alone: to close it would take
// SQLite's own locks off it, which POSIX keeps for a process and not for each
// opening (https://www.sqlite.org/howtocorrupt.html, 2.2).
func create(path string) {
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = f.Close()
	}
}

func openMySQL(source string) (*DB, error) {
	u, err := url.Parse(source)
	if err != nil || u.Host == "" || len(u.Path) < 2 {
		return nil, errors.New("database mysql: want mysql://user:pass@host:port/name")
	}
	c := mysql.NewConfig()
	c.User, c.DBName, c.Net, c.Addr = u.User.Username(), u.Path[1:], "tcp", u.Host
	c.Passwd, _ = u.User.Password()
	if u.Port() == "" {
		c.Addr = u.Hostname() + ":3306"
	}
	c.Collation = "utf8mb4_bin"
	c.InterpolateParams = true
	c.ClientFoundRows = true      // an update that changes nothing still found its row
	c.Logger = &mysql.NopLogger{} // what goes wrong comes back as an error; the log has one form
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 5*time.Second, 30*time.Second, 30*time.Second
	if t := u.Query().Get("tls"); t != "" {
		c.TLSConfig = t
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("database mysql: %w", err)
	}
	pool := core.FromDB(sql.OpenDB(tuned{connector}))
	e, err := xorm.NewEngineWithDB("mysql", c.FormatDSN(), pool)
	if err != nil {
		return nil, fmt.Errorf("database mysql: %w", err)
	}
	tune(e, connections)
	d := &DB{Dialect: MySQL, read: e}
	d.write.Store(&writer{Engine: e})
	return d, nil
}

// idleInside is after how many seconds without a statement MariaDB takes a
// transaction back: its node is frozen or cut off, and what it
// locked is waited for by all others. Ours have no pause between two statements.
const idleInside = "5"

// tuned sets each connection up, whatever the server's own defaults are. Every
// read inside a transaction sees what is committed by then: the rows that
// matter are locked explicitly. What does not fit a column is an error: it is
// never cut. They are statements because MySQL and MariaDB name the first
// variable differently, and because the second adds to what the server has.
type tuned struct{ driver.Connector }

// Connect opens a connection and sets it up.
func (c tuned) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("mysql: the driver cannot execute"), conn.Close())
	}
	for _, statement := range []string{
		"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
		"SET SESSION sql_mode = CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_TRANS_TABLES')",
	} {
		if _, err := execer.ExecContext(ctx, statement, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	// MariaDB has it, MySQL has not: it is worth having, and no fault to lack.
	_, _ = execer.ExecContext(ctx, "SET SESSION idle_transaction_timeout = "+idleInside, nil)
	return conn, nil
}

func engine(driver, name string, pool int) (*xorm.Engine, error) {
	e, err := xorm.NewEngine(driver, name)
	if err != nil {
		return nil, err
	}
	tune(e, pool)
	return e, nil
}

func tune(e *xorm.Engine, pool int) {
	e.SetMapper(names.GonicMapper{})
	e.SetLogger(log.DiscardLogger{}) // statements carry what people wrote
	e.SetMaxOpenConns(pool)
	e.SetMaxIdleConns(pool)
	e.SetConnMaxLifetime(time.Hour)
}

// Close closes all connections.
func (d *DB) Close() error {
	write := d.write.Load()
	err := write.Close()
	if d.read != write.Engine {
		err = errors.Join(err, d.read.Close())
	}
	return err
}

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return d.View(ctx, func(s *xorm.Session) error {
		_, err := s.Exec("SELECT 1")
		return err
	})
}

// Epoch tells this store from any other. It is made with the schema.
func (d *DB) Epoch(ctx context.Context) (epoch int64, err error) {
	err = d.View(ctx, func(s *xorm.Session) error {
		_, err := s.SQL("SELECT value FROM state WHERE name = 'epoch'").Get(&epoch)
		return err
	})
	return epoch, err
}

// Now is the time by the clock of a MySQL server.
func (d *DB) Now(ctx context.Context) (time.Time, error) {
	var micros int64
	err := d.View(ctx, func(s *xorm.Session) error {
		// Of local times one hour a year is there twice.
		_, err := s.SQL("SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))").Get(&micros)
		return err
	})
	return time.UnixMicro(micros), err
}

// View runs fn on a session of the readers' pool, outside a transaction.
func (d *DB) View(ctx context.Context, fn func(s *xorm.Session) error) error {
	s := d.read.NewSession().Context(ctx)
	defer func() { _ = s.Close() }()
	return retryable(fn(s))
}

// Tx runs fn in one writing transaction and commits it, or rolls back if fn
// fails. A deadlock that the database resolved against this transaction runs
// fn again, so fn must not have effects outside the session.
func (d *DB) Tx(ctx context.Context, fn func(s *xorm.Session) error) error {
	var err error
	for range 4 {
		if err = d.tx(ctx, fn); !IsDeadlock(err) {
			break
		}
	}
	return retryable(err)
}

func (d *DB) tx(ctx context.Context, fn func(s *xorm.Session) error) (err error) {
	s := d.write.Load().NewSession().Context(ctx)
	defer func() { _ = s.Close() }()
	if err := s.Begin(); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			_ = s.Rollback()
			panic(r)
		}
	}()
	if err := fn(s); err != nil {
		return errors.Join(err, s.Rollback())
	}
	if err := s.Commit(); err != nil {
		return &commitError{err}
	}
	return nil
}

// Waits counts how often somebody had to wait for a connection to write with. On
// SQLite, which has one, that is how often two transactions were in each
// other's way.
func (d *DB) Waits() int64 { return d.write.Load().DB().Stats().WaitCount }

// ForUpdate is the clause that locks the rows a transaction reads. SQLite has
// one writer at a time and needs none.
func (d *DB) ForUpdate() string {
	if d.Dialect == MySQL {
		return " FOR UPDATE"
	}
	return ""
}

func redact(source string) string {
	u, err := url.Parse(source)
	if err != nil {
		return "(unreadable)"
	}
	return u.Redacted()
}
