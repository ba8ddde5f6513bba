//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hongyan/client/verify"
	"hongyan/service/db/dbtest"
)

// fleet are three nodes that are killed, frozen and started again at their
// addresses, in turn.
type fleet struct {
	t       *testing.T
	program string
	buses   [3]string
	sources [3]string
	ports   [3]int
	data    [3]string
	nodes   [3]*child
	turn    int
}

// newFleet starts nodes, each with its bus, on a database of their own.
func newFleet(t *testing.T, buses [3]string) *fleet {
	t.Helper()
	return fleetOf(t, buses).launch()
}

// fleetOf is newFleet before the start.
func fleetOf(t *testing.T, buses [3]string) *fleet {
	t.Helper()
	t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
	source := dbtest.MySQL(t)
	return &fleet{t: t, program: os.Args[0], buses: buses, sources: [3]string{source, source, source}}
}

// launch starts all nodes.
func (f *fleet) launch() *fleet {
	f.t.Helper()
	for i := range f.nodes {
		f.ports[i], f.data[i] = sharedPort(f.t), filepath.Join(f.t.TempDir(), fmt.Sprint(i))
		check(f.t, f.start(i))
	}
	return f
}

// start starts a node. Where it fails it ends the test only once that has been
// said in the test's own goroutine.
func (f *fleet) start(i int) error {
	var node *child
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		node = spawnOf(f.t, []string{f.program}, f.data[i], f.sources[i], "-limits", "off", "-bus", f.buses[i], "-listen", fmt.Sprintf("127.0.0.1:%d", f.ports[i]))
	}()
	<-ended
	if node == nil {
		return fmt.Errorf("node %d does not start", i)
	}
	f.nodes[i] = node
	return nil
}

func (f *fleet) addresses() (list []string) {
	for _, n := range f.nodes {
		list = append(list, n.public)
	}
	return list
}

// next gives each node in turn.
func (f *fleet) next() int {
	f.turn++
	return f.turn % len(f.nodes)
}

// faults are those of processes, each as often as there are nodes.
func (f *fleet) faults() []verify.Injection {
	list := []verify.Injection{
		{Name: "kill", Times: 3, Inject: func(context.Context, *verify.Target) error {
			i := f.next()
			f.nodes[i].kill()
			return f.start(i)
		}},
		f.freeze("freeze", lasting(time.Second, 10*time.Second)),
		{Name: "roll", Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error { return f.roll(ctx, 0) }},
	}
	if os.Getenv("CLUSTER_MINUTES") != "" {
		list = append(list, f.freeze("freeze for a minute", time.Minute))
	}
	return list
}

// freeze stops a node for a while.
func (f *fleet) freeze(name string, lasts time.Duration) verify.Injection {
	return verify.Injection{Name: name, Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
		p := f.nodes[f.next()].cmd.Process
		err := p.Signal(syscall.SIGSTOP)
		wait(ctx, lasts)
		return errors.Join(err, p.Signal(syscall.SIGCONT))
	}}
}

// lasting chooses by whether this is the long form.
func lasting(short, extended time.Duration) time.Duration {
	if os.Getenv("CLUSTER_MINUTES") != "" {
		return extended
	}
	return short
}

// roll ends each node in order and starts it again, one after the other.
func (f *fleet) roll(ctx context.Context, between time.Duration) error {
	for i, n := range f.nodes {
		if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		_ = n.cmd.Wait() // how it ended is not what is asked here
		if err := f.start(i); err != nil {
			return err
		}
		wait(ctx, between)
	}
	return nil
}

// wait lets a fault last.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// judged makes traffic and faults, 300 messages a second for as long as
// CLUSTER_MINUTES says or the faults take, and judges them.
func (f *fleet) judged(faults []verify.Injection) {
	f.t.Helper()
	v := f.verdict(faults)
	f.t.Log(printed(f.t, v))
	if err := v.Err(); err != nil {
		f.t.Error(err)
	}
	if os.Getenv("CLUSTER_MINUTES") == "" {
		return // a busy machine says nothing of times
	}
	if far := v.OtherNode; far.P99 > slowestFar {
		f.t.Errorf("from a node to another p99 is %v, want %v", far.P99, slowestFar)
	}
	for name, after := range v.Healed {
		most := slowestHeal
		if strings.HasPrefix(name, "freeze") {
			most *= 2 // it has to work off what its people said meanwhile
		}
		if after > most {
			f.t.Errorf("all are in step again %v after %s, want %v", after, name, most)
		}
	}
}

// slowestFar is what reliability.md allows from a node to another over a LAN that
// loses a third, and slowestHeal after a fault.
const (
	slowestFar  = 1500 * time.Millisecond
	slowestHeal = 5 * time.Second
)

// verdict is judged without what it means.
func (f *fleet) verdict(faults []verify.Injection) *verify.Verdict {
	f.t.Helper()
	o := verify.Defaults()
	o.Addresses, o.Rate, o.Pause, o.Faults = f.addresses(), 420, time.Second, faults // of these 300 are messages
	o.Size = 4000                                                                    // more than a datagram takes
	o.Hole = 5 * time.Second                                                         // a busy machine repairs as well, and later
	o.MinRate, o.Patience, o.Duration = 1, 2*time.Minute, time.Second
	if long, err := time.ParseDuration(os.Getenv("CLUSTER_MINUTES") + "m"); err == nil {
		o.Hole, o.Duration, o.Pause, o.MinRate = 2*time.Second, long, 10*time.Second, 10
		o.Users, o.Devices, o.Groups, o.Members = 200, 1, 20, 10
		o.Rate = 100 // the group of all makes some 3,000 deliveries a second of that
	}
	log := newBuffer()
	o.Log, o.History = log, filepath.Join(f.t.ArtifactDir(), "history.jsonl")
	v, _, err := verify.Run(f.t.Context(), o)
	keep(f.t, "verify.log", log)
	if err != nil {
		f.t.Fatalf("%v\n%s", err, log)
	}
	return v
}

// TestClusterFaults judges what clients of three nodes saw while each was
// killed, frozen, and all were ended in order one after the other: over a LAN
// that loses a third, doubles, cuts and is away for all or for one; over servers inside
// the nodes; and over a server of its own that goes and comes, with bad links to it
// and to the database. The long form has 200 people in 20 groups, freezes a node
// for 10 s and for a minute, and asks for times too:
//
//	CLUSTER_MINUTES=10 go test -timeout 1h -run TestClusterFaults -v .
func TestClusterFaults(t *testing.T) {
	apart(t)
	t.Run("udp", func(t *testing.T) {
		lan, bus := newBadLAN(t)
		lan.loses.Store(30)
		lan.doubles.Store(10)
		f := newFleet(t, [3]string{bus, bus, bus})
		f.judged(append(f.faults(), lan.faults()...))
		t.Logf("the bus lost %d of %d", lan.lost.Load(), lan.got.Load())
		if lan.lost.Load() == 0 {
			t.Error("no test: the bus lost nothing")
		}
	})
	t.Run("nats embedded", func(t *testing.T) {
		f := newFleet(t, serversInside(t))
		f.judged(f.faults())
	})
	t.Run("nats and links", func(t *testing.T) {
		s := newNATS(t)
		source, err := url.Parse(dbtest.MySQL(t))
		check(t, err)
		t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
		f := &fleet{t: t, program: os.Args[0]}
		var links [6]*verify.Proxy // from each node to the database, and to the server
		for i := range links {
			links[i], err = verify.NewProxy()
			check(t, err)
			t.Cleanup(links[i].Close)
			if i < 3 {
				links[i].Lead("http://" + source.Host)
				through := *source
				through.Host = links[i].Address()
				f.sources[i] = through.String()
			} else {
				links[i].Lead("http://" + s.address())
				f.buses[i-3] = "nats://" + links[i].Address()
			}
		}
		f.launch()
		f.judged([]verify.Injection{s.down(), s.flap(), trouble("link to the database", links[:3]), trouble("link to the bus", links[3:])})
	})
}

// trouble does to links, each in turn, what networks do.
func trouble(name string, links []*verify.Proxy) verify.Injection {
	n := 0
	return verify.Injection{Name: name, Times: len(links), Inject: func(ctx context.Context, t *verify.Target) error {
		kind, link := verify.Troubles()[t.Random.IntN(len(verify.Troubles()))], links[n%len(links)]
		n++
		t.Log("%s: %s", name, kind)
		link.Trouble(ctx, kind, t.Random)
		return nil
	}}
}

// TestMutantsOfTheBus: the checker finds that a datagram which comes twice counts
// twice, on a LAN that doubles every second one and does nothing else.
func TestMutantsOfTheBus(t *testing.T) {
	apart(t)
	program := mutantBuild(t, "mutants")
	for _, name := range []string{"", "udp-dup-not-filtered"} {
		t.Run("of "+name, func(t *testing.T) {
			t.Setenv("MUTANT_OF_HONGYAN", name)
			t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
			lan, bus := newBadLAN(t)
			lan.doubles.Store(50)
			source := dbtest.MySQL(t)
			f := &fleet{t: t, program: program, buses: [3]string{bus, bus, bus}, sources: [3]string{source, source, source}}
			v := f.launch().verdict(nil)
			if caught := v.Counts["I3"] > 0; caught != (name != "") || !caught && v.Err() != nil {
				t.Error(printed(t, v))
			}
		})
	}
}
