package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hongyan/model"
)

// source reads what a sender sends and remembers why it ended, so that a fault
// of theirs is told from one of the store.
type source struct {
	r    io.Reader
	size int64 // a file may have
	room int64 // the quota leaves
	read int64
	err  error
}

// Read reads, up to the bounds.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.read += int64(n)
	switch {
	case s.read > s.size:
		s.err = model.TooLarge("file")
	case s.read > s.room:
		s.err = model.TooLarge("quota")
	case err != nil && !errors.Is(err, io.EOF):
		s.err = err
	default:
		return n, err
	}
	return 0, s.err
}

// fault is what the sender hears.
func (s *source) fault() error {
	if _, ok := errors.AsType[*model.Error](s.err); ok {
		return s.err
	}
	return &model.Error{Code: model.CodeInvalid, Key: "upload", Err: s.err}
}

// spool is a folder of files that are looked at before they are stored.
type spool string

const spoolPattern = "upload-*"

// openSpool makes the folder and removes what an earlier process has left.
func openSpool(folder string) (spool, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("uploads: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(folder, spoolPattern))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		return "", fmt.Errorf("uploads: %w", err)
	}
	return spool(folder), nil
}

// file makes a file that discard removes.
func (s spool) file() (*os.File, error) { return os.CreateTemp(string(s), spoolPattern) }

// discard closes and removes a file of the spool.
func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name()) // what stays is removed at the next start
}
