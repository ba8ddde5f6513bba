package hub

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/util/metrics"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// goroutinesEach is the environment variable by which a test has each socket
// read by a goroutine where else a poller would tell.
const goroutinesEach = "HONGYAN_TEST_GOROUTINES"

func newHub(t testing.TB, change func(*Options)) *Hub {
	t.Helper()
	o := Options{Metrics: metrics.New(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	o.Goroutines = os.Getenv(goroutinesEach) != ""
	if change != nil {
		change(&o)
	}
	h := New(o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.Drain(ctx, 0)
	})
	return h
}

// takeover is a http.ResponseWriter that gives its connection away.
type takeover struct {
	http.ResponseWriter
	pipe *Pipe
}

func (o takeover) Header() http.Header { return http.Header{} }

func (o takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return o.pipe, bufio.NewReadWriter(bufio.NewReader(o.pipe), bufio.NewWriter(o.pipe)), nil
}

// upgrade makes the server's end of a socket.
func upgrade(c net.Conn) (*websocket.Conn, *Pipe, error) {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil, nil, err
	}
	pipe := NewPipe(c)
	u := websocket.Upgrader{ReadBufferSize: 512, WriteBufferSize: 512}
	conn, err := u.Upgrade(takeover{pipe: pipe}, request, nil)
	return conn, pipe, err
}

// pair makes two ends of a connection.
func pair(t testing.TB, inMemory bool) (server, client net.Conn) {
	t.Helper()
	if inMemory {
		return net.Pipe()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

// device is a client with its node.
type device struct {
	*websocket.Conn
	t    testing.TB
	raw  net.Conn
	node *Node
}

// socket is what connect makes.
type socket struct {
	userID, sessionID int64
	groups            []int64
	load              func(context.Context) ([]int64, error)
	early             *Early
	inMemory          bool
	mute              bool // do not read the hello
	wrap              func(net.Conn) net.Conn
}

func connect(t testing.TB, h *Hub, s socket) *device {
	t.Helper()
	server, client := pair(t, s.inMemory)
	if s.wrap != nil {
		server = s.wrap(server)
	}
	load := s.load
	if load == nil {
		load = func(context.Context) ([]int64, error) { return s.groups, nil }
	}
	ready := make(chan *Node, 1)
	go func() {
		conn, pipe, err := upgrade(server)
		if err != nil {
			t.Error(err)
			close(ready)
			return
		}
		n := h.Node(conn, pipe, s.userID, s.sessionID, "127.0.0.1")
		h.Serve(n, served{hub: h, node: n, early: s.early, load: load})
		ready <- n
	}()
	conn, _, err := websocket.NewClient( //nolint:staticcheck // a Dialer cannot be given a connection
		client, mustURL("ws://test/chat"), nil, 4096, 4096)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{Conn: conn, t: t, raw: client}
	if d.node = <-ready; d.node == nil {
		t.Fatal("not upgraded")
	}
	t.Cleanup(func() { _ = client.Close() })
	if !s.mute {
		if m := d.next(); m.Cmd != model.CmdHello {
			t.Fatalf("first frame is %+v, want the hello", m)
		}
	}
	return d
}

// served is a Receiver that throws away what it gets.
type served struct {
	hub   *Hub
	node  *Node
	early *Early
	load  func(context.Context) ([]int64, error)
}

func (s served) Open() error {
	n := s.node
	n.Conn.SetPingHandler(func(text string) error { n.Heard(); n.Pong(text); return nil })
	n.Conn.SetPongHandler(func(string) error { n.Heard(); return nil })
	n.Limit(model.MaxFrame)
	_ = s.hub.Attach(context.Background(), n, model.Message{Cmd: model.CmdHello, UserID: n.UserID}, s.early, s.load)
	return nil
}

func (s served) Receive(_ int, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	s.node.Heard()
	return err
}

func (served) Ended(error) {}

// next reads the next text frame.
func (d *device) next() model.Message {
	d.t.Helper()
	m, err := d.read(5 * time.Second)
	if err != nil {
		d.t.Fatalf("reading: %v", err)
	}
	return m
}

func (d *device) read(within time.Duration) (model.Message, error) {
	var m model.Message
	_ = d.SetReadDeadline(time.Now().Add(within))
	_, b, err := d.ReadMessage()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// closed reads until the socket is closed and gives the close code.
func (d *device) closed(within time.Duration) int {
	d.t.Helper()
	for {
		if _, err := d.read(within); err != nil {
			if c, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // gorilla gives it bare
				return c.Code
			}
			d.t.Fatalf("reading: %v", err)
		}
	}
}

// silent asserts that the next frame is a marker sent now: nothing came before it.
func (d *device) silent() {
	d.t.Helper()
	d.node.Send(model.Message{Cmd: model.CmdEvent, Content: "marker"})
	if m := d.next(); m.Content != "marker" {
		d.t.Fatalf("got %+v, want nothing", m)
	}
}

func (d *device) expect(content string) model.Message {
	d.t.Helper()
	m := d.next()
	if m.Content != content {
		d.t.Fatalf("got %+v, want %q", m, content)
	}
	return m
}

func text(group, seq int64, content string) model.Message {
	return model.Message{Cmd: model.CmdRoom, Kind: model.KindRoom, UserID: 1, DstID: group, Seq: seq, Media: model.MediaText, Content: content}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(time.Millisecond)
	}
}

func padding(n int) string { return strings.Repeat("x", n) }
