package calm_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hongyan/util/calm"
)

func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		come  []int // one a second
		stop  bool
		calms int
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
				calms := 0
				w := calm.New(func() { calms++ })
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
				if calms != c.calms {
					t.Errorf("calm %d times, want %d", calms, c.calms)
				}
			})
		})
	}
	var none *calm.Watch
	none.Note()
	none.Stop()
}
