//go:build linux

package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
)

// asClients in the environment makes the test program hold sockets open:
// address, number and token, with spaces between.
const asClients = "FAULTS_CLIENTS"

// beFrozen is the program of those who will fall silent. It tells whether this
// process is one.
func beFrozen() bool {
	var address, token string
	var n int
	if _, err := fmt.Sscan(os.Getenv(asClients), &address, &n, &token); err != nil {
		return false
	}
	c := client.New(address)
	c.SetToken(token)
	for range n {
		s, err := c.Dial(context.Background())
		if err != nil {
			_, _ = io.WriteString(os.Stdout, err.Error()+"\n")
			return true
		}
		go func() {
			for range s.Frames {
			}
		}()
	}
	_, _ = io.WriteString(os.Stdout, "ready\n")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends this
	return true
}

// island is a network namespace that is joined to this one by a cable.
type island struct {
	*testing.T
	name, cable, own string
}

// newIsland makes a namespace; it skips the test where that cannot be done.
func newIsland(t *testing.T) *island {
	t.Helper()
	id := os.Getpid() % 50000
	i := &island{T: t, name: fmt.Sprint("hongyan", id), cable: fmt.Sprint("hy", id), own: fmt.Sprintf("10.%d.%d.1", 100+id/250%100, id%250)}
	other := strings.TrimSuffix(i.own, "1") + "2"
	t.Cleanup(func() {
		_ = i.ip("link", "del", i.cable)
		_ = i.ip("netns", "del", i.name)
	})
	err := errors.Join(
		i.ip("netns", "add", i.name),
		i.ip("link", "add", i.cable, "type", "veth", "peer", "name", "eth0", "netns", i.name),
		i.ip("addr", "add", i.own+"/24", "dev", i.cable),
		i.ip("link", "set", i.cable, "up"),
		i.ip("-n", i.name, "addr", "add", other+"/24", "dev", "eth0"),
		i.ip("-n", i.name, "link", "set", "eth0", "up"),
	)
	if err != nil {
		t.Skip("no network namespaces here, which take root and iproute2:", err)
	}
	return i
}

func (i *island) ip(args ...string) error {
	out, err := exec.CommandContext(context.Background(), "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %v: %w: %s", args, err, out)
	}
	return nil
}

// TestHalfOpen: the network swallows everything, and the clients behind it die.
// Nobody tells the server; it notices, and lets go of each socket.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	const sockets = 20
	i := newIsland(t)
	s := spawn(t, t.TempDir(), "-listen", i.own+":0")
	w := newTown(t, s.public)
	open := func() float64 {
		n, err := s.metric(t.Context(), "hongyan_connections")
		w.ok(err)
		return n
	}
	here, err := w.client(1, s.public).Dial(t.Context()) // not on the island
	w.ok(err)
	defer here.Close()
	clients := exec.CommandContext(t.Context(), "ip", "netns", "exec", i.name, os.Args[0])
	clients.Env = append(os.Environ(), fmt.Sprint(asClients, "=", s.public, " ", sockets, " ", w.people[0].token))
	clients.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if _, err := clients.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := clients.StdoutPipe()
	w.ok(err)
	w.ok(clients.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the clients: %q, %v", line, err)
	}
	if n := open(); n != sockets+1 {
		t.Fatalf("%v sockets are open", n)
	}
	friend := w.client(1, s.public)
	defer friend.Close()
	online := func() bool { // whose sockets these are
		var friends []model.PublicUser
		w.ok(friend.Post(t.Context(), "/contact/loadfriend", nil, &friends))
		return slices.ContainsFunc(friends, func(u model.PublicUser) bool { return u.ID == w.people[0].id && u.Online })
	}
	if !online() {
		t.Error("who has sockets is not online")
	}
	w.ok(i.ip("-n", i.name, "link", "set", "eth0", "down")) // swallows, and says nothing
	_ = clients.Process.Kill()
	_ = clients.Wait()
	began := time.Now()
	for open() > 1 && time.Since(began) < 3*patience {
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(began)
	if n := open(); n != 1 || here.Err() != nil {
		t.Errorf("after %v %v sockets are open, want the one of who is there (%v)", took, n, here.Err())
	}
	t.Logf("%d half-open sockets were let go after %v", sockets, took)
	goal(t, "until half-open sockets are let go", took, 75*time.Second)
	await(t, "that their person is not online any more", func() bool { return !online() })
}
