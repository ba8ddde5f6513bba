package cluster

import (
	"slices"
	"sync"
	"testing"
)

func TestLocal(t *testing.T) {
	bus := NewLocal()
	heard := make([][]string, 3)
	var members []*Member
	for i := range heard {
		m := bus.Join()
		m.Listen(func(b []byte) { heard[i] = append(heard[i], string(b)) })
		members = append(members, m)
	}
	members[0].Send([]byte("a"))
	members[0].Send([]byte("b"))
	members[2].Leave()
	members[1].Send([]byte("c"))
	want := [][]string{{"c"}, {"a", "b"}, {"a", "b"}}
	for i := range want {
		if !slices.Equal(heard[i], want[i]) {
			t.Errorf("member %d heard %v, want %v", i, heard[i], want[i])
		}
	}
}

func TestLocalConcurrently(t *testing.T) {
	bus := NewLocal()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				m := bus.Join()
				m.Listen(func([]byte) {})
				m.Send([]byte("x"))
				m.Leave()
			}
		})
	}
	wg.Wait()
	if len(bus.members) != 0 {
		t.Errorf("%d members left", len(bus.members))
	}
}
