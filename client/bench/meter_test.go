package bench

import (
	"testing"
	"testing/synctest"
	"time"
)

// A server that stops for a second makes a hundred messages late, and all of
// them count: with the time since each was due, not since it could be sent.
func TestAScheduleDoesNotWaitForTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		now := func() time.Duration { return time.Since(began) }
		plan, late := newSchedule(now(), 100), newLatencies()
		sent := 0
		ticks := time.NewTicker(plan.every())
		defer ticks.Stop()
		for now() < 10*time.Second {
			<-ticks.C
			if sent == 300 {
				time.Sleep(time.Second) // nobody sends or receives
			}
			plan.due(now(), func(due time.Duration) {
				sent++
				late.add(now() - due)
			})
		}
		if sent < 999 || sent > 1000 {
			t.Errorf("%d messages in 10 s at 100 a second", sent)
		}
		if late.count() != int64(sent) || late.max < 990*time.Millisecond || late.max > 1010*time.Millisecond {
			t.Errorf("%d latencies, the longest %v", late.count(), late.max)
		}
		// A tenth of the messages was due in that second.
		if p50, p95 := late.at(.5), late.at(.95); p50 > time.Millisecond || p95 < 400*time.Millisecond || p95 > 600*time.Millisecond {
			t.Errorf("p50 %v, p95 %v", p50, p95)
		}
	})
}

func TestLatenciesKeepWhatIsOutOfBounds(t *testing.T) {
	l := newLatencies()
	if l.at(.99) != 0 {
		t.Error("nothing has a latency")
	}
	for _, d := range []time.Duration{-time.Second, 0, time.Hour} {
		l.add(d)
	}
	if l.count() != 3 || l.max != time.Hour || l.at(1) < 119*time.Second {
		t.Errorf("%d, max %v, the last %v", l.count(), l.max, l.at(1))
	}
	other := newLatencies()
	other.add(2 * time.Hour)
	if l.merge(other); l.count() != 4 || l.max != 2*time.Hour {
		t.Errorf("merged: %d, max %v", l.count(), l.max)
	}
}
