package service

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"go.uber.org/goleak"
)

// noLeak checks at the end of a test that nothing of it runs on. Connections of
// the driver outlive it, as they do every query.
func noLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/go-sql-driver/mysql.(*mysqlConn).startWatcher.func1"),
			goleak.IgnoreAnyFunction("database/sql.(*DB).connectionCleaner"))
	})
}

// bell is a bus that loses nothing, or all there is.
type bell struct {
	mu    sync.Mutex
	wakes []*Wakes
	dead  bool
}

func (b *bell) Wake(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wakes {
		if !b.dead {
			w.Ring(topic)
		}
	}
}

// post is the letters of a node, written and read while the test runs.
func (b *bell) post(t *testing.T, d *db.DB, name string, now Clock) *Letters {
	t.Helper()
	wakes := NewWakes(d, b, now)
	b.mu.Lock()
	b.wakes = append(b.wakes, wakes)
	b.mu.Unlock()
	l := NewLetters(d, wakes, name, now, slog.New(slog.DiscardHandler))
	during(t, wakes.Run)
	during(t, l.Run)
	return l
}

// during runs a task until the test ends.
func during(t *testing.T, task func(context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended })
	go func() { defer close(ended); task(ctx) }()
}

// TestLettersComeInOrderAndOnce, from several nodes at once, with a bus and without.
func TestLettersComeInOrderAndOnce(t *testing.T) {
	for name, dead := range map[string]bool{"bus": false, "no bus": true} {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				noLeak(t)
				bus := &bell{dead: dead}
				reader := bus.post(t, d, "reader", time.Now)
				const senders, each = 3, 120
				got := make(chan string, senders*each)
				during(t, func(ctx context.Context) {
					reader.Read(ctx, func(sender, body string) { got <- sender + " " + body })
				})
				long := strings.Repeat("长", 20_000)
				for i := range senders {
					name := fmt.Sprint("s", i)
					l := bus.post(t, d, name, time.Now)
					go func() {
						for n := range each {
							l.Post("reader", fmt.Appendf(nil, "%d %s", n, long[:3*(n%50)*100]))
						}
					}()
				}
				next := map[string]int{}
				for range senders * each {
					select {
					case text := <-got:
						var sender string
						var n int
						if _, err := fmt.Sscan(text, &sender, &n); err != nil || n != next[sender] {
							t.Fatalf("%.20q in place of %d: %v", text, next[sender], err)
						}
						if !strings.HasSuffix(text, long[:3*(n%50)*100]) {
							t.Errorf("%.20q is cut", text)
						}
						next[sender]++
					case <-time.After(patience):
						t.Fatalf("of the letters came %v", next)
					}
				}
			})
		})
	}
}

// TestALetterThatIsWrittenTwice is read once: nobody can tell whether a commit
// took effect whose answer was lost.
func TestALetterThatIsWrittenTwice(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		l := NewLetters(d, NewWakes(d, nil, time.Now), "a", time.Now, slog.New(slog.DiscardHandler))
		reader := NewLetters(d, NewWakes(d, nil, time.Now), "b", time.Now, slog.New(slog.DiscardHandler))
		var got []string
		read, take := map[string]int64{}, func(_, body string) { got = append(got, body) }
		fails := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		l.Post("b", []byte("one"))
		fails(l.write(t.Context(), l.head())) // and nobody heard of it
		l.Post("b", []byte("two"))
		fails(l.writeAll(t.Context()))
		fails(reader.readAll(t.Context(), read, take))
		l.Post("b", []byte("three"))
		fails(l.write(t.Context(), l.head()))
		fails(reader.readAll(t.Context(), read, take))
		l.Post("b", []byte("four"))
		fails(l.writeAll(t.Context()))
		fails(reader.readAll(t.Context(), read, take))
		if want := []string{"one", "two", "three", "four"}; !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
	})
}

func TestLettersExpire(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		clock := newHands()
		l := NewLetters(d, NewWakes(d, nil, clock.now), "a", clock.now, slog.New(slog.DiscardHandler))
		unread := func(want ...string) {
			t.Helper()
			if got, err := l.Unread(t.Context()); err != nil || !slices.Equal(got, want) {
				t.Fatalf("unread by %q, %v; want %q", got, err, want)
			}
		}
		for _, node := range []string{"gone", "slow"} {
			l.Post(node, []byte("early"))
		}
		if err := l.writeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.pass(letterPatience - time.Second)
		unread()
		clock.pass(time.Second)
		unread("gone", "slow")
		clock.pass(letterLife - letterPatience)
		l.Post("slow", []byte("late"))
		if err := l.writeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		slow := NewLetters(d, NewWakes(d, nil, clock.now), "slow", clock.now, slog.New(slog.DiscardHandler))
		var got []string
		if err := slow.readAll(t.Context(), map[string]int64{}, func(_, body string) { got = append(got, body) }); err != nil || !slices.Equal(got, []string{"late"}) {
			t.Errorf("read %q, %v", got, err)
		}
		unread("gone")
		if err := l.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		unread()
		// What waits for a database that is away is bounded, and too old when it is back.
		for l.Post("b", make([]byte, 1<<20)) {
			clock.pass(time.Second)
		}
		if batch := l.head(); len(batch) == 0 { // tried, in vain
			t.Error("nothing is to be written")
		}
		clock.pass(letterLife)
		if batch := l.head(); len(batch) != 0 || l.bytes != 0 {
			t.Errorf("%d letters are left", len(batch))
		}
	})
}
