package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"
)

// exchanges are the calls of several nodes on one database. What they publish
// for users comes to all of them, as over a bus.
type exchanges struct {
	*testing.T
	db    *db.DB
	nodes []*station

	mu      sync.Mutex
	entries int
}

// station is one of the nodes.
type station struct {
	*CallService
	all  *exchanges
	name string

	mu     sync.Mutex
	heard  []model.Delivery
	change chan struct{}
}

// Publish hands a delivery on, as a hub with a bus does.
func (s *station) Publish(d model.Delivery) {
	s.hear(d)
	if d.Only == 0 {
		d.Origin = 0
		for _, other := range s.all.nodes {
			if other != s {
				other.hear(d)
			}
		}
	}
}

func (s *station) Disconnect(int64, []int64, int, string) {}

func (s *station) hear(d model.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, d)
	close(s.change)
	s.change = make(chan struct{})
}

func newExchanges(t *testing.T, d *db.DB, count int, dead bool) *exchanges {
	bus := &bell{dead: dead}
	x := stillExchanges(t, d, count, time.Now, func(name string) *Letters { return bus.post(t, d, name, time.Now) })
	for _, n := range x.nodes {
		during(t, n.Listen)
		during(t, n.Keep)
	}
	return x
}

// stillExchanges are exchanges whose tasks do not run.
func stillExchanges(t *testing.T, d *db.DB, count int, now Clock, letters func(name string) *Letters) *exchanges {
	x := &exchanges{T: t, db: d}
	x.nodes = make([]*station, count)
	for i := range x.nodes {
		n := &station{all: x, name: fmt.Sprint("node", i), change: make(chan struct{})}
		x.nodes[i] = n
		n.CallService = &CallService{
			out: n, times: CallTimes{Ring: time.Minute, Grace: CallGrace}, metrics: metrics.New(), log: slog.New(slog.DiscardHandler),
			may: func(context.Context, *model.Message) error { return nil },
			store: func(context.Context, model.Message, bool) error {
				x.mu.Lock()
				defer x.mu.Unlock()
				x.entries++
				return nil
			},
		}
		n.board.calls = map[int64]*call{}
	}
	for _, n := range x.nodes {
		n.Connect(d, letters(n.name), now)
	}
	return x
}

// send is a frame from a socket; user n has the sockets n*10, n*10+1, …
func (s *station) send(socket uint64, cmd int, dst int64, ext string, refused func(error)) error {
	m := model.Message{Cmd: cmd, DstID: dst, CID: "c"}
	if ext != "" {
		m.Ext = json.RawMessage(ext)
	}
	return s.Handle(s.all.Context(), model.Sender{UserID: int64(socket / 10), Origin: socket}, m, refused)
}

// hears waits for a delivery with a command, a state and a reason, if given.
func (s *station) hears(to uint64, cmd int, words string) model.Delivery {
	s.all.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		change := s.change
		for i, d := range s.heard {
			var ext model.CallExt
			_ = json.Unmarshal(d.Message.Ext, &ext)
			mine := d.Only == to || d.Only == 0 && d.Origin != to && len(d.Users) == 1 && d.Users[0] == int64(to/10)
			if mine && d.Message.Cmd == cmd && strings.TrimSpace(ext.State+" "+ext.Reason) == words {
				s.heard = s.heard[i+1:]
				s.mu.Unlock()
				return d
			}
		}
		s.mu.Unlock()
		select {
		case <-change:
		case <-late:
			s.all.Fatalf("socket %d at %s hears no %d %s", to, s.name, cmd, words)
		}
	}
}

// engaged counts the rows of lines.
func (x *exchanges) engaged() (count int64) {
	x.Helper()
	for _, n := range x.nodes {
		rows, err := n.trunk.lines.renew(context.Background())
		if err != nil {
			x.Fatal(err)
		}
		count += int64(len(rows))
	}
	return count
}

func (x *exchanges) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

// TestCallOfTwoNodes goes once through a call whose home is a third node, with
// the bus and with nothing but the database.
func TestCallOfTwoNodes(t *testing.T) {
	for name, dead := range map[string]bool{"bus": false, "no bus": true} {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				noLeak(t)
				x := newExchanges(t, d, 3, dead)
				home, b, c := x.nodes[0], x.nodes[1], x.nodes[2]
				x.must(home.send(10, model.CmdCallInvite, 2, `{"device":"a"}`, nil))
				b.hears(20, model.CmdCallInvite, "")
				x.must(b.send(20, model.CmdCallAccept, 1, `{"device":"b"}`, nil))
				home.hears(10, model.CmdCallAccept, "")
				b.hears(20, model.CmdCallState, "in_call")
				c.hears(21, model.CmdCallState, "in_call")
				home.Left(model.Sender{UserID: 1, Origin: 10})
				b.hears(20, model.CmdCallState, "away")
				x.must(c.send(11, model.CmdCallResume, 0, `{"device":"a"}`, nil)) // now both are elsewhere
				c.hears(11, model.CmdCallState, "in_call")
				b.hears(20, model.CmdCallState, "back")
				for i := range 30 {
					x.must(b.send(20, model.CmdCallCandidate, 0, "", nil))
					x.must(c.send(11, model.CmdCallMedia, 0, "", nil))
					if i%10 == 9 {
						b.hears(20, model.CmdCallMedia, "")
						c.hears(11, model.CmdCallCandidate, "")
					}
				}
				b.Left(model.Sender{UserID: 2, Origin: 20})
				c.hears(11, model.CmdCallState, "away")
				refused := make(chan error, 1)
				x.must(b.send(22, model.CmdCallCandidate, 0, `{"device":"another"}`, func(err error) { refused <- err }))
				if err := <-refused; model.CodeOf(err) != model.CodeForbidden {
					t.Errorf("a device that is not in the call: %v", err)
				}
				// Calling the same person again at a new page ends the old call and begins another, at its home.
				x.must(b.send(23, model.CmdCallInvite, 3, `{"device":"new"}`, nil))
				c.hears(11, model.CmdCallEnd, "lost")
				b.hears(23, model.CmdCallState, "calling")
				c.hears(30, model.CmdCallInvite, "")
				x.must(b.send(23, model.CmdCallEnd, 0, "", nil))
				c.hears(30, model.CmdCallEnd, "cancelled")
				for _, n := range x.nodes {
					n.Close()
				}
				if left := x.engaged(); left > 0 || x.entries != 2 {
					t.Errorf("%d lines are engaged, %d entries", left, x.entries)
				}
			})
		})
	}
}

// TestACallWhoseNodeIsGone: the lines of a node that ended without a word are
// freed, and its people told.
func TestACallWhoseNodeIsGone(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		noLeak(t)
		clock := newHands()
		gone := newCallLines(d, "gone", clock.now)
		if taken, _ := engages(t, gone, "its call", 1, 2); len(taken) > 0 {
			t.Fatal(taken)
		}
		x := newExchanges(t, d, 2, false) // by their clock the lease is long over
		for _, socket := range []uint64{10, 20} {
			var ext model.CallExt
			x.must(json.Unmarshal(x.nodes[socket/20].hears(socket, model.CmdCallState, "ended lost").Message.Ext, &ext))
			if ext.Call != "its call" {
				t.Errorf("the end of %q", ext.Call)
			}
		}
		x.must(x.nodes[1].send(20, model.CmdCallInvite, 1, "", nil))
		x.nodes[0].hears(10, model.CmdCallInvite, "")
		for _, n := range x.nodes {
			n.Close()
		}
	})
}

// TestANodeThatLostItsLines ends its call: it was silent for too long, and its
// people may be in another one.
func TestANodeThatLostItsLines(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		noLeak(t)
		x := newExchanges(t, d, 1, false)
		n := x.nodes[0]
		x.must(n.send(10, model.CmdCallInvite, 2, "", nil))
		later := newHands()
		later.t = time.Now().Add(2 * lineLease)
		if _, void := engages(t, newCallLines(d, "other", later.now), "another", 2, 3); len(void) != 1 {
			t.Fatalf("void were %q", void)
		}
		n.hears(10, model.CmdCallEnd, "lost")
		n.Close()
		if left := x.engaged(); left != 0 {
			t.Errorf("%d lines are left", left)
		}
	})
}

// TestANodeThatDoesNotRead is gone when it leaves its letters at two looks: at one
// it may be the database that was away.
func TestANodeThatDoesNotRead(t *testing.T) {
	for name, reads := range map[string]bool{"gone": false, "late": true} {
		t.Run(name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				clock := newHands()
				x := stillExchanges(t, d, 2, clock.now, func(name string) *Letters {
					return NewLetters(d, NewWakes(d, nil, clock.now), name, clock.now, slog.New(slog.DiscardHandler))
				})
				home, b := x.nodes[0], x.nodes[1]
				dead := &suspects{lines: map[model.CallLine]time.Time{}}
				round := func() {
					x.must(home.keep(t.Context(), dead))
					x.must(home.trunk.letters.writeAll(t.Context()))
				}
				x.must(home.send(10, model.CmdCallInvite, 2, "", nil))
				home.heed(t.Context(), b.name, `{"userid":2,"socket":20,"frame":{"cmd":22,"amount":0}}`)
				home.hears(10, model.CmdCallAccept, "")
				round()
				clock.pass(letterPatience + time.Second)
				round()
				if reads {
					x.must(b.trunk.letters.readAll(t.Context(), map[string]int64{}, func(sender, body string) { b.heed(t.Context(), sender, body) }))
					b.hears(20, model.CmdCallState, "in_call")
				}
				round()
				if away := home.board.calls[2].callee.away; away == reads {
					t.Errorf("away: %t", away)
				}
				if !reads {
					home.hears(10, model.CmdCallState, "away")
				}
				during(t, home.trunk.letters.Run) // the last words
				home.Close()
			})
		})
	}
}

// TestManyCallAtOnce: few people call each other from all nodes, answer, hang up
// and lose their sockets. Nobody is ever in two calls, and in the end no line is
// engaged.
func TestManyCallAtOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		noLeak(t)
		x := newExchanges(t, d, 3, false)
		var all sync.WaitGroup
		for user := range int64(5) {
			random := rand.New(rand.NewPCG(3, uint64(user)))
			all.Go(func() {
				for range 40 {
					n := x.nodes[random.IntN(len(x.nodes))]
					socket := uint64(user+1)*10 + uint64(random.IntN(3))
					cmd := []int{model.CmdCallInvite, model.CmdCallInvite, model.CmdCallAccept, model.CmdCallEnd, model.CmdCallReject, model.CmdCallResume}[random.IntN(6)]
					err := n.send(socket, cmd, (user+1+random.Int64N(4))%5+1, "", nil)
					if e, ok := errors.AsType[*model.Error](err); err != nil && (!ok || e.Code == model.CodeInternal) {
						t.Error(err)
					}
					if random.IntN(8) == 0 {
						n.Left(model.Sender{UserID: user + 1, Origin: socket})
					}
					x.atMostOne()
				}
			})
		}
		all.Wait()
		for _, n := range x.nodes {
			n.Close()
		}
		if left := x.engaged(); left > 0 {
			t.Errorf("%d lines are engaged", left)
		}
	})
}

// atMostOne looks at all boards at the same moment.
func (x *exchanges) atMostOne() {
	for _, n := range x.nodes {
		n.CallService.mu.Lock()
		defer n.CallService.mu.Unlock()
	}
	in := map[int64]string{}
	for _, n := range x.nodes {
		for user, c := range n.board.calls {
			if in[user] != "" {
				x.Errorf("%d is in %s and %s", user, in[user], c.id)
			}
			in[user] = c.id
		}
	}
}

// A device at another node heard what became of a call from the bus alone, and
// rang on where that lost it. Devices that come later hear it too.
func TestStatesOfCallsAreToldAgain(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		x := newExchanges(t, d, 2, false)
		home, other := x.nodes[0], x.nodes[1]
		again := func(state string) {
			t.Helper()
			for range 2 { // as it happens, which is forgotten, and in the round after
				other.hears(21, model.CmdCallState, state)
				home.going()
			}
		}
		x.must(home.send(10, model.CmdCallInvite, 2, `{"device":"a"}`, nil))
		home.hears(20, model.CmdCallInvite, "")
		x.must(home.send(20, model.CmdCallAccept, 1, `{"device":"b"}`, nil))
		again("in_call")
		home.hears(10, model.CmdCallAccept, "")
		x.must(home.send(20, model.CmdCallEnd, 1, "", nil))
		again("ended answered")
	})
}

// TestPartingEndsACall: who blocks somebody ends the call with them, answered or
// not, from any node; calls with others go on.
func TestPartingEndsACall(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		x := newExchanges(t, d, 2, false)
		home, other := x.nodes[0], x.nodes[1]
		for _, tt := range []struct {
			name         string
			answered     bool
			at           *station
			by, from     int64
			cmd          int
			reason, said string
		}{
			{"the callee, answered", true, other, 2, 1, model.CmdCallEnd, "answered", "ended answered"},
			{"the caller, answered", true, home, 1, 2, model.CmdCallEnd, "answered", "ended answered"},
			{"the callee, ringing", false, other, 2, 1, model.CmdCallReject, "declined", "ended declined"},
			{"the caller, ringing", false, home, 1, 2, model.CmdCallEnd, "cancelled", "ended cancelled"},
		} {
			t.Log(tt.name)
			x.must(home.send(10, model.CmdCallInvite, 2, `{"device":"a"}`, nil))
			other.hears(20, model.CmdCallInvite, "")
			if tt.answered {
				x.must(home.send(20, model.CmdCallAccept, 1, `{"device":"b"}`, nil))
				home.hears(10, model.CmdCallAccept, "")
			}
			tt.at.Part(t.Context(), tt.by, 3)
			if calls, _ := home.going(); calls != 1 {
				t.Fatalf("%d calls go on after one of them parted from somebody else", calls)
			}
			tt.at.Part(t.Context(), tt.by, tt.from)
			home.hears(uint64(tt.from*10), tt.cmd, tt.reason)
			other.hears(uint64(tt.by*10), model.CmdCallState, tt.said)
			if calls, _ := home.going(); calls != 0 {
				t.Errorf("%d calls go on", calls)
			}
		}
	})
}
