package bench

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loops are those of this system.
func loops(t *testing.T, test func(t *testing.T, make func(*receiver) loop)) {
	t.Run("own", func(t *testing.T) {
		test(t, func(r *receiver) loop {
			l, err := newLoop(r, false)
			if err != nil {
				t.Fatal(err)
			}
			return l
		})
	})
	t.Run("portable", func(t *testing.T) { test(t, func(r *receiver) loop { return newPortable(r) }) })
}

// patience is for a machine that is busy with something else.
const patience = time.Minute

// script is a server that does what a text tells it.
func script(t *testing.T, secure bool) endpoint {
	t.Helper()
	upgrader := websocket.Upgrader{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer me" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		c.SetPongHandler(func(text string) error { return c.WriteMessage(websocket.TextMessage, []byte("pong "+text)) })
		for {
			_, text, err := c.ReadMessage()
			if err != nil {
				return
			}
			switch string(text) {
			case "ping":
				err = c.WriteMessage(websocket.PingMessage, []byte("1"))
			case "long":
				err = c.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 600<<10)))
			case "parts":
				raw := append([]byte{0x01, 2}, "ab"...)
				raw = append(append(raw, 0x00, 1), 'c')
				_, err = c.NetConn().Write(append(append(raw, 0x80, 1), 'd'))
			case "nonsense":
				_, err = c.NetConn().Write([]byte{0xff, 0xff})
			case "bye":
				err = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "out"))
			case "cut":
				return
			default:
				err = c.WriteMessage(websocket.TextMessage, text)
			}
			if err != nil {
				return
			}
		}
	})
	s := httptest.NewUnstartedServer(handler)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return endpoint{address: s.Listener.Addr().String(), tls: secure, path: "/", header: "Authorization: Bearer me\r\n"}
}

func TestLoops(t *testing.T) {
	loops(t, func(t *testing.T, make func(*receiver) loop) { converse(t, script(t, false), make) })
	t.Run("TLS", func(t *testing.T) {
		converse(t, script(t, true), func(r *receiver) loop {
			l, err := newLoop(r, true)
			if err != nil {
				t.Fatal(err)
			}
			return l
		})
	})
}

func converse(t *testing.T, to endpoint, make func(*receiver) loop) {
	var got []string
	gone := map[int]error{}
	l := make(&receiver{
		message: func(_ *conn, text []byte) { got = append(got, string(text)) },
		gone:    func(c *conn) { gone[c.index] = c.why },
	})
	defer l.close()
	await := func(what string, done func() bool) {
		t.Helper()
		if err := l.run(time.Now().Add(patience), done); err != nil || !done() {
			t.Fatalf("%s: got %.60q, gone %v, %v", what, got, gone, err)
		}
	}
	join := func(index int) *conn {
		t.Helper()
		c, err := l.dial(t.Context(), to, index)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.add(c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := join(0)
	for text, want := range map[string]string{
		"hello": "hello", "ping": "pong 1", "parts": "abcd", "long": strings.Repeat("x", 600<<10),
	} {
		got = nil
		if err := c.link.write(opText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		await(text, func() bool { return len(got) == 1 && got[0] == want })
	}
	for i, text := range []string{"bye", "cut", "nonsense"} {
		c := join(1 + i)
		if err := c.link.write(opText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		await(text, func() bool { return gone[1+i] != nil })
		if err := c.link.write(opText, []byte("x")); err == nil {
			t.Errorf("after %q a text was taken", text)
		}
	}
	if frames, reads := l.counts(); frames < 6 || reads < 6 {
		t.Errorf("%d frames in %d reads", frames, reads)
	}
	ticks := 0
	if err := l.every(time.Millisecond, func() { ticks++ }); err != nil {
		t.Fatal(err)
	}
	await("ticks", func() bool { return ticks > 3 })
}

func TestWhoIsFrozenDoesNotRead(t *testing.T) {
	loops(t, func(t *testing.T, make func(*receiver) loop) {
		got := map[int]int{}
		l := make(&receiver{message: func(c *conn, _ []byte) { got[c.index]++ }, gone: func(*conn) {}})
		defer l.close()
		to := script(t, false)
		to.buffer = frozenBuffer
		conns := []*conn{nil, nil}
		for i := range conns {
			c, err := l.dial(t.Context(), to, i)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.add(c); err != nil {
				t.Fatal(err)
			}
			conns[i] = c
		}
		if err := conns[0].link.freeze(); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 5; n++ {
			for _, c := range conns {
				if err := c.link.write(opText, []byte("hello")); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.run(time.Now().Add(patience), func() bool { return got[1] == n }); err != nil || got[1] != n {
				t.Fatalf("the other got %d, %v", got[1], err)
			}
		}
		if got[0] > 1 { // one read may have been under way
			t.Errorf("the frozen one read %d messages", got[0])
		}
	})
}

func TestDialsThatFail(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := ln.Addr().String()
	ln.Close()
	good := script(t, false)
	refused := good
	refused.header = ""
	over, cancel := context.WithCancel(t.Context())
	cancel()
	loops(t, func(t *testing.T, make func(*receiver) loop) {
		l := make(&receiver{})
		defer l.close()
		for name, c := range map[string]struct {
			ctx  context.Context
			to   endpoint
			want string
		}{
			"nobody":  {t.Context(), endpoint{address: nobody, path: "/"}, "refused"},
			"refused": {t.Context(), refused, "401"},
			"no name": {t.Context(), endpoint{address: "no such host:80"}, "no such host"},
			"over":    {over, good, "canceled"},
		} {
			if made, err := l.dial(c.ctx, c.to, 0); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %+v, %v, want %q", name, made, err, c.want)
			}
		}
	})
}
