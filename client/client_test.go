package client

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"hongyan/model"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a server by script: history is what the store has of the one
// conversation {10, 2}, and each socket is handed to the test.
type fake struct {
	*httptest.Server
	sockets chan *websocket.Conn

	mu      sync.Mutex
	history []model.Message
	asked   int
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{sockets: make(chan *websocket.Conn, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /chat", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"code":-1,"error":"unauthenticated","msg":"sign in"}`))
			return
		}
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if err := conn.WriteJSON(model.Message{Cmd: model.CmdHello, UserID: 1, Amount: 25}); err != nil {
			t.Error(err)
		}
		f.sockets <- conn
	})
	mux.HandleFunc("POST /message/conversations", func(w http.ResponseWriter, _ *http.Request) {
		f.rows(w, []model.ConversationRow{{Kind: 10, DstID: 2, LastSeq: int64(len(f.stored()))}})
	})
	mux.HandleFunc("POST /message/history", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ After, Limit int64 }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		list := f.stored()[in.After:]
		f.rows(w, list[:min(int64(len(list)), in.Limit)])
	})
	mux.HandleFunc("POST /user/me", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"code":0,"msg":"","data":{"id":1,"nickname":"雁"}}`))
	})
	mux.HandleFunc("POST /limited", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"code":-1,"error":"rate_limited","msg":"slowly"}`))
	})
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) rows(w http.ResponseWriter, list any) {
	b, err := json.Marshal(map[string]any{"code": 0, "msg": "", "rows": list})
	if err == nil {
		_, _ = w.Write(b)
	}
}

func (f *fake) stored() []model.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.history
}

// store puts n messages into the history.
func (f *fake) store(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.history = append(f.history, said(int64(len(f.history)+1)))
	}
}

// said is a message of user 2.
func said(seq int64) model.Message {
	return model.Message{Cmd: model.CmdSingle, Kind: model.KindSingle, UserID: 2, DstID: 1, Seq: seq, Content: "x"}
}

// socket is the next one that a client opens.
func (f *fake) socket(t *testing.T) *websocket.Conn {
	t.Helper()
	select {
	case conn := <-f.sockets:
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	case <-time.After(10 * time.Second):
		t.Fatal("no socket")
		return nil
	}
}

func user(t *testing.T, addresses ...string) *Client {
	c := New(addresses...)
	c.SetToken("secret")
	t.Cleanup(c.Close)
	return c
}

func seqs(t *testing.T, l *Line, want ...int64) {
	t.Helper()
	for _, seq := range want {
		select {
		case m, ok := <-l.Frames:
			if !ok || m.Seq != seq {
				t.Fatalf("got %+v, want seq %d (%v)", m, seq, l.Err())
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("seq %d does not come", seq)
		}
	}
}

func write(t *testing.T, conn *websocket.Conn, m model.Message) {
	t.Helper()
	if err := conn.WriteJSON(m); err != nil {
		t.Fatal(err)
	}
}

func TestPost(t *testing.T) {
	f := newFake(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody answers there
	c := user(t, "http://"+l.Addr().String(), f.URL)
	var me model.PublicUser
	if err := c.Post(t.Context(), "/user/me", nil, &me); err != nil || me.Nickname != "雁" || c.Address() != f.URL {
		t.Errorf("%+v, %v from %s", me, err, c.Address())
	}
	err = c.Post(t.Context(), "/limited", nil, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != 429 || refused.RetryAfter != 3*time.Second || model.CodeOf(err) != model.CodeRateLimited {
		t.Errorf("refused with %v", err)
	}
	if err := c.Post(t.Context(), "/absent", nil, nil); err == nil || errors.As(err, &refused) && refused.Status == 404 {
		t.Errorf("what is no answer of the API: %v", err)
	}
}

func TestSocketSend(t *testing.T) {
	f := newFake(t)
	s, err := user(t, f.URL).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn := f.socket(t)
	go func() {
		for {
			var m model.Message
			if conn.ReadJSON(&m) != nil {
				return
			}
			answer := model.Message{Cmd: model.CmdAck, CID: m.CID, Seq: 5}
			if m.Content == "no" {
				answer = model.Message{Cmd: model.CmdError, CID: m.CID, Error: "blocked", Msg: "no"}
			}
			_ = conn.WriteJSON(said(9))
			_ = conn.WriteJSON(answer)
			if m.Content == "end" {
				_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4008, ""), time.Now().Add(time.Second))
			}
		}
	}()
	if ack, err := s.Send(t.Context(), model.Message{Cmd: 10, DstID: 2, Content: "x"}); err != nil || ack.Seq != 5 {
		t.Errorf("%+v, %v", ack, err)
	}
	if _, err := s.Send(t.Context(), model.Message{Cmd: 10, DstID: 2, Content: "no"}); model.CodeOf(err) != model.CodeBlocked {
		t.Errorf("refused with %v", err)
	}
	if _, err := s.Send(t.Context(), model.Message{Cmd: 10, DstID: 2, Content: "end"}); err != nil {
		t.Error(err)
	}
	for range s.Frames {
	}
	if s.Code() != 4008 {
		t.Errorf("code %d, %v", s.Code(), s.Err())
	}
	if _, err := s.Send(t.Context(), model.Message{Cmd: 10}); err == nil {
		t.Error("sent through a closed socket")
	}
}

func TestDialRefused(t *testing.T) {
	f := newFake(t)
	c := user(t, f.URL)
	c.SetToken("wrong")
	if _, err := c.Dial(t.Context()); model.CodeOf(err) != model.CodeUnauthenticated {
		t.Errorf("refused with %v", err)
	}
	l := c.Follow(t.Context(), nil)
	for range l.Frames {
	}
	if model.CodeOf(l.Err()) != model.CodeUnauthenticated {
		t.Errorf("the line ended with %v", l.Err())
	}
}

func TestLineMerges(t *testing.T) {
	f := newFake(t)
	f.store(pageSize + 3) // more than a page before it begins
	l := user(t, f.URL).Follow(t.Context(), map[Conversation]int64{{10, 2}: 2})
	defer l.Close()
	conn := f.socket(t)
	want := make([]int64, pageSize+1)
	for i := range want {
		want[i] = int64(i + 3)
	}
	seqs(t, l, want...)
	last := want[len(want)-1]
	write(t, conn, said(last)) // once more: dropped
	write(t, conn, said(last+1))
	seqs(t, l, last+1)
	f.store(4)
	write(t, conn, said(last+4)) // a gap
	seqs(t, l, last+2, last+3, last+4)
	f.store(2)
	write(t, conn, model.Message{Cmd: model.CmdResync, Kind: 10, DstID: 2})
	seqs(t, l, last+5, last+6)
	f.store(1)
	write(t, conn, model.Message{Cmd: model.CmdResync})
	seqs(t, l, last+7)
	write(t, conn, model.Message{Cmd: model.CmdTyping, Kind: 10, DstID: 1, UserID: 2})
	seqs(t, l, 0)
	_ = conn.Close() // a tunnel
	f.store(1)
	conn = f.socket(t)
	seqs(t, l, last+8)
	write(t, conn, said(last+9))
	seqs(t, l, last+9)
	if l.Last()[Conversation{10, 2}] != last+9 {
		t.Errorf("last %v", l.Last())
	}
}

func TestLineSendsUntilAcknowledged(t *testing.T) {
	f := newFake(t)
	l := user(t, f.URL).Follow(t.Context(), nil)
	defer l.Close()
	sent := make(chan error, 1)
	go func() {
		ack, err := l.Send(t.Context(), model.Message{Cmd: model.CmdSingle, DstID: 2, CID: "c"})
		if err == nil && ack.Seq != 1 {
			err = errors.New("another ack")
		}
		sent <- err
	}()
	for try := range 2 {
		conn := f.socket(t)
		var m model.Message
		if err := conn.ReadJSON(&m); err != nil || m.CID != "c" {
			t.Fatalf("%+v, %v", m, err)
		}
		if try == 0 {
			_ = conn.Close() // before the ack
			continue
		}
		write(t, conn, model.Message{Cmd: model.CmdAck, CID: "c", ID: 7, Seq: 1, Kind: 10, DstID: 2})
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	m := <-l.Frames // one's own message has its place too
	if m.Seq != 1 || m.UserID != 1 || m.ID != 7 {
		t.Errorf("got %+v", m)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := l.Send(ctx, model.Message{Cmd: model.CmdSingle, DstID: 2}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("gave up with %v", err)
	}
}

func TestLineMovesAndEnds(t *testing.T) {
	here, there := newFake(t), newFake(t)
	l := user(t, here.URL).Follow(t.Context(), nil)
	defer l.Close()
	conn := here.socket(t)
	write(t, conn, model.Message{Cmd: model.CmdMove, Amount: 50, URL: there.URL})
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, ""), time.Now().Add(time.Second))
	conn = there.socket(t)
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "signed out"), time.Now().Add(time.Second))
	for range l.Frames {
	}
	if !errors.Is(l.Err(), ErrEnded) {
		t.Errorf("ended with %v", l.Err())
	}
}

// A cluster says how attempts are to follow each other; what cannot be kept is not.
func TestPaceIsTheClusters(t *testing.T) {
	for wish, want := range map[string][2]time.Duration{ // the shortest and the longest third wait
		`{"first":100,"most":800,"factor":2,"jitter":0.5}`:  {200 * time.Millisecond, 400 * time.Millisecond},
		`{"first":100,"most":300,"factor":10,"jitter":0}`:   {300 * time.Millisecond, 300 * time.Millisecond},
		`{"first":0,"most":0,"factor":1,"jitter":0}`:        {firstRetry * 2, firstRetry * 4},
		`{"first":100,"most":300,"factor":1000,"jitter":0}`: {firstRetry * 2, firstRetry * 4},
		`{"first":100,"most":300,"factor":2,"jitter":7}`:    {firstRetry * 2, firstRetry * 4},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"code":0,"msg":"","rows":[],"backoff":` + wish + `}`))
		}))
		c := user(t, server.URL)
		if err := c.Discover(t.Context()); err != nil {
			t.Error(err)
		}
		for range 100 {
			if wait := c.wait(2); wait < want[0] || wait > want[1] {
				t.Fatalf("%s: waits %v, want %v to %v", wish, wait, want[0], want[1])
			}
		}
		server.Close()
	}
}

// The first address takes connections and says nothing, as behind a broken
// balancer: a line is up within 5 s all the same.
func TestLineLeavesABlackHole(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hole.Close() }()
	f := newFake(t)
	f.store(1)
	began := time.Now()
	l := user(t, "http://"+hole.Addr().String(), f.URL).Follow(t.Context(), nil)
	defer l.Close()
	seqs(t, l, 1)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("up after %v", took)
	}
}
