package lock

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestSecondIsRefusedUntilTheFirstLetsGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hongyan.lock")
	first, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(path)
	if !errors.Is(err, ErrHeld) {
		t.Fatalf("second lock: %v, want %v", err, ErrHeld)
	}
	for _, part := range []string{path, strconv.Itoa(os.Getpid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %s", err, part)
		}
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	third, err := Acquire(path)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	if err := third.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestMissingFolderIsAClearError(t *testing.T) {
	_, err := Acquire(filepath.Join(t.TempDir(), "absent", "hongyan.lock"))
	if err == nil || errors.Is(err, ErrHeld) {
		t.Fatalf("got %v, want an error about the folder", err)
	}
}
