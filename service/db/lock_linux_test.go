package db_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"hongyan/service/db"
)

// TestLockOfADatabaseIsKept: the file was opened and closed beside SQLite, which
// took its lock off. Another program that looked into the database then removed
// the log at its end, and what was acknowledged after that with it.
func TestLockOfADatabaseIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hongyan.db")
	for range 2 { // new, and there already
		d, err := db.Open("sqlite:" + path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		for _, step := range []func(context.Context) error{d.Ping, d.Migrate, d.Reopen} {
			if err := step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !isLocked(t, path+"-shm") {
			t.Skip("/proc/locks does not tell")
		}
		if !isLocked(t, path) {
			t.Error("SQLite has no lock on its file")
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// isLocked tells whether somebody has a lock on a file.
func isLocked(t *testing.T, path string) bool {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && strings.Contains(string(locks), fmt.Sprintf(":%d ", stat.Ino))
}
