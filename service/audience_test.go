package service

import (
	"errors"
	"testing"
)

// TestWhoJoinsDuringTheCountIsTold: the first subscription came while the store
// was asked whether there was any, and nobody was told for a minute.
func TestWhoJoinsDuringTheCountIsTold(t *testing.T) {
	var a audience
	says := func(n int, err error) func() (int, error) { return func() (int, error) { return n, err } }
	for _, step := range []struct {
		name string
		ask  func() (int, error)
		want bool
	}{
		{"empty", says(0, nil), false},
		{"one came by another node", says(1, nil), true},
		{"still there", says(2, nil), true},
		{"no answer", says(0, errors.New("no store")), true},
		{"all gone", says(0, nil), false},
		{"joined meanwhile", func() (int, error) { a.join(); return 0, nil }, true},
		{"and again", func() (int, error) { a.join(); return 0, nil }, true},
		{"gone", says(0, nil), false},
	} {
		if a.count(step.ask); a.there() != step.want {
			t.Errorf("%s: %t", step.name, a.there())
		}
	}
}
