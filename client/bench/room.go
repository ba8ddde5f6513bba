package bench

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// room is the field's yardstick: a chat as most are built with gorilla's
// package, after the pattern that its own example shows. One goroutine has the
// clients; each client has a goroutine that reads, one that writes, and a
// channel between. What waits in the channel is joined into one frame; who
// falls 256 messages behind is closed.
type room struct {
	enter, exit chan *visitor
	said        chan []byte
	done        <-chan struct{}
}

type visitor struct {
	conn *websocket.Conn
	out  chan []byte
}

const (
	roomBehind = 256
	roomWrite  = 10 * time.Second
	roomPong   = 60 * time.Second
	roomPing   = 54 * time.Second
	roomLine   = 64 << 10
)

// serveRoom runs a room on a listener until ctx ends.
func serveRoom(ctx context.Context, ln net.Listener) error {
	r := &room{enter: make(chan *visitor), exit: make(chan *visitor), said: make(chan []byte), done: ctx.Done()}
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(r.host)
	server := &http.Server{ReadHeaderTimeout: roomWrite, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		conn, err := upgrader.Upgrade(w, q, nil)
		if err != nil {
			return
		}
		v := &visitor{conn: conn, out: make(chan []byte, roomBehind)}
		select {
		case r.enter <- v:
		case <-r.done:
			_ = conn.Close()
			return
		}
		go r.write(v)
		go r.read(v)
	})}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// host has the clients.
func (r *room) host() {
	visitors := map[*visitor]bool{}
	leave := func(v *visitor) {
		if visitors[v] {
			delete(visitors, v)
			close(v.out)
		}
	}
	for {
		select {
		case <-r.done:
			for v := range visitors {
				leave(v)
			}
			return
		case v := <-r.enter:
			visitors[v] = true
		case v := <-r.exit:
			leave(v)
		case text := <-r.said:
			for v := range visitors {
				select {
				case v.out <- text:
				default:
					leave(v)
				}
			}
		}
	}
}

func (r *room) read(v *visitor) {
	defer func() {
		select {
		case r.exit <- v:
		case <-r.done:
		}
		_ = v.conn.Close()
	}()
	v.conn.SetReadLimit(roomLine)
	_ = v.conn.SetReadDeadline(time.Now().Add(roomPong)) // fails only where the read will
	v.conn.SetPongHandler(func(string) error { return v.conn.SetReadDeadline(time.Now().Add(roomPong)) })
	for {
		_, text, err := v.conn.ReadMessage()
		if err != nil {
			return
		}
		text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte{'\n'}, []byte{' '}))
		select {
		case r.said <- text:
		case <-r.done:
			return
		}
	}
}

func (r *room) write(v *visitor) {
	ping := time.NewTicker(roomPing)
	defer func() {
		ping.Stop()
		_ = v.conn.Close()
	}()
	for {
		select {
		case text, open := <-v.out:
			_ = v.conn.SetWriteDeadline(time.Now().Add(roomWrite)) // fails only where the write will
			if !open {
				_ = v.conn.WriteMessage(websocket.CloseMessage, nil) // a courtesy
				return
			}
			if r.joined(v, text) != nil {
				return
			}
		case <-ping.C:
			_ = v.conn.SetWriteDeadline(time.Now().Add(roomWrite)) // as above
			if v.conn.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		}
	}
}

// joined writes a text and all that waits behind it as one frame.
func (r *room) joined(v *visitor, text []byte) error {
	w, err := v.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for range len(v.out) {
		if _, err := w.Write([]byte{'\n'}); err != nil {
			return err
		}
		if _, err := w.Write(<-v.out); err != nil {
			return err
		}
	}
	return w.Close()
}
