//go:build linux

package faults

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

// TestKills: a server that is killed again and again keeps what it said it had,
// and is back without help. (The root's TestKilled does so with MariaDB too.)
func TestKills(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := spawn(t, data)
	w := newTown(t, s.public)
	slowest, kills := time.Duration(0), times(t, 50, 1000)
	for n := range kills {
		ctx, stop := context.WithCancel(t.Context())
		before := w.acked.Load()
		var all sync.WaitGroup
		all.Go(func() { w.talk(ctx, s.public, 16) })
		all.Go(func() { w.store(ctx, s.public) })
		await(t, "an ack", func() bool { return w.acked.Load() > before })
		time.Sleep(rand.N(200 * time.Millisecond)) // what is under way then is anything
		s.kill()
		stop()
		all.Wait()
		if n%10 == 9 {
			// A copy, as who opens the original would mend it for the server.
			dir := t.TempDir()
			w.ok(os.CopyFS(dir, os.DirFS(data)))
			if l := w.judgeFolder(dir); !l.none() {
				t.Fatalf("kill %d: lost %+v of %d messages, %d files", n, l, len(w.acks), len(w.files))
			}
			_ = os.RemoveAll(dir)
		}
		began := time.Now()
		s = spawn(t, data)
		slowest = max(slowest, time.Since(began))
	}
	w.asked(t, s.public)
	t.Logf("%d kills, 0 lost of %d messages, %d files; longest start %v", kills, len(w.acks), len(w.files), slowest)
}
