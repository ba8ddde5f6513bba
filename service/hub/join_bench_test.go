package hub

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// BenchmarkJoin compares ways to write 16 queued frames to a TCP socket: what
// the writer does (copied into one buffer, tried without waiting), the same as
// a vector for the kernel, a frame at a time, and the websocket package's
// prepared messages.
func BenchmarkJoin(b *testing.B) {
	const queued = 16
	f := frameOf(b, text(7, 1, padding(128)), false)
	run := func(name string, write func(b *testing.B, c net.Conn) func() error) {
		b.Run(name, func(b *testing.B) {
			server, client := pair(b, false)
			defer server.Close()
			defer client.Close()
			go func() { _, _ = io.Copy(io.Discard, client) }()
			once := write(b, server)
			b.ReportAllocs()
			for b.Loop() {
				if err := once(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("copied", func(_ *testing.B, c net.Conn) func() error {
		w, pipe := new(writer), NewPipe(c)
		return func() error {
			w.buffer = w.buffer[:0]
			for range queued {
				w.buffer = append(w.buffer, f.data...)
			}
			written, blocked, err := w.attempt.try(pipe, w.buffer)
			if blocked {
				_, err = c.Write(w.buffer[written:])
			}
			return err
		}
	})
	run("vector", func(_ *testing.B, c net.Conn) func() error {
		return func() error {
			vector := make(net.Buffers, queued)
			for i := range vector {
				vector[i] = f.data
			}
			_, err := vector.WriteTo(c)
			return err
		}
	})
	run("one by one", func(_ *testing.B, c net.Conn) func() error {
		return func() error {
			for range queued {
				if _, err := c.Write(f.data); err != nil {
					return err
				}
			}
			return nil
		}
	})
	run("prepared", func(b *testing.B, c net.Conn) func() error {
		conn, err := upgraded(c)
		if err != nil {
			b.Fatal(err)
		}
		m, err := websocket.NewPreparedMessage(websocket.TextMessage, f.payload())
		if err != nil {
			b.Fatal(err)
		}
		return func() error {
			for range queued {
				if err := conn.WritePreparedMessage(m); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// BenchmarkTry is the system call alone.
func BenchmarkTry(b *testing.B) {
	server, client := pair(b, false)
	defer server.Close()
	defer client.Close()
	go func() { _, _ = io.Copy(io.Discard, client) }()
	w, pipe := new(writer), NewPipe(server)
	f := frameOf(b, text(7, 1, padding(128)), false)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := w.attempt.try(pipe, f.data); err != nil {
			b.Fatal(err)
		}
	}
}

// upgraded makes a socket of a connection without a client's handshake.
func upgraded(c net.Conn) (*websocket.Conn, error) {
	request := &http.Request{Method: http.MethodGet, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"MDEyMzQ1Njc4OWFiY2RlZg=="},
	}}
	return new(websocket.Upgrader).Upgrade(takeover{pipe: NewPipe(c)}, request, nil)
}
