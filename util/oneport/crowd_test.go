package oneport

import (
	"net"
	"testing"
	"time"
)

// TestTheSilentKeepNobodyOut: with every place taken by those who say nothing,
// who speaks is served all the same.
func TestTheSilentKeepNobodyOut(t *testing.T) {
	under, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secure, plain := split(under, 8)
	var conns []net.Conn
	dial := func() net.Conn {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", plain.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		return conn
	}
	for range 20 {
		dial()
	}
	served := make(chan net.Conn, 1)
	go func() {
		if conn, err := plain.Accept(); err == nil {
			served <- conn
		}
	}()
	if _, err := dial().Write([]byte("G")); err != nil {
		t.Error(err)
	}
	select {
	case conn := <-served:
		conns = append(conns, conn)
	case <-time.After(5 * time.Second):
		t.Error("kept out by those who say nothing")
	}
	_, _ = secure.Close(), plain.Close()
	for _, conn := range conns {
		_ = conn.Close()
	}
}
