// Package lock keeps two servers off one folder: a file that one process holds
// as long as it lives. The system gives it up when the process ends, however it
// ends, so there is no stale lock to clean away. It imports nothing of ours.
package lock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ErrHeld says that another process, or another part of this one, holds the lock.
var ErrHeld = errors.New("in use by another hongyan")

// Lock is a held lock.
type Lock struct{ file *os.File }

// Acquire takes the lock at path, making the file where it is missing. It does
// not wait: a held lock is an error that wraps ErrHeld.
func Acquire(path string) (*Lock, error) {
	f, err := open(path)
	if errors.Is(err, errBusy) {
		if pid := holder(path); pid > 0 {
			return nil, fmt.Errorf("%s: %w (process %d)", path, ErrHeld, pid)
		}
		return nil, fmt.Errorf("%s: %w", path, ErrHeld)
	}
	if err != nil {
		return nil, err
	}
	if err := write(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// Release gives the lock up. The file stays: removing it would race with the
// next process that opens it.
func (l *Lock) Release() error { return l.file.Close() }

// write leaves the process's number for the message of the next one.
func write(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder reads the number that write left; zero where it cannot be read.
func holder(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
