package cluster

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ether is a lossy lane that nobody listens to. It keeps when each datagram was sent.
type ether struct {
	mu   sync.Mutex
	sent map[string][]time.Time
}

func (e *ether) carry(_ []string, datagram []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent[string(datagram)] = append(e.sent[string(datagram)], time.Now())
	return nil
}

func (e *ether) want(string, bool) error  { return nil }
func (e *ether) limit() int               { return maxDatagram }
func (e *ether) lossy() bool              { return true }
func (e *ether) run(func([]byte), func()) {}
func (e *ether) close() error             { return nil }

// TestUrgentAgainAndAgain: what is urgent is repeated in time however much else
// is urgent meanwhile.
func TestUrgentAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := &ether{sent: map[string][]time.Time{}}
		m := newMember(options("udp://"), lane)
		m.Listen(func(string, []byte) {}, func(string, bool) {}, func() {})
		const count, gap = 200, 5 * time.Millisecond
		for range count {
			m.Send(nil, []byte("x"), nil, true)
			time.Sleep(gap)
		}
		time.Sleep(2 * time.Second)
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		urgent := 0
		for _, at := range lane.sent {
			if len(at) == 1 { // a beat
				continue
			}
			urgent++
			if len(at) != 1+len(repeats()) {
				t.Fatalf("sent %d times", len(at))
			}
			for i, due := range repeats() {
				// Whether something is due is looked at every repeats()[0].
				if after := at[i+1].Sub(at[0]); after < due || after > due+repeats()[0] {
					t.Fatalf("repeat %d came after %v, due after %v", i+1, after, due)
				}
			}
		}
		if urgent != count {
			t.Errorf("%d were repeated of %d", urgent, count)
		}
	})
}

// TestRepeatsAreBounded: what is too much costs repeats, and no memory.
func TestRepeatsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := map[string]int{}
		r := newRepeater(func(_ []string, datagram []byte) { sent[string(datagram)]++ })
		defer r.timer.Stop()
		for range 3 * maxRepeats {
			r.add(nil, []byte("old"))
		}
		r.add(nil, []byte("new"))
		if len(r.list) != maxRepeats || cap(r.list) > 4*maxRepeats {
			t.Errorf("%d wait, in room for %d", len(r.list), cap(r.list))
		}
		for len(r.list) > 0 {
			<-r.timer.C
			r.round()
		}
		if sent["new"] != len(repeats()) || sent["old"] != (maxRepeats-1)*len(repeats()) {
			t.Errorf("repeated %v times", sent)
		}
	})
}
