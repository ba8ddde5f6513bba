package service

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"
)

// TestStatusLeavesNothing is P29: a GET that could wait for a minute and is
// answered at once leaves neither a goroutine nor a timer nor memory behind.
func TestStatusLeavesNothing(t *testing.T) {
	d, err := db.Open(dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := statusNodes(t, d, 1)[0]
	const hands = 20
	ask := func(round string, each int) {
		var all sync.WaitGroup
		for hand := range hands {
			all.Go(func() {
				for i := range each {
					key := fmt.Sprint(round, hand, "-", i)
					answer := n.got(t.Context(), key)
					if err := n.Set(t.Context(), key, "v", 0); err != nil {
						t.Error(err)
						return
					}
					if got := <-answer; got != "v" {
						t.Errorf("%s: %q", key, got)
					}
				}
			})
		}
		all.Wait()
	}
	ask("warm", 5) // pools and caches fill
	goroutines, heap := flat()
	ask("many", 500)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		now, used := flat()
		if now <= goroutines && used <= heap+512<<10 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines and %d bytes, there were %d and %d", now, used, goroutines, heap)
		}
	}
}

// flat is what lives once the garbage is gone.
func flat() (goroutines int, heap uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}
