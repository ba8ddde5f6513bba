package limit

import (
	"sync"
	"testing"
)

func TestSlots(t *testing.T) {
	s := NewSlots(3, 2)
	first, ok := s.Take("a")
	if !ok {
		t.Fatal("the first is refused")
	}
	if _, ok := s.Take("a"); !ok {
		t.Fatal("the second is refused")
	}
	if _, ok := s.Take("a"); ok {
		t.Fatal("a has three of two")
	}
	if _, ok := s.Take("b"); !ok {
		t.Fatal("a's slots are b's business")
	}
	if _, ok := s.Take("c"); ok {
		t.Fatal("four of three are taken")
	}
	first()
	if _, ok := s.Take("c"); !ok {
		t.Fatal("what was given back is not to be had")
	}
	var none *Slots
	if release, ok := none.Take("a"); !ok {
		t.Fatal("no bound refuses")
	} else {
		release()
	}
}

func TestSlotsAreAllGivenBack(t *testing.T) {
	s := NewSlots(10, 10)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if release, ok := s.Take(string(rune('a' + i%7))); ok {
				release()
			}
		})
	}
	wg.Wait()
	if slots, keys := s.Taken(); slots != 0 || keys != 0 {
		t.Fatalf("%d slots of %d keys are still taken", slots, keys)
	}
}
