package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"hongyan/util/lock"
)

// temporary is the folder of files that are being written. Whatever is in it
// when the store opens is left over from a crash.
const temporary = "tmp"

// lockName is the file that keeps a second process off the directory, whose
// start would sweep away what this one is writing.
const lockName = "files.lock"

// placeLock ends the name of the file that a node holds which shares a directory.
const placeLock = ".lock"

// Local keeps files in a directory, in folders by the first two letters of
// their keys. It sees nothing outside that directory, links or not.
type Local struct {
	root   *os.Root
	lock   *lock.Lock
	parts  string                               // the folder of what is being written
	create func(name string) (writeFile, error) // tests break it
}

// writeFile is a file being written.
type writeFile interface {
	io.Writer
	Sync() error
	Close() error
}

// NewLocal opens the directory, makes it if it is not there, and sweeps what a
// crash has left half written. One process at a time may use a directory: a
// second one is refused.
func NewLocal(dir string) (*Local, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("blob local: %w", err)
	}
	held, err := lock.Acquire(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("blob local: %w", err)
	}
	if err := unshared(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("blob local: %w", err), held.Release())
	}
	l, err := newLocal(dir, temporary, held)
	if err != nil {
		return nil, fmt.Errorf("blob local: %w", err)
	}
	return l, nil
}

// newLocal opens the directory, of which this process has the place, and sweeps
// what is left there. The lock is given up if that fails.
func newLocal(dir, place string, held *lock.Lock) (*Local, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	l := &Local{root: root, lock: held, parts: place}
	l.create = func(name string) (writeFile, error) {
		return l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err = root.RemoveAll(place); err == nil {
		err = root.Mkdir(place, 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close gives the directory back.
func (l *Local) Close() error { return errors.Join(l.root.Close(), l.lock.Release()) }

// Put writes to a temporary file, makes it durable, and gives it its name only
// then; the folder is made durable too before Put returns.
func (l *Local) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	part := l.parts + "/" + rand.Text()
	size, err := l.write(part, contextReader{ctx, r})
	if err != nil {
		return 0, errors.Join(err, l.discard(part))
	}
	if err := l.place(part, key); err != nil {
		return 0, errors.Join(fmt.Errorf("blob local: %w", err), l.discard(part))
	}
	return size, nil
}

func (l *Local) write(name string, r io.Reader) (int64, error) {
	f, err := l.create(name)
	if err != nil {
		return 0, fmt.Errorf("blob local: %w", err)
	}
	size, err := io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return size, err
}

// place gives a written file its name.
func (l *Local) place(part, key string) error {
	folder := key[:2]
	if err := l.root.Mkdir(folder, 0o700); err == nil {
		if err := l.syncDir("."); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	name := folder + "/" + key
	if _, err := l.root.Lstat(name); err == nil {
		return fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	if err := l.root.Rename(part, name); err != nil {
		return err
	}
	if err := l.syncDir(folder); err != nil {
		return errors.Join(err, l.discard(name))
	}
	return nil
}

// syncDir makes the names in a folder durable.
func (l *Local) syncDir(name string) error {
	if runtime.GOOS == "windows" { // which keeps names by itself and cannot be asked to
		return nil
	}
	d, err := l.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// discard removes a file that may not be there.
func (l *Local) discard(name string) error {
	if err := l.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob local: %w", err)
	}
	return nil
}

// Open opens a file. What is no regular file is not there.
func (l *Local) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	if checkKey(key) != nil {
		return nil, fs.ErrNotExist
	}
	name := key[:2] + "/" + key
	// Asked first, so that a pipe in the folder cannot hold the caller.
	if info, err := l.root.Lstat(name); err != nil {
		return nil, fmt.Errorf("blob local: %w", err)
	} else if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	f, err := l.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("blob local: %w", err)
	}
	return f, nil
}

// Delete removes a file.
func (l *Local) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return l.discard(key[:2] + "/" + key)
}

// SignGet gives no URL: local files are served by the server itself.
func (l *Local) SignGet(context.Context, string, string, string) (string, error) { return "", nil }

// Origin is empty, as SignGet gives nothing.
func (l *Local) Origin() string { return "" }

// Check tells whether the directory is still there.
func (l *Local) Check(context.Context) error {
	if _, err := l.root.Stat(l.parts); err != nil {
		return fmt.Errorf("blob local: %w", err)
	}
	return nil
}
