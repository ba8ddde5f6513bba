package hub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
)

// echoer is a Receiver that sends back what it gets.
type echoer struct{ node *Node }

const largest = 16 << 20 // messages in these tests

func (e echoer) Open() error {
	e.node.Limit(largest)
	e.node.Conn.SetPingHandler(func(text string) error { e.node.Heard(); e.node.Pong(text); return nil })
	return e.node.hub.Attach(context.Background(), e.node, model.Message{Cmd: model.CmdHello}, nil,
		func(context.Context) ([]int64, error) { return nil, nil })
}

func (e echoer) Receive(kind int, r io.Reader) error {
	var b bytes.Buffer
	var err error
	if kind == websocket.TextMessage {
		err = ReadText(r, &b)
	} else {
		_, err = b.ReadFrom(r)
	}
	if errors.Is(err, ErrNotUTF8) {
		e.node.Close(CloseNotUTF8, "not UTF-8")
	}
	if err == nil {
		e.node.Heard()
		for e.node.DataQueue.depth() > 0 && !e.node.Closing() {
			time.Sleep(50 * time.Microsecond) // these are longer than what fits beside another
		}
		e.node.send(&Frame{data: append(header(0x80|byte(kind), b.Len()), b.Bytes()...)})
	}
	return err
}

func (echoer) Ended(error) {}

// conformance is a case: what a client sends and what it gets for it.
type conformance struct {
	name string
	send []byte
	chop int  // bytes of a write; 0: all at once
	turn bool // send is one of many messages, each sent when the one before is back
	want []reply
	// fails is the code with which the server ends it; 0: the client says
	// goodbye with 1000 and is answered.
	fails int
	// says is the client's own goodbye, part of send, if it is not an empty
	// 1000, and answer what it is to be answered: a code, or 1005 for none.
	says   bool
	answer int
}

type reply struct {
	op   byte
	data []byte
}

// TestConformance plays the cases of the Autobahn test suite without
// compression, sections 1 to 7, 9 and 10, against the layer that /chat uses,
// in our own words, and judges as strictly as that suite does at its best:
// what fails has to fail at once and with the right code.
func TestConformance(t *testing.T) {
	cases := conformanceCases()
	if len(cases) != 301 {
		t.Errorf("%d cases, want 301", len(cases))
	}
	for _, way := range []struct {
		name       string
		goroutines bool
	}{{"poller", false}, {"goroutines", true}} {
		t.Run(way.name, func(t *testing.T) {
			h := newHub(t, func(o *Options) { o.Goroutines = way.goroutines })
			for _, c := range cases {
				if way.goroutines && strings.HasPrefix(c.name, "9.") {
					continue // large messages take their time, and both ways read them alike
				}
				t.Run(c.name, func(t *testing.T) { c.play(t, h) })
			}
		})
	}
}

func (c *conformance) play(t *testing.T, h *Hub) {
	server, client := pair(t, false)
	defer client.Close()
	_ = client.SetDeadline(time.Now().Add(time.Minute))
	go func() {
		conn, pipe, err := upgrade(server)
		if err != nil {
			t.Error(err)
			return
		}
		n := h.Node(conn, pipe, 1, 1, "")
		h.Serve(n, echoer{n})
	}()
	_, err := client.Write([]byte("GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(client)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if hello, err := readReply(r); err != nil || hello.op != 1 {
		t.Fatalf("hello %v, %v", hello, err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		c.write(client)
	}()
	defer func() { <-sent }()
	for i, want := range c.want {
		if c.turn && i > 0 {
			c.write(client)
		}
		got, err := readReply(r)
		if err != nil || got.op != want.op || !bytes.Equal(got.data, want.data) {
			t.Fatalf("reply %d is %d %.40q (%d bytes), %v; want %d %.40q (%d bytes)",
				i, got.op, got.data, len(got.data), err, want.op, want.data, len(want.data))
		}
	}
	if c.fails == 0 && !c.says {
		if _, err := client.Write(frame(8, goodbye(1000, ""))); err != nil {
			t.Fatal(err)
		}
	}
	c.judge(t, r, client.(*net.TCPConn))
}

// judge looks at the end: a close frame, and nothing after it.
func (c *conformance) judge(t *testing.T, r *bufio.Reader, client *net.TCPConn) {
	last, err := readReply(r)
	if err != nil || last.op != 8 {
		t.Fatalf("got %d %.40q, %v; want a close frame", last.op, last.data, err)
	}
	if c.fails != 0 {
		_ = client.CloseWrite() // the server waits a moment for this
	}
	code := 1005
	if len(last.data) >= 2 {
		code = int(binary.BigEndian.Uint16(last.data))
	}
	want := 1000
	switch {
	case c.fails != 0:
		want = c.fails
	case c.says:
		want = c.answer
	}
	if code != want {
		t.Errorf("closed with %d, want %d", code, want)
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 { // a reset is an end too
		t.Errorf("%d bytes after the close frame", len(rest))
	}
}

// write sends what there is to send. The server may have closed before the end
// of what it does not like.
func (c *conformance) write(client net.Conn) {
	size := c.chop
	if size == 0 {
		size = len(c.send)
	}
	for b := c.send; len(b) > 0; {
		n := min(size, len(b))
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

// readReply reads a frame of the server, which has no mask and is never a part.
func readReply(r *bufio.Reader) (reply, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return reply{}, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 {
		return reply{}, fmt.Errorf("head %x", head)
	}
	size := uint64(head[1])
	var err error
	switch head[1] {
	case 126:
		var long uint16
		err = binary.Read(r, binary.BigEndian, &long)
		size = uint64(long)
	case 127:
		err = binary.Read(r, binary.BigEndian, &size)
	}
	if err != nil {
		return reply{}, err
	}
	data := make([]byte, size)
	_, err = io.ReadFull(r, data)
	return reply{head[0] & 0x0f, data}, err
}

// frame makes a client's frame; op may have any bits of the first byte, FIN is
// set unless more follows.
func frame(op byte, data []byte) []byte { return part(0x80|op, data) }

func part(first byte, data []byte) []byte {
	b := header(first, len(data))
	b[1] |= 0x80
	mask := [4]byte{0x5a, 0x11, 0xf0, 0x3c}
	b = append(b, mask[:]...)
	for i, x := range data {
		b = append(b, x^mask[i%4])
	}
	return b
}

func goodbye(code uint16, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}
