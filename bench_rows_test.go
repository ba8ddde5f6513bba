package main

import (
	"path/filepath"
	"testing"

	"hongyan/client/bench"
)

// TestBareRows: the least store is one all the same: a place is taken once.
func TestBareRows(t *testing.T) {
	r, err := newBareRows(t.Context(), filepath.Join(t.TempDir(), "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { check(t, r.Close()) }()
	for _, c := range []struct {
		rows []bench.Row
		fine bool
	}{
		{[]bench.Row{{Conversation: 1, Seq: 1, Sender: 7, Text: []byte("一")}, {Conversation: 1, Seq: 2, Sender: 8, Text: []byte("二")}}, true},
		{[]bench.Row{{Conversation: 2, Seq: 1, Sender: 7, Text: []byte("三")}}, true},
		{[]bench.Row{{Conversation: 1, Seq: 2, Sender: 7, Text: []byte("again")}}, false},
	} {
		if err := r.Commit(c.rows); (err == nil) != c.fine {
			t.Errorf("%v: %v", c.rows, err)
		}
	}
}
