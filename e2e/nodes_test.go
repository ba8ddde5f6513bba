package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
)

// station is one node of a cluster, which is started and ended at its address.
type station struct {
	t         *testing.T
	url, data string
	flags     []string
	cmd       *exec.Cmd
}

// newStations starts two nodes on one database; clients reach them at
// addresses of their own.
func newStations(t *testing.T) [2]*station {
	t.Helper()
	startProduct(t) // builds it
	source, bus := startMariaDB(t), fmt.Sprintf("udp://127.255.255.255:%d", freePort(t))
	files := "local:" + t.TempDir()
	var all [2]*station
	for i := range all {
		port := freePort(t)
		s := &station{t: t, url: fmt.Sprint("http://127.0.0.1:", port), data: t.TempDir()}
		s.flags = []string{"-listen", fmt.Sprint("127.0.0.1:", port), "-db", source, "-blob", files, "-bus", bus, "-advertise", s.url}
		all[i] = s
		s.start()
		t.Cleanup(func() { s.end(syscall.SIGKILL) })
	}
	return all
}

func (s *station) start() {
	s.t.Helper()
	var err error
	if s.cmd, _, err = launch(filepath.Join(product.dir, "hongyan"), s.data, s.flags...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) end(by syscall.Signal) {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Signal(by)
		_ = s.cmd.Wait()
	}
}

// TestGoesOnAtAnotherNode has a page whose site is in front of two nodes open
// its line at one of them. Told to move it goes to the other, and when that one
// is killed it comes back; it misses nothing and shows nothing twice.
func TestGoesOnAtAnotherNode(t *testing.T) {
	nodes := newStations(t)
	var site atomic.Pointer[string]
	site.Store(&nodes[0].url)
	at := func(name string, on screen) *account {
		w := newWireTo(t, func() string { return *site.Load() })
		a := &account{person: newPerson(t, name, w.server.URL, on), wire: w, mobile: fmt.Sprint(13900000000 + people.Add(1))}
		a.open("/user/register.shtml")
		a.api("/user/register", map[string]any{"mobile": a.mobile, "nickname": name, "passwd": password})
		a.open("/chat/index.shtml")
		a.arrive()
		return a
	}
	ann, bo := at("安娜", phone), at("Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("第一句")
	ann.sees("第一句")
	if n := ann.wire.sockets.Load(); n > 0 {
		t.Fatalf("%d sockets went through the site in front of the nodes", n)
	}

	here, there := ann.node(nodes)
	site.Store(&there.url) // as whatever is in front of the nodes does
	was := ann.helloNode()
	here.end(syscall.SIGTERM)
	ann.until("the other node", "store.inspect().then((all) => all.hello.node !== '"+was+"' && store.connection.peek().state === 'online')")
	bo.say("第二句")
	ann.sees("第二句")

	here.start()
	ann.until("both nodes in the list", "fetch('/dispatch').then((r) => r.json()).then((all) => all.rows.length === 2)")
	site.Store(&here.url)
	was = ann.helloNode()
	there.end(syscall.SIGKILL)
	ann.say("第三句")
	ann.until("the first node again", "store.inspect().then((all) => all.hello.node !== '"+was+"' && store.connection.peek().state === 'online')")
	bo.sees("第三句")
	bo.say("第四句")
	ann.sees("第四句")
	for i, text := range []string{"第一句", "第二句", "第三句", "第四句"} {
		ann.until("each message once", fmt.Sprintf("document.querySelectorAll('hy-messages article')[%d]?.textContent.includes('%s')", i, text))
	}
	ann.until("four messages", "document.querySelectorAll('hy-messages article').length === 4")
}

// node gives the node where this person's line is, and the other one.
func (a *account) node(nodes [2]*station) (here, there *station) {
	a.t.Helper()
	first := eval[string](a.person, "fetch('/dispatch').then((r) => r.json()).then((all) => all.rows[0].url)")
	if first == nodes[0].url {
		return nodes[0], nodes[1]
	}
	return nodes[1], nodes[0]
}

// helloNode is how the node where the line is calls itself.
func (a *account) helloNode() string {
	a.t.Helper()
	a.store()
	return eval[string](a.person, "store.inspect().then((all) => all.hello.node)")
}
