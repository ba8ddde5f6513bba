package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/freeport"

	"xorm.io/xorm"
)

// clusterWait is for what takes milliseconds on an idle machine.
const clusterWait = 40 * time.Second

// mostGhost is how long somebody may still be online whose node was killed.
const mostGhost = 30 * time.Second

// resident is a user with a socket on one node, read to the end.
type resident struct {
	*client.Client
	*client.Socket
	id int64

	mu     sync.Mutex
	frames []model.Message
	change chan struct{}
	ended  bool
}

// inCluster runs a test against three processes on one MariaDB that are started
// together, over each bus that needs nothing else.
func inCluster(t *testing.T, fn func(t *testing.T, source string, nodes []*child)) {
	t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
	for name, buses := range simpleBuses() {
		t.Run(name, func(t *testing.T) {
			source := dbtest.MySQL(t)
			nodes := make([]*child, 3)
			var all sync.WaitGroup
			for i, bus := range buses(t) {
				data := filepath.Join(t.TempDir(), fmt.Sprint(i))
				all.Go(func() { nodes[i] = spawn(t, data, source, "-limits", "off", "-bus", bus) })
			}
			all.Wait()
			for _, n := range nodes {
				if n == nil {
					t.Fatal("a node does not start")
				}
			}
			fn(t, source, nodes)
		})
	}
}

// simpleBuses are those that need nothing else: for each, what three nodes are told.
func simpleBuses() map[string]func(*testing.T) [3]string {
	return map[string]func(*testing.T) [3]string{"udp": broadcast, "nats": serversInside}
}

// broadcast joins three nodes by loopback's own broadcast.
func broadcast(t *testing.T) [3]string {
	t.Helper()
	bus := fmt.Sprintf("udp://127.255.255.255:%d", sharedPort(t))
	return [3]string{bus, bus, bus}
}

// serversInside joins three nodes by a NATS server inside each.
func serversInside(t *testing.T) (buses [3]string) {
	t.Helper()
	a, b, c := sharedPort(t), sharedPort(t), sharedPort(t)
	for i, own := range []int{a, b, c} {
		buses[i] = fmt.Sprintf("nats+embedded://127.0.0.1:%d?peers=127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d", own, a, b, c)
	}
	return buses
}

// sharedPort is one that TCP and UDP both have.
func sharedPort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Find()
	check(t, err)
	return port
}

// settle registers a user at a node.
func settle(t *testing.T, n *child, number int) *resident {
	t.Helper()
	return settleAt(t, number, n.public)
}

// settleAt is settle for who knows several addresses.
func settleAt(t *testing.T, number int, addresses ...string) *resident {
	t.Helper()
	r := &resident{Client: client.New(addresses...), change: make(chan struct{})}
	t.Cleanup(r.Client.Close)
	check(t, r.Register(t.Context(), fmt.Sprintf("+861370000%04d", number), "a good password", fmt.Sprint("user", number)))
	r.id = r.User().ID
	return r
}

// open opens the user's socket.
func (r *resident) open(t *testing.T) {
	t.Helper()
	s, err := r.Dial(t.Context())
	check(t, err)
	r.Socket = s
	t.Cleanup(s.Close)
	go func() {
		for m := range s.Frames {
			r.note(func() { r.frames = append(r.frames, m) })
		}
		r.note(func() { r.ended = true })
	}()
}

func (r *resident) note(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn()
	close(r.change)
	r.change = make(chan struct{})
}

// await waits until something holds of what the user has heard.
func (r *resident) await(t *testing.T, what string, holds func(list []model.Message) bool) {
	t.Helper()
	late := time.After(clusterWait)
	for {
		r.mu.Lock()
		ok, change := holds(r.frames), r.change
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-change:
		case <-late:
			t.Fatalf("%s does not come to user %d", what, r.id)
		}
	}
}

// hears waits for a frame.
func (r *resident) hears(t *testing.T, what string, is func(m *model.Message) bool) {
	t.Helper()
	r.await(t, what, func(list []model.Message) bool {
		for i := range list {
			if is(&list[i]) {
				return true
			}
		}
		return false
	})
}

func says(content string) func(*model.Message) bool {
	return func(m *model.Message) bool { return m.IsPost() && m.Content == content }
}

// household are three friends, one on each node, who share a group.
func household(t *testing.T, nodes []*child) (people [3]*resident, group int64) {
	t.Helper()
	for i := range people {
		people[i] = settle(t, nodes[i], i)
	}
	for i, a := range people {
		for _, b := range people[i+1:] {
			check(t, a.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": b.id}, nil))
			check(t, b.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": a.id}, nil))
		}
	}
	for _, r := range people {
		r.open(t)
	}
	var g struct{ ID int64 }
	check(t, people[0].Post(t.Context(), "/contact/createcommunity",
		map[string]any{"name": "group", "members": []int64{people[1].id, people[2].id}}, &g))
	return people, g.ID
}

// TestCluster is what crosses between nodes: messages of two and of a group,
// typing, reads, presence, live rooms, membership, and the end of a session; all
// the while one order without a hole, and nothing twice.
func TestCluster(t *testing.T) {
	inCluster(t, func(t *testing.T, source string, nodes []*child) {
		people, group := household(t, nodes)
		a, b, c := people[0], people[1], people[2]

		ack, err := a.Send(t.Context(), model.Message{Cmd: model.CmdSingle, DstID: b.id, Media: model.MediaText, Content: "hello", CID: "1"})
		check(t, err)
		b.hears(t, "a message", says("hello"))
		long := strings.Repeat("雁", 1400) // more than a datagram of the LAN takes: the bus says where it is
		_, err = a.Send(t.Context(), model.Message{Cmd: model.CmdSingle, DstID: b.id, Media: model.MediaText, Content: long, CID: "long"})
		check(t, err)
		b.hears(t, "a long message", says(long))
		stop := often(func() bool {
			return b.Write(model.Message{Cmd: model.CmdTyping, Kind: model.KindSingle, DstID: a.id}) == nil
		})
		a.hears(t, "typing", func(m *model.Message) bool { return m.Cmd == model.CmdTyping && m.UserID == b.id })
		stop()
		check(t, b.Write(model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: a.id, Seq: ack.Seq}))
		a.hears(t, "the read", func(m *model.Message) bool { return m.Cmd == model.CmdRead && m.UserID == b.id })
		a.hears(t, "the presence", func(m *model.Message) bool { return m.Cmd == model.CmdPresence && m.UserID == c.id && m.Amount == 1 })
		a.online(t, b.id, true)

		check(t, c.Write(model.Message{Cmd: model.CmdEnter, DstID: 99}))
		stop = often(func() bool { return a.Write(model.Message{Cmd: model.CmdLive, DstID: 99, Content: "live"}) == nil })
		c.hears(t, "the live room", func(m *model.Message) bool { return m.Cmd == model.CmdLive && m.Content == "live" })
		stop()

		before := deadlocks(t, source)
		talkAtOnce(t, people, group, 60)
		if n := deadlocks(t, source) - before; n != 0 {
			t.Errorf("%d deadlocks while all nodes spoke in one group", n)
		}

		check(t, a.Post(t.Context(), "/community/kick", map[string]any{"dstid": group, "memberid": c.id}, nil))
		c.hears(t, "being put out", func(m *model.Message) bool { return m.Cmd == model.CmdEvent && m.Content == model.EventGroupLeft })
		_, err = b.Send(t.Context(), model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: "without c", CID: "k"})
		check(t, err)
		a.hears(t, "a message", says("without c"))
		c.mu.Lock()
		for i := range c.frames {
			if says("without c")(&c.frames[i]) {
				t.Error("who is out hears the group")
			}
		}
		c.mu.Unlock()

		elsewhere := client.New(nodes[2].public)
		t.Cleanup(elsewhere.Close)
		check(t, elsewhere.Login(t.Context(), "+8613700000001", "a good password")) // b, on the third node
		check(t, elsewhere.Post(t.Context(), "/user/passwd", map[string]any{"old": "a good password", "passwd": "a better password"}, nil))
		began := time.Now()
		b.await(t, "the end of the session", func([]model.Message) bool { return b.ended })
		t.Logf("a session that ended on another node: its socket closed after %v with %d", time.Since(began).Round(time.Millisecond), b.Code())
		if b.Code() != 4001 {
			t.Errorf("closed with %d", b.Code())
		}

		nodes[2].kill()
		began = time.Now()
		a.hears(t, "that c is gone", func(m *model.Message) bool { return m.Cmd == model.CmdPresence && m.UserID == c.id && m.Amount == 0 })
		gone := time.Since(began).Round(time.Second)
		t.Logf("the ghosts of a killed node are gone after %v", gone)
		if gone > mostGhost {
			t.Errorf("nobody is online longer than %v after a node was killed", mostGhost)
		}
		a.online(t, c.id, false)
	})
}

// often does again and again what may get lost, until stop is called or it fails.
func often(do func() bool) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	tick := time.NewTicker(100 * time.Millisecond)
	go func() {
		defer close(ended)
		defer tick.Stop()
		for do() {
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// online checks what the list of friends says.
func (r *resident) online(t *testing.T, id int64, want bool) {
	t.Helper()
	var friends []model.PublicUser
	check(t, r.Post(t.Context(), "/contact/loadfriend", nil, &friends))
	for _, f := range friends {
		if f.ID == id && f.Online != want {
			t.Errorf("user %d is online: %v", id, f.Online)
		}
	}
}

// talkAtOnce has everybody speak in the group at the same time, each on another
// node, and then looks at what each socket got and what the store has.
func talkAtOnce(t *testing.T, people [3]*resident, group int64, each int) {
	t.Helper()
	var all sync.WaitGroup
	for _, r := range people {
		for hand := range 4 {
			all.Go(func() {
				for i := range each / 4 {
					m := model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, CID: fmt.Sprint(r.id, "-", hand, "-", i)}
					m.Content = m.CID
					if _, err := r.Send(t.Context(), m); err != nil {
						t.Errorf("%s: %v", m.CID, err)
					}
				}
			})
		}
	}
	all.Wait()
	rows := 3 * (each / 4) * 4
	stored, err := people[0].History(t.Context(), model.KindRoom, group, 0, 200)
	check(t, err)
	if len(stored) != rows {
		t.Fatalf("%d are stored of %d", len(stored), rows)
	}
	for i, m := range stored {
		if m.Seq != int64(i+1) {
			t.Fatalf("seq %d at place %d", m.Seq, i+1)
		}
	}
	for _, r := range people {
		r.await(t, "the whole group", func(list []model.Message) bool { return complete(list, group, rows, r.id) })
		r.mu.Lock()
		last := int64(0)
		for _, m := range r.frames {
			if m.Cmd != model.CmdRoom || m.DstID != group {
				continue
			}
			if m.Seq <= last {
				t.Errorf("user %d got seq %d after %d", r.id, m.Seq, last)
			}
			if last = m.Seq; m.Content != stored[m.Seq-1].Content {
				t.Errorf("seq %d is %q to user %d and %q in the store", m.Seq, m.Content, r.id, stored[m.Seq-1].Content)
			}
		}
		r.mu.Unlock()
	}
}

// deadlocks gives how many the database's server has seen.
func deadlocks(t *testing.T, source string) (count int64) {
	t.Helper()
	d, err := db.Open(source)
	check(t, err)
	defer func() { check(t, d.Close()) }()
	var name string
	check(t, d.View(t.Context(), func(s *xorm.Session) error {
		_, err := s.SQL("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").Get(&name, &count)
		return err
	}))
	return count // of a server that does not count them 0, each time
}

// complete tells whether a socket got everything that others said, or was told
// to look.
func complete(list []model.Message, group int64, rows int, own int64) bool {
	got := 0
	for _, m := range list {
		if m.Cmd == model.CmdResync {
			return true
		}
		if m.Cmd == model.CmdRoom && m.DstID == group && m.UserID != own {
			got++
		}
	}
	return got == rows*2/3
}
