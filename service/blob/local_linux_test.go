package blob

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReallyFullDisk fills a file system of 256 kB.
func TestReallyFullDisk(t *testing.T) {
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("mounting takes root: the faults of TestFullDisk must do:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(mount, 0); err != nil {
			t.Error(err)
		}
	})
	l, err := NewLocal(filepath.Join(mount, "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := l.Put(context.Background(), newKey(), io.LimitReader(zeros{}, 1<<20)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	if left := files(t, mount); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
	if _, err := l.Put(context.Background(), newKey(), strings.NewReader("there is room again")); err != nil {
		t.Fatal(err)
	}
}
