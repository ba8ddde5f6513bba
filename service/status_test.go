package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// patience is longer than any wait of a test that goes well.
const patience = time.Minute

// silent is a Publisher that nobody listens to.
type silent struct{}

func (silent) Publish(model.Delivery)                 {}
func (silent) Disconnect(int64, []int64, int, string) {}

// statusNode is a node of a cluster without any bus: what it has of the others
// is the database.
type statusNode struct {
	*StatusService
	wakes *Wakes
}

// statusNodes starts nodes on one database.
func statusNodes(t *testing.T, d *db.DB, count int) []statusNode {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	t.Cleanup(func() { stop(); tasks.Wait() })
	nodes := make([]statusNode, count)
	for i := range nodes {
		committer := NewCommitter(d, silent{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		t.Cleanup(committer.Close)
		wakes := NewWakes(d, nil, time.Now)
		tasks.Go(func() { wakes.Run(ctx) })
		nodes[i] = statusNode{NewStatusService(d, committer, wakes, time.Now), wakes}
	}
	return nodes
}

// got waits for a value under key in the background.
func (n statusNode) got(ctx context.Context, key string) <-chan string {
	out := make(chan string, 1)
	go func() {
		served, err := n.Get(ctx, key, patience)
		switch {
		case err != nil:
			out <- "error: " + err.Error()
		case served == nil:
			out <- ""
		default:
			out <- served.Value
		}
	}()
	return out
}

func (n statusNode) set(t *testing.T, key, value string) {
	t.Helper()
	if err := n.Set(t.Context(), key, value, 0); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, answer <-chan string, value string) {
	t.Helper()
	select {
	case got := <-answer:
		if got != value {
			t.Fatalf("got %q, want %q", got, value)
		}
	case <-time.After(patience):
		t.Fatalf("no answer, want %q", value)
	}
}

// parked waits until so many wait on a node.
func (n statusNode) parked(t *testing.T, count int) {
	t.Helper()
	for end := time.Now().Add(patience); n.wakes.Waiting() != count; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d wait, want %d", n.wakes.Waiting(), count)
		}
	}
}

// TestStatusAcrossNodes is P30 without a bus: SET and GET meet different nodes,
// in either order, and each of a thousand values arrives.
func TestStatusAcrossNodes(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		nodes := statusNodes(t, d, 3)
		const pairs = 1000
		var answers [pairs]<-chan string
		random := rand.New(rand.NewPCG(30, 0))
		for i := range pairs {
			key, value := fmt.Sprint("key ", i), fmt.Sprint("value ", i)
			asked, told, first := nodes[random.IntN(3)], nodes[random.IntN(3)], random.IntN(2) == 0
			if first {
				answers[i] = asked.got(t.Context(), key)
			}
			told.set(t, key, value)
			if !first {
				answers[i] = asked.got(t.Context(), key)
			}
		}
		for i, answer := range answers {
			want(t, answer, fmt.Sprint("value ", i))
		}
	})
}

// TestStatusServesOnce: of many who ask on several nodes, one gets the value,
// and a key that has served is not used again while it lives (P32).
func TestStatusServesOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		nodes := statusNodes(t, d, 2)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var served atomic.Int64
		var all sync.WaitGroup
		first := make(chan struct{}, 20)
		for i := range 20 {
			all.Go(func() {
				value, err := nodes[i%2].Get(ctx, "k", patience)
				if err != nil {
					t.Error(err)
				}
				if value != nil {
					served.Add(1)
					first <- struct{}{}
				}
			})
		}
		nodes[0].parked(t, 10)
		nodes[1].parked(t, 10)
		nodes[0].set(t, "k", "v")
		<-first
		nodes[1].set(t, "k", "v") // the same SET once more: its answer was lost
		if err := nodes[1].Set(ctx, "k", "other", 0); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("another value under a used key: %v", err)
		}
		late, err := nodes[1].Get(ctx, "k", 3*wakeEvery)
		if err != nil || late != nil {
			t.Errorf("served again: %v, %v", late, err)
		}
		stop()
		all.Wait()
		if n := served.Load(); n != 1 {
			t.Errorf("served %d times", n)
		}
	})
}

// TestStatusOfManySets: of values set at the same time on several nodes one wins.
func TestStatusOfManySets(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		nodes := statusNodes(t, d, 2)
		var won atomic.Value
		var wins, lost atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				value := fmt.Sprint(i)
				switch err := nodes[i%2].Set(t.Context(), "k", value, 0); model.CodeOf(err) {
				case model.CodeConflict:
					lost.Add(1)
				default:
					if err != nil {
						t.Error(err)
					}
					won.Store(value)
					wins.Add(1)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 || lost.Load() != 15 {
			t.Fatalf("%d won and %d lost", wins.Load(), lost.Load())
		}
		winner, _ := won.Load().(string)
		want(t, nodes[0].got(t.Context(), "k"), winner)
	})
}

// TestStatusOfGoneClient is P28: who left takes nothing with them.
func TestStatusOfGoneClient(t *testing.T) {
	d := openSQLite(t)
	n := statusNodes(t, d, 1)[0]
	ctx, leave := context.WithCancel(t.Context())
	gone := n.got(ctx, "k")
	n.parked(t, 1)
	leave()
	want(t, gone, "")
	n.parked(t, 0)
	n.set(t, "k", "v")
	served, err := n.Get(t.Context(), "k", patience)
	if err != nil || served == nil || served.Value != "v" {
		t.Fatalf("the first try: %v, %v", served, err)
	}
	served.GiveBack() // it left while it was answered
	want(t, n.got(t.Context(), "k"), "v")
}

// TestStatusExpires: a value waits for its time, and then the key is free.
func TestStatusExpires(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		n := statusNodes(t, d, 1)[0]
		n.set(t, "k", "old")
		err := d.Tx(t.Context(), func(s *xorm.Session) error {
			_, err := s.Exec("UPDATE status SET expires = ?", time.Now().UnixMilli()-1)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if served, err := n.Get(t.Context(), "k", time.Millisecond); err != nil || served != nil {
			t.Errorf("an expired value was served: %v, %v", served, err)
		}
		n.set(t, "k", "new")
		want(t, n.got(t.Context(), "k"), "new")
	})
}

// TestStatusDrains: a node that ends answers who waits, at once.
func TestStatusDrains(t *testing.T) {
	d := openSQLite(t)
	n := statusNodes(t, d, 1)[0]
	answer := n.got(t.Context(), "k")
	n.parked(t, 1)
	n.wakes.Drain()
	n.wakes.Drain()
	want(t, answer, "")
	want(t, n.got(t.Context(), "other"), "")
}

// TestStatusKeysDoNotBlockEachOther is P31: absent, expired, set twice and got
// twice, from all sides at once, and nobody is stuck.
func TestStatusKeysDoNotBlockEachOther(t *testing.T) {
	d := openSQLite(t)
	n := statusNodes(t, d, 1)[0]
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stuck := n.got(ctx, "never set")
	var all sync.WaitGroup
	for hand := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(31, uint64(hand)))
			for range 30 {
				key := fmt.Sprint("key ", random.IntN(8))
				if random.IntN(2) == 0 {
					err := n.Set(ctx, key, fmt.Sprint(random.IntN(4)), 1)
					if err != nil && model.CodeOf(err) != model.CodeConflict {
						t.Error(err)
					}
				} else if _, err := n.Get(ctx, key, 20*time.Millisecond); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n.set(t, "after all", "v")
	want(t, n.got(ctx, "after all"), "v")
	stop()
	want(t, stuck, "")
	n.parked(t, 0)
	if len(n.wakes.topics) != 0 {
		t.Errorf("%d topics are left", len(n.wakes.topics))
	}
}

func TestStatusBadInput(t *testing.T) {
	n := statusNodes(t, openSQLite(t), 1)[0]
	tooLong, big := strings.Repeat("k", model.MaxStatusKey+1), strings.Repeat("v", model.MaxStatusValue+1)
	for _, c := range []struct {
		key, value string
		ttl        int
		want       *model.Error
	}{
		{"", "v", 0, model.Invalid("key")}, {tooLong, "v", 0, model.TooLarge("key")}, {"k", "", 0, model.Invalid("value")},
		{"k", big, 0, model.TooLarge("value")}, {"k", "v", -1, model.Invalid("ttl")}, {"k", "v", model.MaxStatusTTL + 1, model.Invalid("ttl")},
	} {
		if err := n.Set(t.Context(), c.key, c.value, c.ttl); !errors.Is(err, c.want) {
			t.Errorf("SET %.9q %.9q %d: %v, want %v", c.key, c.value, c.ttl, err, c.want)
		}
	}
	for key, want := range map[string]*model.Error{"": model.Invalid("key"), tooLong: model.TooLarge("key")} {
		if _, err := n.Get(t.Context(), key, 0); !errors.Is(err, want) {
			t.Errorf("GET %.9q: %v, want %v", key, err, want)
		}
	}
	n.set(t, tooLong[1:], big[1:])
	want(t, n.got(t.Context(), tooLong[1:]), big[1:])
}

// hints notes the topics it is given.
type hints chan string

func (h hints) Wake(topic string) { h <- topic }

// TestWakesHint: what happens is told to the bus, and what the bus tells wakes.
func TestWakesHint(t *testing.T) {
	h := make(hints, 1)
	w := NewWakes(openSQLite(t), h, time.Now)
	waiter := w.Join("topic")
	defer waiter.Leave()
	w.wake("topic")
	if topic := <-h; topic != "topic" {
		t.Errorf("hinted %q", topic)
	}
	<-waiter.C
	w.Ring("other")
	w.Ring("topic")
	w.Ring("topic")
	<-waiter.C
	select {
	case <-waiter.C:
		t.Error("woken twice for one look")
	default:
	}
}

// TestHorizonLooksBack: a row whose transaction ends late has an id below some
// that were seen before it.
func TestHorizonLooksBack(t *testing.T) {
	var h horizon
	start := time.Now()
	if h.floor(start) != 0 {
		t.Fatal("the first look does not see everything")
	}
	h.reached(10, start)
	h.reached(20, start.Add(time.Second))
	for after, want := range map[time.Duration]int64{2 * time.Second: 0} {
		if got := h.floor(start.Add(after)); got != want {
			t.Errorf("after %v: %d, want %d", after, got, want)
		}
	}
	if got := h.floor(start.Add(wakeOverlap)); got != 10 {
		t.Errorf("floor %d, want 10", got)
	}
	if got := h.floor(start.Add(wakeOverlap + time.Second)); got != 20 {
		t.Errorf("floor %d, want 20", got)
	}
}

func TestAPIKeys(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		k := NewAPIKeyService(d, time.Now)
		key, row, err := k.Create(t.Context(), " billing ", []string{model.ScopeStatus, model.ScopeStatus})
		if err != nil || row.Name != "billing" || row.Scopes != model.ScopeStatus || strings.Contains(row.Hash, key) {
			t.Fatalf("%+v, %v", row, err)
		}
		all, _, err := k.Create(t.Context(), "all", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			key, scope string
			want       model.Code
		}{
			{key, model.ScopeStatus, ""}, {key, model.ScopeDispatch, model.CodeForbidden}, {all, model.ScopeDispatch, ""},
			{"", model.ScopeStatus, model.CodeUnauthenticated}, {key + "x", model.ScopeStatus, model.CodeUnauthenticated},
			{strings.ToUpper(key), model.ScopeStatus, model.CodeUnauthenticated}, {row.Hash, model.ScopeStatus, model.CodeUnauthenticated},
		} {
			err := k.Check(t.Context(), c.key, c.scope)
			if c.want == "" && err != nil || c.want != "" && model.CodeOf(err) != c.want {
				t.Errorf("%.8q for %s: %v, want %q", c.key, c.scope, err, c.want)
			}
		}
		list, err := k.List(t.Context())
		if err != nil || len(list) != 2 || list[0].SeenAt == 0 {
			t.Errorf("listed %+v, %v", list, err)
		}
		if err := k.Revoke(t.Context(), row.ID); err != nil {
			t.Error(err)
		}
		if err := k.Check(t.Context(), key, model.ScopeStatus); model.CodeOf(err) != model.CodeUnauthenticated {
			t.Errorf("a revoked key: %v", err)
		}
		if err := k.Revoke(t.Context(), row.ID); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("revoked twice: %v", err)
		}
		for _, name := range []string{"", " ", "two\nlines", strings.Repeat("长", model.MaxKeyName+1)} {
			if _, _, err := k.Create(t.Context(), name, nil); !errors.Is(err, model.Invalid("name")) {
				t.Errorf("the name %q: %v", name, err)
			}
		}
		if _, _, err := k.Create(t.Context(), "x", []string{"root"}); !errors.Is(err, model.Invalid("scopes")) {
			t.Errorf("an unknown scope: %v", err)
		}
	})
}

func openSQLite(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return d
}
