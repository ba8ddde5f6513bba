package poll

import (
	"net"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pair(t *testing.T) (*net.TCPConn, *net.TCPConn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return server.(*net.TCPConn), client.(*net.TCPConn)
}

// TestPoller: what arrives, what was there before and the end are reported,
// each under its token; after Close, nothing is.
func TestPoller(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	reports, ended := make(chan Report, 100), make(chan error, 1)
	go func() {
		ended <- p.Run(func(list []Report) {
			for _, report := range slices.Clone(list) {
				reports <- report
			}
		})
	}()
	expect := func(what string, token uint64, over bool) {
		t.Helper()
		select {
		case got := <-reports:
			if want := (Report{Token: token, Ended: over}); got != want {
				t.Errorf("%s: reported %+v, want %+v", what, got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: not reported", what)
		}
	}
	add := func(c *net.TCPConn, token uint64) {
		t.Helper()
		raw, err := c.SyscallConn()
		if err == nil {
			err = p.Add(raw, token)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	a, toA := pair(t)
	b, toB := pair(t)
	const tokenA, tokenB = 1, 1<<63 + 1<<31 + 5
	if _, err := toA.Write([]byte("early")); err != nil {
		t.Fatal(err)
	}
	add(a, tokenA)
	expect("what was there", tokenA, false)
	add(b, tokenB)
	for range 3 {
		if _, err := toB.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		expect("what arrives, though nothing was read", tokenB, false)
	}
	if err := toA.Close(); err != nil {
		t.Fatal(err)
	}
	expect("the end", tokenA, true)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	raw, err := b.SyscallConn()
	if err == nil && p.Add(raw, 9) == nil {
		t.Error("added to a closed poller")
	}
}

func TestAddOfAClosedSocket(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	server, _ := pair(t)
	raw, err := server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if p.Add(raw, 1) == nil {
		t.Error("no error")
	}
}
