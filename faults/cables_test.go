//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"hongyan/client/verify"
)

// site is three nodes, each in a network namespace of its own with two cables:
// one to a switch that has nothing but the bus, one to a switch where the
// database and the clients are.
type site struct {
	*island
	net, bus string // the first three numbers of their addresses
	db       *mariadb
	nodes    [3]*server
	data     [3]string
	turn     int
}

// space, busPort and netPort name what belongs to a node; names of interfaces
// have 15 characters at most.
func (s *site) space(i int) string   { return fmt.Sprint(s.name, "n", i) }
func (s *site) busPort(i int) string { return fmt.Sprint(s.cable, "b", i) }
func (s *site) netPort(i int) string { return fmt.Sprint(s.cable, "n", i) }

// newSite lays the cables; it skips the test where that cannot be done.
func newSite(t *testing.T) *site {
	t.Helper()
	id := os.Getpid() % 50000
	s := &site{
		island: &island{T: t, name: fmt.Sprint("hongyan", id), cable: fmt.Sprint("hy", id)},
		net:    fmt.Sprintf("10.%d.%d", 200+id/250%25, id%250), bus: fmt.Sprintf("10.%d.%d", 225+id/250%25, id%250),
	}
	t.Cleanup(s.clear)
	err := errors.Join(
		s.ip("link", "add", s.cable+"b", "type", "bridge"),
		s.ip("link", "set", s.cable+"b", "up"),
		s.ip("link", "add", s.cable+"n", "type", "bridge"),
		s.ip("link", "set", s.cable+"n", "up"),
		s.ip("addr", "add", s.net+".1/24", "dev", s.cable+"n"),
	)
	for i := range s.nodes {
		err = errors.Join(err, s.ip("netns", "add", s.space(i)), s.ip("-n", s.space(i), "link", "set", "lo", "up"),
			s.lay(i, s.busPort(i), s.cable+"b", "bus0", s.bus), s.lay(i, s.netPort(i), s.cable+"n", "net0", s.net))
	}
	if err != nil {
		t.Skip("no network namespaces with bridges here, which take root and iproute2:", err)
	}
	return s
}

// lay puts a cable between a switch and a node.
func (s *site) lay(i int, port, bridge, name, prefix string) error {
	space := s.space(i)
	return errors.Join(
		s.ip("link", "add", port, "type", "veth", "peer", "name", name, "netns", space),
		s.ip("link", "set", port, "master", bridge, "up"),
		s.ip("-n", space, "addr", "add", fmt.Sprintf("%s.%d/24", prefix, 11+i), "broadcast", prefix+".255", "dev", name),
		s.ip("-n", space, "link", "set", name, "up"),
	)
}

func (s *site) clear() {
	for i := range s.nodes {
		_ = s.ip("link", "del", s.busPort(i))
		_ = s.ip("link", "del", s.netPort(i))
		_ = s.ip("netns", "del", s.space(i))
	}
	_ = s.ip("link", "del", s.cable+"b")
	_ = s.ip("link", "del", s.cable+"n")
}

// start starts a node in its namespace.
func (s *site) start(i int) (err error) {
	by := []string{"ip", "netns", "exec", s.space(i), "env", "HONGYAN_BUS_SECRET=the same on every node"}
	s.nodes[i], err = launch(s.T, by, s.data[i],
		"-db", fmt.Sprintf("mysql://hongyan:hongyan@%s.1:%d/hongyan", s.net, s.db.port),
		"-bus", "udp://"+s.bus+".255:3000", "-listen", fmt.Sprintf("%s.%d:8080", s.net, 11+i))
	return err
}

func (s *site) next() int {
	s.turn++
	return s.turn % len(s.nodes)
}

// slowestHeal is what reliability.md allows after a partition.
const slowestHeal = 5 * time.Second

// lasting is how long a cable is pulled: longer than a node's lease on the bus
// where it is long.
func lasting() time.Duration {
	if long() {
		return time.Minute
	}
	return 5 * time.Second
}

// pull makes something of a node's cable to the bus for a while.
func (s *site) pull(name string, bad, good []string) verify.Injection {
	return verify.Injection{Name: name, Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
		port := s.busPort(s.next())
		err := s.ip(append([]string{"link", "set", "dev", port}, bad...)...)
		lapse(ctx, lasting())
		return errors.Join(err, s.ip(append([]string{"link", "set", "dev", port}, good...)...))
	}}
}

func lapse(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// faults are those of cables and of processes.
func (s *site) faults() []verify.Injection {
	return []verify.Injection{
		s.pull("A | B C", []string{"down"}, []string{"up"}),
		s.pull("A is deaf", []string{"type", "bridge_slave", "bcast_flood", "off"}, []string{"type", "bridge_slave", "bcast_flood", "on"}),
		{Name: "A is mute", Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
			route := []string{s.bus + ".255", "dev", "bus0", "table", "local"}
			change := func(i int, verb string) error {
				return s.ip(append([]string{"-n", s.space(i), "route", verb, "broadcast"}, route...)...)
			}
			i := s.next()
			err := change(i, "del")
			lapse(ctx, lasting())
			return errors.Join(err, change(i, "add"))
		}},
		{Name: "kill", Times: 3, Inject: func(context.Context, *verify.Target) error {
			i := s.next()
			s.nodes[i].kill()
			return s.start(i)
		}},
		{Name: "freeze", Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
			p := s.nodes[s.next()].cmd.Process
			err := p.Signal(syscall.SIGSTOP)
			lapse(ctx, lasting()/2)
			return errors.Join(err, p.Signal(syscall.SIGCONT))
		}},
	}
}

// TestPartitions: three nodes hear each other by broadcasts over a switch. A
// cable is pulled, a node only hears or is only heard, nodes are killed and
// frozen, and it heals. The database is the truth: each member's timeline ends equal.
func TestPartitions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.db = newMariaDB(t, s.net+".1")
	o := verify.Defaults()
	for i := range s.nodes {
		s.data[i] = t.TempDir()
		if err := s.start(i); err != nil {
			t.Fatal(err)
		}
		o.Addresses = append(o.Addresses, s.nodes[i].public)
	}
	o.Rate, o.Pause, o.Faults, o.Duration = 300, time.Second, s.faults(), time.Second
	o.Hole, o.MinRate, o.Patience = 5*time.Second, 1, patience
	if long() {
		o.Pause, o.MinRate = 10*time.Second, 10
		o.Users, o.Devices, o.Groups, o.Members = 200, 1, 20, 10
		o.Rate = 100 // the group of all makes some 3,000 deliveries a second of that
	}
	l := &log{}
	o.Log = l
	verdict, path, err := verify.Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, l)
	}
	table := &log{}
	if err := errors.Join(verdict.Print(table), verdict.Err()); err != nil {
		t.Errorf("%v; the history is in %s", err, path)
	}
	t.Log(table)
	for name, after := range verdict.Healed {
		if long() && after > slowestHeal {
			t.Errorf("all are in step again %v after %s, want %v", after, name, slowestHeal)
		}
	}
}
