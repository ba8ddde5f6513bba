package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"hongyan/model"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
)

// Result codes of the databases; SQLite's at sqlite.org/rescode.html, MySQL's
// in its server error reference.
const (
	sqliteBusy             = 5
	sqliteLocked           = 6
	sqliteIOErr            = 10
	sqliteCorrupt          = 11
	sqliteFull             = 13
	sqliteCantOpen         = 14
	sqliteNotADB           = 26
	sqliteConstraintPK     = 1555
	sqliteConstraintUnique = 2067

	mysqlDuplicate       = 1062
	mysqlDuplicateColumn = 1060
	mysqlDiskFull        = 1021
	mysqlTableFull       = 1114
	mysqlDiskQuota       = 1041
	mysqlTooManyConns    = 1040
	mysqlShutdown        = 1053
	mysqlServerGone      = 2006
	mysqlLockWaitTimeout = 1205
	mysqlDeadlock        = 1213
)

// IsDuplicate tells whether err is a unique index saying "only once".
func IsDuplicate(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqliteConstraintUnique || e.Code() == sqliteConstraintPK
	}
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number == mysqlDuplicate
}

// hasColumn tells whether err says that a column to be added is there already.
func hasColumn(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number == mysqlDuplicateColumn
}

// IsDeadlock tells whether the database ended the transaction in favour of another.
func IsDeadlock(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && (e.Number == mysqlDeadlock || e.Number == mysqlLockWaitTimeout)
}

// commitError is a failure of the commit itself.
type commitError struct{ err error }

// Error tells the cause.
func (e *commitError) Error() string { return "commit: " + e.err.Error() }

// Unwrap gives the cause.
func (e *commitError) Unwrap() error { return e.err }

// IsUnknown tells whether a transaction may have taken effect although it
// failed: the connection broke while the commit was under way, or the disk did
// not say whether it has what was written.
func IsUnknown(err error) bool {
	commit, ok := errors.AsType[*commitError](err)
	return ok && (isBroken(commit.err) || IsSuspect(commit.err))
}

// IsSuspect tells whether err leaves open what the connection's next answers are
// worth: reading, writing or syncing the file failed, or it is not what it should
// be. A sync that is repeated on the same file may succeed without the data.
func IsSuspect(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case sqliteIOErr, sqliteCorrupt, sqliteCantOpen, sqliteNotADB:
		return true
	}
	return false
}

// IsAway tells whether err says that the database's server does not answer.
func IsAway(err error) bool {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number == mysqlShutdown || e.Number == mysqlServerGone
	}
	return isBroken(err)
}

// isBroken tells whether it was the connection that failed.
func isBroken(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// retryDelay is when a database that is away or full is worth another try.
const retryDelay = time.Second

// retryable makes what IsUnavailable tells a failure that its cause may hear of.
func retryable(err error) error {
	if _, known := errors.AsType[*model.Error](err); known || !IsUnavailable(err) {
		return err
	}
	return &model.Error{Code: model.CodeUnavailable, RetryAfter: retryDelay, Err: err}
}

// IsUnavailable tells whether the fault is the database's state (away, full,
// locked, too slow) and not the statement: trying again later makes sense.
func IsUnavailable(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqliteBusy, sqliteLocked, sqliteIOErr, sqliteFull, sqliteCantOpen:
			return true
		}
		return false
	}
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch e.Number {
		case mysqlDiskFull, mysqlTableFull, mysqlDiskQuota, mysqlTooManyConns, mysqlShutdown,
			mysqlServerGone, mysqlLockWaitTimeout, mysqlDeadlock:
			return true
		}
		return false
	}
	return isBroken(err) || errors.Is(err, context.DeadlineExceeded)
}
