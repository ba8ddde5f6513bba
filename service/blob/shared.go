package blob

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"hongyan/util/lock"
)

const (
	// mostNodes is how many may share a folder.
	mostNodes = 256
	// doorWait is how long the others' starts are waited for.
	doorWait = 5 * time.Second
	doorLook = 20 * time.Millisecond
)

// NewShared opens a directory that several nodes of a cluster have, on one
// machine or mounted by each. What a node is writing lies in a place of its own,
// which the node that takes that place next sweeps after a crash.
func NewShared(dir string) (*Local, error) {
	l, err := openShared(dir)
	if err != nil {
		return nil, fmt.Errorf("blob local: %w", err)
	}
	return l, nil
}

func openShared(dir string) (*Local, error) {
	if err := os.MkdirAll(filepath.Join(dir, temporary), 0o700); err != nil {
		return nil, err
	}
	// A process that has the folder to itself holds this; so do others as they start.
	door, err := patiently(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	defer func() { _ = door.Release() }() // it is this process's own
	for i := range mostNodes {
		place := temporary + "/" + strconv.Itoa(i)
		held, err := lock.Acquire(filepath.Join(dir, place+placeLock))
		if errors.Is(err, lock.ErrHeld) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return newLocal(dir, place, held)
	}
	return nil, fmt.Errorf("%s: used by %d nodes already", dir, mostNodes)
}

// patiently takes a lock that others hold for a moment.
func patiently(path string) (held *lock.Lock, err error) {
	for end := time.Now().Add(doorWait); ; time.Sleep(doorLook) {
		held, err = lock.Acquire(path)
		if !errors.Is(err, lock.ErrHeld) || time.Now().After(end) {
			return held, err
		}
	}
}

// unshared fails while a node shares the directory.
func unshared(dir string) error {
	places, err := filepath.Glob(filepath.Join(dir, temporary, "*"+placeLock))
	if err != nil {
		return err
	}
	for _, place := range places {
		held, err := lock.Acquire(place)
		if err != nil {
			return err
		}
		if err := held.Release(); err != nil {
			return err
		}
	}
	return nil
}
