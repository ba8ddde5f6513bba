package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a bare connection to a node and writes text.
func dial(t *testing.T, n *node, text string) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(n.public, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// A server that closes early makes the write fail: what it answers counts.
	_, _ = io.WriteString(conn, text)
	if err := conn.SetReadDeadline(time.Now().Add(2 * slowest)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestSlowClientsAreLetGo is C31: whoever sends its request in drops loses its
// connection, and others do not notice.
func TestSlowClientsAreLetGo(t *testing.T) {
	n := start(t)
	slow := map[string]net.Conn{
		"headers": dial(t, n, "POST /user/login HTTP/1.1\r\nHost: x\r\nX-Dr"),
		"body":    dial(t, n, "POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"),
	}
	began := time.Now()
	if status, _ := n.get(n.public + "/absent"); status != http.StatusNotFound || time.Since(began) > 5*time.Second {
		t.Errorf("another client got %d after %v", status, time.Since(began))
	}
	for name, conn := range slow {
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("%s: not closed by the server: %v", name, err)
		}
		if took := time.Since(began); took > slowest+5*time.Second {
			t.Errorf("%s: let go after %v, want %v", name, took, slowest)
		}
	}
}

// TestOversizedRequests is C63: what is out of measure is refused at once.
func TestOversizedRequests(t *testing.T) {
	n := start(t)
	for name, c := range map[string]struct {
		request string
		want    []int
	}{
		"header": {"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: " + strings.Repeat("a", 300<<10) + "\r\n\r\n", []int{431}},
		"path":   {"GET /" + strings.Repeat("a", 100<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", []int{431, 414}},
		"cookie": {"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("a=b; ", 10_000) + "\r\n\r\n", []int{431}},
		"json": {fmt.Sprintf("POST /user/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"mobile\":\"%s\"}",
			1<<20, strings.Repeat("1", 1<<20-13)), []int{413}},
		"host":   {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", []int{400}},
		"method": {"BREW /user/me HTTP/1.1\r\nHost: x\r\n\r\n", []int{405, 501}},
	} {
		conn := dial(t, n, c.request)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = answer.Body.Close()
		if fine := func() bool {
			for _, w := range c.want {
				if answer.StatusCode == w {
					return true
				}
			}
			return false
		}(); !fine {
			t.Errorf("%s: %d, want %v", name, answer.StatusCode, c.want)
		}
	}
}
