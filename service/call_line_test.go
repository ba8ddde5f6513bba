package service

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"xorm.io/xorm"
)

// hands is a clock that a test sets.
type hands struct {
	mu sync.Mutex
	t  time.Time
}

func newHands() *hands { return &hands{t: time.Unix(1_700_000_000, 0)} }

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hands) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}

// engages tries to engage two lines and tells who was in the way.
func engages(t *testing.T, l *callLines, id string, a, b int64) (taken, void []string) {
	t.Helper()
	names := func(rows []model.CallLine) (list []string) {
		for _, row := range rows {
			list = append(list, fmt.Sprintf("%d %s at %s", row.UserID, row.CallID, row.Node))
		}
		return list
	}
	got, over, err := l.engage(t.Context(), id, a, b)
	if err != nil {
		t.Fatal(err)
	}
	return names(got), names(over)
}

func TestCallLines(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		clock := newHands()
		a, b := newCallLines(d, "a", clock.now), newCallLines(d, "b", clock.now)
		is := func(what string, got, want []string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %q, want %q", what, got, want)
			}
		}
		none := []string(nil)

		taken, void := engages(t, a, "first", 2, 1)
		is("free lines", slices.Concat(taken, void), none)
		taken, _ = engages(t, b, "second", 3, 2)
		is("one of them is taken", taken, []string{"2 first at a"})
		taken, _ = engages(t, b, "second", 1, 2)
		is("both are", taken, []string{"1 first at a", "2 first at a"})
		if line, err := b.line(t.Context(), 3); line != nil || err != nil {
			t.Fatalf("of the refused one is left %+v, %v", line, err)
		}
		if line, err := b.line(t.Context(), 1); err != nil || line == nil || line.PeerID != 2 || line.CallID != "first" || line.Node != "a" {
			t.Fatalf("the line is %+v, %v", line, err)
		}

		// Freed, and at once engaged by the same node; by the other once that is through.
		a.free("first", 2, 1)
		taken, void = engages(t, a, "third", 1, 2)
		is("freed", slices.Concat(taken, void), none)
		a.free("first", 2, 1) // of a call that is no more: hurts no other
		if err := a.clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if line, err := b.line(t.Context(), 2); err != nil || line == nil || line.CallID != "third" {
			t.Fatalf("freed was %+v, %v", line, err)
		}

		// As long as it is renewed it is taken; then it is void, for each to see and one to bury.
		clock.pass(lineLease - time.Second)
		if rows, err := a.renew(t.Context()); err != nil || len(rows) != 2 {
			t.Fatalf("renewed %+v, %v", rows, err)
		}
		clock.pass(lineLease - time.Second)
		taken, _ = engages(t, b, "fourth", 2, 4)
		is("renewed", taken, []string{"2 third at a"})
		clock.pass(time.Second)
		rows, err := b.void(t.Context())
		if err != nil || len(rows) != 2 {
			t.Fatalf("void are %+v, %v", rows, err)
		}
		taken, void = engages(t, b, "fourth", 2, 4)
		is("nobody is in the way", taken, none)
		is("of a node that is gone", void, []string{"2 third at a"})
		for i, want := range []bool{true, false} { // 1's was void still, 2's is another's by now
			if done, err := a.bury(t.Context(), rows[i]); err != nil || done != want {
				t.Errorf("buried %+v: %t, %v", rows[i], done, err)
			}
		}
		if done, err := b.bury(t.Context(), rows[0]); err != nil || done {
			t.Errorf("buried twice: %v", err)
		}
		if rows, err := a.renew(t.Context()); err != nil || len(rows) != 0 {
			t.Errorf("a node that was silent has still %+v, %v", rows, err)
		}
		// A line of its own is in nobody's way: who engages knows that the call is not here.
		taken, void = engages(t, b, "fifth", 4, 5)
		is("its own", taken, none)
		is("its own", void, []string{"4 fourth at b"})
	})
}

// TestLinesAreEngagedOnce: many nodes engage the lines of few people at once. In
// the end each is in one call at most, and each call has both.
func TestLinesAreEngagedOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var all sync.WaitGroup
		for n := range 4 {
			random := rand.New(rand.NewPCG(7, uint64(n)))
			all.Go(func() {
				for i := range 25 {
					a := random.Int64N(5) + 1
					b := a%5 + 1
					id := fmt.Sprint(n, "-", i)
					lines := newCallLines(d, "node of "+id, time.Now)
					taken, _, err := lines.engage(t.Context(), id, a, b)
					if err == nil && len(taken) == 0 && i%3 > 0 {
						lines.free(id, a, b)
						err = lines.clear(t.Context())
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		var rows []model.CallLine
		if err := d.View(t.Context(), func(s *xorm.Session) error { return s.Find(&rows) }); err != nil || len(rows) == 0 {
			t.Fatal(len(rows), err)
		}
		for _, row := range rows {
			other := model.CallLine{UserID: row.PeerID, PeerID: row.UserID, CallID: row.CallID, Node: row.Node, Expires: row.Expires}
			if !slices.Contains(rows, other) {
				t.Errorf("%+v is half a call", row)
			}
		}
	})
}
