package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Buses by which the nodes of a test are joined.
const (
	busLocal = "local"
	busUDP   = "udp"
	busNATS  = "nats"
)

// meetTime bounds how long nodes may take to find each other.
const meetTime = 30 * time.Second

// formation is a number of nodes on one store, and what joins them.
type formation struct {
	bus   string
	nodes int
}

// String names the formation as the report does.
func (f formation) String() string {
	switch {
	case f.bus == busLocal:
		return "1 node"
	case f.nodes == 1:
		return "1 node, " + f.bus
	}
	return fmt.Sprintf("%d nodes, %s", f.nodes, f.bus)
}

// buses gives what each node takes as its -bus, on ports that are free.
func (f formation) buses(ctx context.Context) ([]string, error) {
	list := make([]string, f.nodes)
	switch f.bus {
	case busLocal:
		list[0] = busLocal
	case busUDP:
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i] = "udp://127.255.255.255:" + port // loopback's own broadcast
		}
	default:
		var peers []string
		for range list {
			port, err := freePort(ctx)
			if err != nil {
				return nil, err
			}
			peers = append(peers, "127.0.0.1:"+port)
		}
		for i := range list {
			list[i] = "nats+embedded://" + peers[i] + "?peers=" + strings.Join(peers, ",")
		}
	}
	return list, nil
}

// freePort is a port that nobody has.
func freePort(ctx context.Context) (string, error) {
	var binder net.ListenConfig
	l, err := binder.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// startNodes starts the nodes of a formation on the suite's store, and waits
// until they have found each other. Client i is to be at node place(i).
func (s *suite) startNodes(ctx context.Context, f formation, place func(i int) int) (*target, error) {
	buses, err := f.buses(ctx)
	if err != nil {
		return nil, err
	}
	host := s.host
	host.Environment = append(slices.Clone(host.Environment), "HONGYAN_BUS_SECRET="+rand.Text())
	var nodes []*process
	stop := func() {
		for _, p := range nodes {
			p.kill()
		}
	}
	for i, bus := range buses {
		p, err := host.start(ctx, "serve", "-listen", "127.0.0.1:0", "-internal", "127.0.0.1:0", "-data", filepath.Join(s.data, fmt.Sprint("node", i)),
			"-blob", "local:"+filepath.Join(s.data, "files"), "-db", s.source, "-bus", bus, "-limits", "off", "-log-level", "error")
		if err != nil {
			stop()
			return nil, err
		}
		nodes = append(nodes, p)
	}
	t := s.targetOf(f, nodes, place)
	t.stop = stop
	if err := t.meet(ctx); err != nil {
		stop()
		return nil, err
	}
	return t, nil
}

// targetOf makes one target of several nodes.
func (s *suite) targetOf(f formation, nodes []*process, place func(i int) int) *target {
	t := &target{name: f.String(), pids: pids{database: s.options.dbPID}}
	for i, p := range nodes {
		t.bases = append(t.bases, "http://"+p.public)
		t.internals = append(t.internals, p.internal)
		if i == 0 {
			t.base, t.pids.server = t.bases[0], p.pid()
			continue
		}
		t.pids.others = append(t.pids.others, p.pid())
	}
	t.alive = func() error {
		for _, p := range nodes {
			if err := p.dead(); err != nil {
				return err
			}
		}
		return nil
	}
	t.metrics = func(ctx context.Context) (map[string]float64, error) { return scrape(ctx, nodes[0].internal, "") }
	way := s.speaker("", false)
	way.at = func(i int) string { return nodes[place(i)].public }
	t.speaker = way
	return t
}

// meet waits until each node knows all others.
func (t *target) meet(ctx context.Context) error {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	late := time.After(meetTime)
	for {
		met := 0
		for _, internal := range t.internals {
			values, err := scrape(ctx, internal, "")
			if err != nil {
				return errors.Join(err, t.alive())
			}
			if int(values[metricPeers]) == len(t.internals)-1 {
				met++
			}
		}
		if met == len(t.internals) {
			return nil
		}
		select {
		case <-look.C:
		case <-late:
			return fmt.Errorf("after %v only %d of %d nodes know all others", meetTime, met, len(t.internals))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// busBytes is what all nodes together have taken from the bus.
func (t *target) busBytes(ctx context.Context) (sum float64, err error) {
	for _, internal := range t.internals {
		values, err := scrape(ctx, internal, "")
		if err != nil {
			return 0, err
		}
		sum += values[metricBusBytes]
	}
	return sum, nil
}
