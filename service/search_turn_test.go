package service

import (
	"context"
	"testing"
	"time"
)

// TestOneUserLeavesPlacesForTheSearchesOfOthers: however many searches of one
// run, others have a place.
func TestOneUserLeavesPlacesForTheSearchesOfOthers(t *testing.T) {
	s := &SearchService{running: make(chan struct{}, maxSearches)}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	first, err := s.enter(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.enter(soon, 1); err == nil {
		t.Error("one user searches twice at once")
	}
	second, err := s.enter(t.Context(), 2)
	if err != nil {
		t.Fatal("no place for another:", err)
	}
	first()
	again, err := s.enter(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	again()
	second()
	if len(s.mine.users) != 0 || len(s.running) != 0 {
		t.Errorf("left %v, %d", s.mine.users, len(s.running))
	}
}
