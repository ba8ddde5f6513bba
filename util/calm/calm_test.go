package calm_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hongyan/util/calm"
)

func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		come  []int // one a second
		stop  bool
		calms int64
	}{
		"nothing":             {nil, false, 0},
		"few":                 {[]int{1000}, false, 0},
		"a storm":             {[]int{1000, 1000, 1000}, false, 1},
		"two":                 {[]int{1500, 0, 0, 0, 1500}, false, 2},
		"few again and again": {[]int{700, 700, 700, 700}, false, 1},
		"stopped":             {[]int{5000}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calms atomic.Int64
				w := calm.New(func() { calms.Add(1) })
				for _, many := range c.come {
					for range many {
						w.Note()
					}
					time.Sleep(time.Second)
				}
				if c.stop {
					w.Stop()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := calms.Load(); got != c.calms {
					t.Errorf("calm %d times, want %d", got, c.calms)
				}
			})
		})
	}
	var none *calm.Watch
	none.Note()
	none.Stop()
}
