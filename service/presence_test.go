package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hongyan/model"
	"hongyan/util/metrics"
)

// stage is a hub with an audience.
type stage struct {
	mu     sync.Mutex
	online map[int64]bool
	heard  []model.Delivery
}

func (s *stage) Online(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.online[id]
}

func (s *stage) Publish(d model.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, d)
}

func (s *stage) Disconnect(int64, []int64, int, string) {}

func (s *stage) take() []model.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := s.heard
	s.heard = nil
	return heard
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{online: map[int64]bool{}}
		friends := func(_ context.Context, id int64) ([]int64, error) {
			switch id {
			case 1:
				return []int64{2, 3}, nil
			case 8:
				return nil, errors.New("no store")
			case 7:
				panic("as asked")
			}
			return nil, nil
		}
		p := NewPresenceService(s, s, friends, metrics.New(), slog.New(slog.NewTextHandler(io.Discard, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { p.Run(ctx) })
		turn := func(id int64, online bool) {
			s.mu.Lock()
			s.online[id] = online
			s.mu.Unlock()
			p.Changed(id)
			synctest.Wait()
		}
		told := func(what string, want ...int64) {
			t.Helper()
			heard := s.take()
			if len(heard) != len(want) {
				t.Fatalf("%s: heard %+v, want %d", what, heard, len(want))
			}
			for i, d := range heard {
				if d.Message.Cmd != model.CmdPresence || d.Message.UserID != 1 || d.Message.Amount != want[i] || len(d.Users) != 2 || !d.Ephemeral {
					t.Errorf("%s: heard %+v", what, d)
				}
			}
		}
		// What the lists say is what was told: nobody is told of somebody who is
		// back in time, so a list read meanwhile must not say that they are away.
		lists := func(when string, want bool) {
			t.Helper()
			if p.Online(1) != want {
				t.Errorf("%s: the lists say %t", when, !want)
			}
		}
		lists("before", false)
		turn(1, true)
		told("coming", 1)
		turn(1, false)
		time.Sleep(presenceGrace - time.Millisecond)
		lists("reloading", true)
		turn(1, true)
		time.Sleep(2 * presenceGrace)
		synctest.Wait()
		told("a reload")
		turn(1, false)
		turn(1, false)
		told("not yet")
		time.Sleep(presenceGrace)
		synctest.Wait()
		told("going", 0)
		lists("gone", false)
		p.Changed(1) // overtaken by what came after
		turn(9, true)
		turn(8, true)
		turn(7, true)
		told("nobody to tell")
		turn(1, true)
		time.Sleep(2 * presencePause) // which the store is left that does not answer for 8, twice
		synctest.Wait()
		told("back", 1)
		turn(1, false)
		cancel()
		run.Wait()
		time.Sleep(2 * presenceGrace)
		told("after the end")
	})
}

// TestPresenceIsToldLater: friends whom the store could not name are told when
// it can, once, what holds then; and not tried without end.
func TestPresenceIsToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{online: map[int64]bool{}}
		var away atomic.Bool
		var asked atomic.Int64
		friends := func(ctx context.Context, id int64) ([]int64, error) {
			asked.Add(1)
			if away.Load() {
				<-ctx.Done() // as a database that is frozen
				return nil, ctx.Err()
			}
			return []int64{100 + id}, nil
		}
		p := NewPresenceService(s, s, friends, metrics.New(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { p.Run(ctx) })
		turn := func(id int64, online bool) {
			s.mu.Lock()
			s.online[id] = online
			s.mu.Unlock()
			p.Changed(id)
		}
		away.Store(true)
		turn(1, true)
		turn(2, true)
		turn(3, true)
		time.Sleep(time.Minute)
		turn(2, false)
		time.Sleep(time.Minute)
		away.Store(false)
		time.Sleep(4 * (friendsTime + presencePause))
		heard := map[int64][]int64{}
		for _, d := range s.take() {
			heard[d.Message.UserID] = append(heard[d.Message.UserID], d.Message.Amount)
		}
		if want := (map[int64][]int64{1: {1}, 2: {0}, 3: {1}}); !reflect.DeepEqual(heard, want) {
			t.Errorf("heard %v, want %v", heard, want)
		}

		away.Store(true)
		turn(1, false)
		time.Sleep(presenceGrace + presenceLife + friendsTime + presencePause)
		tried := asked.Load()
		time.Sleep(time.Hour)
		if more := asked.Load() - tried; more > 0 || tried < 20 {
			t.Errorf("asked %d times, and %d times when it was old", tried, more)
		}
		turn(2, true) // while it is tried, the end comes
		synctest.Wait()
		cancel()
		run.Wait()
	})
}
