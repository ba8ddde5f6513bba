package cluster

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// company is a NATS cluster with a password, as operators have it.
type company struct {
	t       *testing.T
	ports   []int
	routes  []*url.URL
	servers []*server.Server
}

func newCompany(t *testing.T, size int) *company {
	t.Helper()
	c := &company{t: t, servers: make([]*server.Server, size)}
	for range size {
		c.ports = append(c.ports, port(t))
		c.routes = append(c.routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port(t))})
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.stop(i)
		}
	})
	for i := range c.servers {
		c.start(i, "p")
	}
	return c
}

func (c *company) start(i int, password string) {
	c.t.Helper()
	routes := server.ClusterOpts{Name: "c", Host: "127.0.0.1", NoAdvertise: true}
	if len(c.servers) > 1 {
		_, _ = fmt.Sscanf(c.routes[i].Port(), "%d", &routes.Port)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: c.ports[i], NoSigs: true, NoLog: true,
		Username: "u", Password: password, Cluster: routes, Routes: c.routes,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	s.Start()
	c.servers[i] = s
	if !s.ReadyForConnections(20 * time.Second) {
		c.t.Fatal("no NATS server")
	}
}

func (c *company) stop(i int) {
	if s := c.servers[i]; s != nil {
		c.servers[i] = nil
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// address names all servers and the password once, as doc/operating.md shows it.
func (c *company) address() string {
	var hosts []string
	for _, p := range c.ports {
		hosts = append(hosts, fmt.Sprintf("127.0.0.1:%d", p))
	}
	return "nats://u:p@" + strings.Join(hosts, ",")
}

// A password that stood before the first host was not told to the others: with
// the first server down a node did not start, and one that had been at it was
// refused by all others.
func TestNATSClusterWithoutOneOfItsServers(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 3)
	a, b := opened(t, options(c.address())), opened(t, options(c.address()))
	met(a, b)
	for down := range c.servers {
		c.stop(down)
		late := opened(t, options(c.address()))
		met(a, b, late)
		reaches(a, fmt.Sprint("without ", down), b, late)
		if err := late.Close(); err != nil {
			t.Error(err)
		}
		c.start(down, "p")
	}
}

// The second refusal by one server ended the connection for good, and the node
// had no bus until it was started again.
func TestNATSPasswordIsWrongForAWhile(t *testing.T) {
	t.Parallel()
	c := newCompany(t, 1)
	a, b := opened(t, options(c.address())), opened(t, options(c.address()))
	met(a, b)
	before := a.losses()
	c.stop(0)
	c.start(0, "another")
	a.await("refusals", func() bool { return a.lost > before+4 })
	c.stop(0)
	c.start(0, "p")
	reaches(a, "again", b)
}

// reaches says something until all of them have heard it.
func reaches(from *node, said string, to ...*node) {
	from.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		from.Send(nil, []byte(said), nil, false)
		if !slices.ContainsFunc(to, func(n *node) bool { return !n.has(said) }) {
			return
		}
		if time.Now().After(end) {
			from.t.Fatalf("%q is not heard", said)
		}
	}
}

func (n *node) has(said string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.heard, said)
}

// deploy/nats.conf is read by the server, and what it permits is enough.
func TestNATSAsDeployed(t *testing.T) {
	t.Parallel()
	o, err := server.ProcessConfigFile("../../deploy/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Routes) != 3 || o.Cluster.Username == "" || o.MaxPayload < natsLimit {
		t.Errorf("%d routes of user %q, %d bytes", len(o.Routes), o.Cluster.Username, o.MaxPayload)
	}
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", port(t), true, true
	o.Cluster.Host, o.Cluster.Port, o.Routes = "127.0.0.1", port(t), nil // the other two are not here
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("no NATS server")
	}
	address := fmt.Sprintf("nats://hongyan:CHANGE-ME@127.0.0.1:%d", o.Port)
	a, b := opened(t, options(address)), opened(t, options(address))
	met(a, b)
	reaches(a, "hello", b)
	b.Want("u.7", true)
	for end := time.Now().Add(30 * time.Second); !b.has("to one"); time.Sleep(20 * time.Millisecond) {
		a.Send([]string{"u.7"}, []byte("to one"), nil, false)
		if time.Now().After(end) {
			t.Fatal("nothing comes under a topic")
		}
	}
}
