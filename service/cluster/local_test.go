package cluster

import (
	"slices"
	"sync"
	"testing"
)

func nobody(string, bool) {}

func TestLocal(t *testing.T) {
	bus := NewLocal()
	heard := make([][]string, 3)
	var members []*LocalMember
	for i := range heard {
		m := bus.Join()
		m.Listen(func(_ string, b []byte) { heard[i] = append(heard[i], string(b)) }, nobody, nil)
		members = append(members, m)
	}
	members[0].Send(nil, []byte("a"), nil, false)
	members[0].Send(nil, []byte("b"), nil, false)
	_ = members[2].Close()
	members[1].Send(nil, []byte("c"), nil, false)
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
				m.Listen(func(string, []byte) {}, nobody, nil)
				m.Send(nil, []byte("x"), nil, false)
				_ = m.Close()
			}
		})
	}
	wg.Wait()
	if len(bus.members) != 0 {
		t.Errorf("%d members left", len(bus.members))
	}
}
