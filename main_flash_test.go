package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// tunnel is a way to a node that breaks for everybody at once, and counts the
// rows of history that went through it.
type tunnel struct {
	server *httptest.Server
	down   atomic.Bool
	rows   atomic.Int64

	mu    sync.Mutex // guards the following
	conns map[net.Conn]bool
}

func newTunnel(t *testing.T, to string) *tunnel {
	t.Helper()
	target, err := url.Parse(to)
	check(t, err)
	w := &tunnel{conns: map[net.Conn]bool{}}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: w.count,
		ErrorHandler:   func(out http.ResponseWriter, _ *http.Request, _ error) { out.WriteHeader(http.StatusBadGateway) },
	}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.down.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(out, r)
	}))
	w.server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if state == http.StateHijacked {
			w.conns[conn] = true
		}
	}
	w.server.Start()
	t.Cleanup(func() { w.cut(); w.server.Close() })
	return w
}

// count reads the rows of a page of history on its way.
func (w *tunnel) count(answer *http.Response) error {
	if answer.Request.URL.Path != "/message/history" {
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var page struct{ Rows []json.RawMessage }
	if err := json.Unmarshal(body, &page); err != nil {
		return err
	}
	w.rows.Add(int64(len(page.Rows)))
	return nil
}

// cut breaks all sockets and lets nothing through.
func (w *tunnel) cut() {
	w.down.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.conns {
		_ = conn.Close()
	}
	clear(w.conns)
}

// TestFlashDisconnect is P16: sockets that are cut for 2 s cost the rows that
// they missed and no more, and nobody loses a message or gets one twice; where
// they come back at the same node, and where that stays away.
//
//	FLASH=1000 go test -run TestFlashDisconnect -v .
func TestFlashDisconnect(t *testing.T) {
	apart(t)
	t.Run("same node", func(t *testing.T) {
		c := spawn(t, t.TempDir(), dbtest.SQLite(t), "-limits", "off")
		way := newTunnel(t, c.public)
		flash(t, settle(t, c, 0), way, way)
	})
	t.Run("another node", func(t *testing.T) {
		t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
		source, bus := dbtest.MySQL(t), serversInside(t)
		var nodes [2]*child
		var ways [2]*tunnel
		for i := range nodes {
			nodes[i] = spawn(t, filepath.Join(t.TempDir(), fmt.Sprint(i)), source, "-limits", "off", "-bus", bus[i])
			ways[i] = newTunnel(t, nodes[i].public)
		}
		flash(t, settle(t, nodes[1], 0), ways[0], ways[1])
	})
}

// flash cuts the ways of everybody in a group while the speaker speaks, and
// opens the second.
func flash(t *testing.T, speaker *resident, ways ...*tunnel) {
	t.Helper()
	people, err := strconv.Atoi(os.Getenv("FLASH"))
	if err != nil {
		people = 60
	}
	const before, meanwhile, after = 30, 20, 10
	var group struct{ ID int64 }
	check(t, speaker.Post(t.Context(), "/contact/createcommunity", map[string]any{"name": "group", "join": model.JoinOpen}, &group))
	speaker.open(t)
	said := 0
	say := func(n int) {
		for range n {
			said++
			_, err := speaker.Send(t.Context(), model.Message{Cmd: model.CmdRoom, DstID: group.ID, Media: model.MediaText, Content: fmt.Sprint(said)})
			check(t, err)
		}
	}
	say(before)
	guests := make([]*guest, people)
	for i := range guests {
		guests[i] = visit(t, i+1, ways[0].server.URL, ways[1].server.URL)
		check(t, guests[i].Post(t.Context(), "/contact/joincommunity", map[string]any{"dstid": group.ID}, nil))
		guests[i].follow(t)
	}
	all := func(what string) {
		for _, g := range guests {
			g.await(t, what, func(list []model.Message) bool { return len(posts(list, group.ID)) >= said })
		}
	}
	say(1)
	all("what was there before")

	for _, way := range ways {
		way.rows.Store(0)
		way.cut()
	}
	began := time.Now()
	back := time.After(2 * time.Second)
	say(meanwhile)
	<-back
	ways[1].down.Store(false)
	all("what was said meanwhile")
	took := time.Since(began) - 2*time.Second
	say(after)
	all("what was said after")
	for _, g := range guests {
		g.mu.Lock()
		for i, content := range posts(g.frames, group.ID) {
			if content != fmt.Sprint(i+1) {
				t.Errorf("user %d got %s at place %d", g.id, content, i+1)
				break
			}
		}
		g.mu.Unlock()
	}
	rows := ways[1].rows.Load()
	t.Logf("%d sockets cut for 2 s while %d messages were said: all back and in step after %v more, %.1f rows read by each", people, meanwhile, took.Round(time.Millisecond), float64(rows)/float64(people))
	// What is said as somebody comes back may be read and delivered as well.
	if most := int64(people) * (meanwhile + after); rows > most {
		t.Errorf("%d rows were read, of %d that were missed", rows, people*meanwhile)
	}
}
