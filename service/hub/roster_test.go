package hub

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// badBus takes what a hub sends, and brings it nowhere by itself.
type badBus struct {
	name    string
	mu      sync.Mutex
	sent    []roll
	receive func(peer string, body []byte)
	peer    func(name string, here bool)
}

func (b *badBus) Send(_ []string, body, _ []byte, _ bool) {
	var e envelope
	if json.Unmarshal(body, &e) != nil || e.Roster == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, *e.Roster)
}

func (b *badBus) take() []roll {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.sent
	b.sent = nil
	return list
}

func (b *badBus) Listen(receive func(string, []byte), peer func(string, bool), _ func()) {
	b.receive, b.peer = receive, peer
}
func (b *badBus) Want(string, bool) {}
func (b *badBus) Name() string      { return b.name }
func (b *badBus) Close() error      { return nil }

// TestRosterOverABadBus: of what two nodes tell each other of who is online a third
// is lost, a fifth comes twice and all of it in any order. Within seconds of the
// last change each knows of the other exactly who is there, and whoever follows
// the changes one by one knows it too; what a node that is gone had, nobody has.
func TestRosterOverABadBus(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				told := map[int64]bool{} // as A's friends are told, of users of B
				bus := [2]*badBus{{name: "a"}, {name: "b"}}
				var a, b *Hub
				a = newHub(t, func(o *Options) {
					o.Bus = bus[0]
					o.Changed = func(id int64) { told[id] = a.roster.elsewhere(id) > 0 }
				})
				b = newHub(t, func(o *Options) { o.Bus = bus[1] })
				a.roster.peer("b", true)
				b.roster.peer("a", true)
				carry := func(loses int) {
					for from, to := range []*Hub{b, a} {
						list := bus[from].take()
						random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
						for i := range list {
							for range 1 + random.IntN(5)/4 {
								if random.IntN(100) >= loses {
									to.roster.heard(bus[from].name, &list[i])
								}
							}
						}
					}
				}
				for range 60 {
					for range random.IntN(30) {
						b.roster.mu.Lock()
						b.roster.note(int64(random.IntN(200)), random.IntN(2) == 0)
						b.roster.mu.Unlock()
					}
					time.Sleep(rosterWait * 2)
					carry(33)
				}
				for range 5 { // beats, and the answers to what they are asked then
					time.Sleep(rosterBeat)
					carry(0)
					carry(0)
				}
				there := slices.Sorted(maps.Keys(b.roster.mine.list))
				if got := slices.Sorted(maps.Keys(a.roster.total)); !slices.Equal(got, there) {
					t.Errorf("known are %v, there are %v", got, there)
				}
				for id, on := range told {
					if _, is := b.roster.mine.list[id]; is != on {
						t.Errorf("of user %d %v was told last", id, on)
					}
				}
				a.roster.peer("b", false)
				if len(a.roster.total) != 0 || slices.Contains(slices.Collect(maps.Values(told)), true) {
					t.Errorf("of a node that is gone are left %v, told %v", a.roster.total, told)
				}
			})
		})
	}
}
