package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hongyan/util/lock"
)

func openLocal(t *testing.T) (*Local, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	l, err := NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, dir
}

// files lists all that is stored under dir, or left over.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != lockName {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// fullDisk writes some bytes and then fails like a disk without room.
type fullDisk struct {
	writeFile
	room   int
	onSync bool
	synced *bool
}

func (f *fullDisk) Write(p []byte) (int, error) {
	if len(p) > f.room {
		n, _ := f.writeFile.Write(p[:f.room])
		f.room = 0
		return n, syscall.ENOSPC
	}
	f.room -= len(p)
	return f.writeFile.Write(p)
}

func (f *fullDisk) Sync() error {
	if f.onSync {
		return syscall.ENOSPC
	}
	*f.synced = true
	return f.writeFile.Sync()
}

func TestFullDisk(t *testing.T) {
	for name, c := range map[string]fullDisk{
		"on write": {room: 1000}, "on sync": {room: 1 << 20, onSync: true}, "at once": {},
	} {
		t.Run(name, func(t *testing.T) {
			l, dir := openLocal(t)
			create, synced := l.create, false
			l.create = func(name string) (writeFile, error) {
				f, err := create(name)
				return &fullDisk{f, c.room, c.onSync, &synced}, err
			}
			_, err := l.Put(context.Background(), newKey(), strings.NewReader(strings.Repeat("x", 5000)))
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("got %v", err)
			}
			if left := files(t, dir); len(left) > 0 {
				t.Fatalf("left behind: %v", left)
			}
			l.create = create // room again
			if _, err := l.Put(context.Background(), newKey(), strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestNameComesAfterSync shows that a file has its name only when its content
// is durable.
func TestNameComesAfterSync(t *testing.T) {
	l, dir := openLocal(t)
	create, synced, key := l.create, false, newKey()
	l.create = func(name string) (writeFile, error) {
		f, err := create(name)
		return &fullDisk{writeFile: f, room: 1 << 20, synced: &synced}, err
	}
	looks := 0
	r := io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) {
		looks++
		if _, err := l.Open(context.Background(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Error("it has its name before it is complete")
		}
		return 0, io.EOF
	}))
	if _, err := l.Put(context.Background(), key, r); err != nil {
		t.Fatal(err)
	}
	if !synced || looks != 1 || len(files(t, dir)) != 1 {
		t.Fatalf("synced %v, %d looks, %v", synced, looks, files(t, dir))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestCrashLeftoversAreSwept(t *testing.T) {
	l, dir := openLocal(t)
	key := newKey()
	if _, err := l.Put(context.Background(), key, strings.NewReader("kept")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, temporary, "HALF"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A second process is refused before it sweeps; the next one sweeps.
	if _, err := NewLocal(dir); !errors.Is(err, lock.ErrHeld) || len(files(t, dir)) != 2 {
		t.Fatalf("opened twice: %v, left: %v", err, files(t, dir))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if left := files(t, dir); len(left) != 1 || filepath.Base(left[0]) != key {
		t.Fatalf("left: %v", left)
	}
}

func TestLinksLeadNowhere(t *testing.T) {
	l, dir := openLocal(t)
	secret := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := newKey()
	folder := filepath.Join(dir, key[:2])
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(folder, key)); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := l.Open(context.Background(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link was followed: %v", err)
	}
	// A folder that is a link out of the store is not entered either.
	other := "zz" + newKey()[2:]
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), other), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(dir), filepath.Join(dir, "zz")); err != nil {
		t.Fatal(err)
	}
	if f, err := l.Open(context.Background(), other); err == nil {
		t.Errorf("a folder that is a link was entered: %v", f)
	}
	if _, err := l.Put(context.Background(), other, strings.NewReader("x")); err == nil {
		t.Error("written through a folder that is a link")
	}
}

// Nodes that share a folder sweep nothing of each other's, but what one left
// that is gone; a process which wants the folder for itself is kept off, and
// keeps them off.
func TestSharedFolder(t *testing.T) {
	dir := t.TempDir()
	open := func() *Local {
		t.Helper()
		l, err := NewShared(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	a, b := open(), open()
	key := newKey()
	if _, err := a.Put(t.Context(), key, strings.NewReader("said at a")); err != nil {
		t.Fatal(err)
	}
	r, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != "said at a" {
		t.Errorf("b reads %q, %v", text, err)
	}
	_ = r.Close()
	half := func(l *Local) string { return filepath.Join(dir, l.parts, "HALF") }
	for _, l := range []*Local{a, b} {
		if err := os.WriteFile(half(l), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewLocal(dir); !errors.Is(err, lock.ErrHeld) {
		t.Errorf("alone, while two nodes have it: %v", err)
	}
	left := half(a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	c := open()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) || half(c) != left {
		t.Errorf("what a left is still there: %v", err)
	}
	if _, err := os.Stat(half(b)); err != nil {
		t.Errorf("what b is writing is gone: %v", err)
	}
	if err := errors.Join(b.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	alone, err := NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = alone.Close() }()
	if _, err := NewShared(dir); !errors.Is(err, lock.ErrHeld) {
		t.Errorf("shared, while a process has it alone: %v", err)
	}
}
