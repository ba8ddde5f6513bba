package ctrl

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/asset/locale"
	"hongyan/model"
	"hongyan/service/hub"
	"hongyan/util/metrics"

	"github.com/gorilla/websocket"
)

// tokens are sessions by token, and tickets by "ticket-" and token.
type tokens map[string]*model.Session

func (t tokens) Authenticate(_ context.Context, token string) (*model.Session, error) {
	if s := t[token]; s != nil {
		return s, nil
	}
	return nil, model.Fail(model.CodeUnauthenticated)
}

// echo is a Messenger that acknowledges all and delivers to the receiver.
type echo struct {
	hub  *hub.Hub
	hold chan struct{} // if set, the outcome of a send waits for it

	mu   sync.Mutex
	seq  int64
	sent []model.Message
}

func (e *echo) Send(_ context.Context, from model.Sender, m model.Message, done func(model.Message, error)) {
	if m.Content == "panic" {
		panic("as asked")
	}
	go func() {
		if e.hold != nil {
			<-e.hold
		}
		if m.Content == "no" {
			done(model.Message{}, model.Fail(model.CodeNotFriend))
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.seq++
		e.sent = append(e.sent, m)
		m.Seq, m.Kind = e.seq, model.KindSingle
		ack := model.Message{Cmd: model.CmdAck, CID: m.CID, Seq: m.Seq, Kind: m.Kind, DstID: m.DstID}
		e.hub.Publish(model.Delivery{Message: m, Users: []int64{m.DstID, from.UserID}, Origin: from.Origin, Ack: &ack})
		done(ack, nil)
	}()
}

func (e *echo) Typing(_ context.Context, _ model.Sender, m model.Message) error {
	e.hub.Publish(model.Delivery{Message: m, Users: []int64{m.DstID}, Ephemeral: true})
	return nil
}

func (e *echo) Delivered(_ context.Context, _ model.Sender, m model.Message, done func(error)) {
	if m.Seq > 100 {
		done(model.Invalid("seq"))
		return
	}
	done(nil)
}

// chatSite is a server with /chat alone. Users 1 and 2 have the tokens "one" and "two".
type chatSite struct {
	*testing.T
	*httptest.Server
	server *Server
	hub    *hub.Hub
	echo   *echo
	log    *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// goroutinesEach is the environment variable by which a test has each socket
// read by a goroutine where else a poller would tell.
const goroutinesEach = "HONGYAN_TEST_GOROUTINES"

func newChat(t *testing.T, change func(*Chat, *hub.Options)) *chatSite {
	t.Helper()
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	sessions := tokens{"one": {ID: 11, UserID: 1}, "two": {ID: 22, UserID: 2}}
	used := new(sync.Map)
	log := new(syncBuffer)
	logger := slog.New(slog.NewTextHandler(log, nil))
	m := metrics.New()
	options := hub.Options{Metrics: m, Log: logger, PerUser: hub.MaxPerUser, Goroutines: os.Getenv(goroutinesEach) != ""}
	chat := &Chat{
		Standing: func(context.Context, int64, int64) ([]int64, bool, error) { return nil, true, nil },
		Redeem: func(ctx context.Context, ticket string) (*model.Session, error) {
			if _, twice := used.LoadOrStore(ticket, true); twice {
				return nil, model.Fail(model.CodeUnauthenticated)
			}
			token, _, _ := strings.Cut(strings.TrimPrefix(ticket, "ticket-"), ".")
			return sessions.Authenticate(ctx, token)
		},
		Origins: []string{"https://friend.example"},
		Epoch:   "e1", Node: "n1", Version: "v1",
	}
	if change != nil {
		change(chat, &options)
	}
	chat.Hub = hub.New(options)
	e := &echo{hub: chat.Hub}
	chat.Messages = e
	server := &Server{Log: logger, Locale: catalogue, Metrics: m, Sessions: sessions, Chat: chat}
	s := &chatSite{T: t, Server: httptest.NewServer(server.Handler()), server: server, hub: chat.Hub, echo: e, log: log}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.hub.Drain(ctx, 0)
		s.Close()
	})
	return s
}

// open opens a socket with a header; status is that of a refusal.
func (s *chatSite) open(query string, header http.Header) (conn *websocket.Conn, status int, body string) {
	s.Helper()
	conn, answer, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http")+"/chat"+query, header)
	if err != nil {
		if answer == nil {
			s.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			s.Fatal(err)
		}
		return nil, answer.StatusCode, string(b)
	}
	s.Cleanup(func() { _ = conn.Close() })
	return conn, http.StatusSwitchingProtocols, ""
}

// talker is a socket after its hello.
type talker struct {
	*testing.T
	*websocket.Conn
}

func (s *chatSite) talker(token string) *talker {
	s.Helper()
	conn, status, body := s.open("", http.Header{"Authorization": {"Bearer " + token}})
	if conn == nil {
		s.Fatalf("refused with %d %s", status, body)
	}
	p := &talker{s.T, conn}
	if m := p.next(); m.Cmd != model.CmdHello {
		s.Fatalf("first frame %+v", m)
	}
	return p
}

func (p *talker) say(frame string) {
	p.Helper()
	if err := p.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		p.Fatal(err)
	}
}

func (p *talker) next() model.Message {
	p.Helper()
	_ = p.SetReadDeadline(time.Now().Add(5 * time.Second))
	var m model.Message
	_, b, err := p.ReadMessage()
	if err == nil {
		// Each frame is one object of the fields and commands there are.
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(&m)
		if d.More() || b[0] != '{' || m.Cmd < model.CmdHeart || m.Cmd > model.CmdEvent || m.Cmd == 9 {
			p.Errorf("the frame %q is not of the schema", b)
		}
	}
	if err != nil {
		p.Fatalf("reading %q: %v", b, err)
	}
	return m
}

// refused expects an error frame.
func (p *talker) refused(code model.Code, cid string) {
	p.Helper()
	if m := p.next(); m.Cmd != model.CmdError || m.Error != string(code) || m.CID != cid || m.Msg == "" {
		p.Errorf("got %+v, want %s for %q", m, code, cid)
	}
}

// alive expects the socket to work.
func (p *talker) alive() {
	p.Helper()
	p.say(`{"cmd":0}`)
	if m := p.next(); m.Cmd != model.CmdHeart || m.Error != "" {
		p.Errorf("got %+v, want a heart", m)
	}
}

// closed reads on until the socket is closed and gives the code.
func (p *talker) closed() int {
	p.Helper()
	_ = p.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := p.ReadMessage(); err != nil {
			if c, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // gorilla gives it bare
				return c.Code
			}
			p.Fatal(err)
		}
	}
}

func TestChatHandshake(t *testing.T) {
	s := newChat(t, nil)
	host := strings.TrimPrefix(s.URL, "http://")
	own := []string{"http://" + host}
	cookie := []string{"hongyan=one"}
	bearer := []string{"Bearer one"}
	site := func(origin string) string { return base64.RawURLEncoding.EncodeToString([]byte(origin)) }
	tests := []struct {
		name, query string
		header      http.Header
		want        int
	}{
		{"cookie, own origin", "", http.Header{"Cookie": cookie, "Origin": own}, 101},
		{"cookie, listed origin", "", http.Header{"Cookie": cookie, "Origin": {"https://friend.example"}}, 101},
		{"cookie, no origin", "", http.Header{"Cookie": cookie}, 403},
		{"cookie and bearer, no origin", "", http.Header{"Cookie": cookie, "Authorization": bearer}, 403},
		{"bearer, no origin", "", http.Header{"Authorization": bearer}, 101},
		{"ticket, no origin", "?ticket=ticket-one", nil, 101},
		{"ticket again", "?ticket=ticket-one", nil, 401},
		{"ticket unknown", "?ticket=x", nil, 401},
		{"ticket of another site's page", "?ticket=ticket-one." + site("https://chat.example"), http.Header{"Origin": {"https://chat.example"}, "Cookie": cookie}, 101},
		{"the same from a third", "?ticket=ticket-one." + site("https://chat.example"), http.Header{"Origin": {"https://evil.example"}}, 403},
		{"forged for one's own", "?ticket=guess." + site("https://evil.example"), http.Header{"Origin": {"https://evil.example"}, "Cookie": cookie}, 401},
		{"forged beside a token", "?ticket=guess." + site("https://evil.example"), http.Header{"Origin": {"https://evil.example"}, "Authorization": bearer}, 403},
		{"ticket of no site, origin empty", "?ticket=ticket-one", http.Header{"Origin": {""}}, 403},
		{"bearer, foreign origin", "", http.Header{"Authorization": bearer, "Origin": {"http://evil.example"}}, 403},
		{"evil", "", http.Header{"Cookie": cookie, "Origin": {"http://evil.example"}}, 403},
		{"null", "", http.Header{"Cookie": cookie, "Origin": {"null"}}, 403},
		{"empty", "", http.Header{"Cookie": cookie, "Origin": {""}}, 403},
		{"own as a prefix", "", http.Header{"Cookie": cookie, "Origin": {own[0] + ".evil.example"}}, 403},
		{"listed as a suffix", "", http.Header{"Cookie": cookie, "Origin": {"https://evilfriend.example"}}, 403},
		{"other scheme", "", http.Header{"Cookie": cookie, "Origin": {"https://" + host}}, 403},
		{"other port", "", http.Header{"Cookie": cookie, "Origin": {"http://127.0.0.1:1"}}, 403},
		{"two origins", "", http.Header{"Cookie": cookie, "Origin": {own[0], own[0]}}, 403},
		{"nobody", "", http.Header{"Origin": own}, 401},
		{"nobody from nowhere", "", nil, 401},
		{"garbage", "", http.Header{"Authorization": {"Bearer nonsense"}}, 401},
		{"other scheme of authorization", "", http.Header{"Authorization": {"Basic b25lOnR3bw=="}}, 401},
		{"classic, not configured", "?id=1&token=one", nil, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn, status, body := s.open(test.query, test.header)
			if status != test.want {
				t.Errorf("got %d %s, want %d", status, body, test.want)
			}
			if conn == nil && !strings.Contains(body, `"code":-1`) {
				t.Errorf("refused with %q", body)
			}
		})
	}
	t.Run("not a handshake", func(t *testing.T) {
		r, err := http.NewRequest(http.MethodGet, s.URL+"/chat", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer one")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
}

func TestClassicTokens(t *testing.T) {
	s := newChat(t, func(c *Chat, _ *hub.Options) { c.ClassicTokens = true })
	for query, want := range map[string]int{"?id=1&token=one": 101, "?id=2&token=one": 401, "?token=one": 401, "?id=1&token=x": 401} {
		if _, status, body := s.open(query, nil); status != want {
			t.Errorf("%s: %d %s, want %d", query, status, body, want)
		}
	}
}

func TestHello(t *testing.T) {
	s := newChat(t, nil)
	conn, _, _ := s.open("", http.Header{"Authorization": {"Bearer one"}})
	m := (&talker{t, conn}).next()
	if m.Cmd != model.CmdHello || m.UserID != 1 || m.Amount != 25 || m.At == 0 || string(m.Ext) != `{"epoch":"e1","node":"n1","version":"v1"}` {
		t.Errorf("hello %+v %s", m, m.Ext)
	}
}

func TestNoCompression(t *testing.T) {
	s := newChat(t, nil)
	dialer := websocket.Dialer{EnableCompression: true}
	conn, answer, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http")+"/chat", http.Header{"Authorization": {"Bearer one"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if e := answer.Header.Get("Sec-WebSocket-Extensions"); e != "" {
		t.Errorf("negotiated %q", e)
	}
}

func TestSocketLimits(t *testing.T) {
	s := newChat(t, func(_ *Chat, o *hub.Options) { o.PerUser = 2 })
	s.talker("one")
	last := s.talker("one")
	if _, status, body := s.open("", http.Header{"Authorization": {"Bearer one"}}); status != http.StatusTooManyRequests {
		t.Errorf("got %d %s", status, body)
	}
	s.talker("two").alive()
	last.alive()
}

// TestSessionThatEndedDuringTheHandshake: the store is asked again where a
// session has ended since it was.
func TestSessionThatEndedDuringTheHandshake(t *testing.T) {
	var s *chatSite
	s = newChat(t, func(c *Chat, _ *hub.Options) {
		ended := false
		c.Standing = func(context.Context, int64, int64) ([]int64, bool, error) {
			s.hub.Disconnect(1, []int64{11}, 4001, "too early for the socket")
			alive := !ended
			ended = true
			return nil, alive, nil
		}
	})
	conn, _, _ := s.open("", http.Header{"Authorization": {"Bearer one"}})
	if code := (&talker{t, conn}).closed(); code != 4001 {
		t.Errorf("closed with %d", code)
	}
}

func TestDrainingRefuses(t *testing.T) {
	s := newChat(t, nil)
	p := s.talker("one")
	go s.hub.Drain(t.Context(), time.Second)
	if m := p.next(); m.Cmd != model.CmdMove || m.Amount != 1000 {
		t.Errorf("got %+v", m)
	}
	if code := p.closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if _, status, body := s.open("", http.Header{"Authorization": {"Bearer one"}}); status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", status, body)
	}
}

// TestDrainAnswersEveryFrame: what was sent before is acknowledged before the
// socket closes, what is sent after is refused under its cid.
func TestDrainAnswersEveryFrame(t *testing.T) {
	s := newChat(t, nil)
	s.echo.hold = make(chan struct{})
	p := s.talker("one")
	p.say(`{"cmd":10,"dstid":2,"media":1,"content":"x","cid":"before"}`)
	p.alive() // so it was read
	drained := make(chan struct{})
	go func() { s.hub.Drain(t.Context(), 0); close(drained) }()
	if m := p.next(); m.Cmd != model.CmdMove {
		t.Fatalf("got %+v, want a move", m)
	}
	for _, frame := range []string{
		`{"cmd":10,"dstid":2,"media":1,"content":"x","cid":"after"}`, `{"cmd":19,"dstid":2,"kind":10,"cid":"after"}`,
	} {
		p.say(frame)
		p.refused(model.CodeUnavailable, "after")
	}
	p.alive() // hearts are still answered
	close(s.echo.hold)
	if m := p.next(); m.Cmd != model.CmdAck || m.CID != "before" {
		t.Errorf("got %+v, want the ack", m)
	}
	if code := p.closed(); code != hub.CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
	<-drained
}

// TestPanicsAndBadFramesDoNotHoldUpTheDrain: each frame that was let in is let
// out again, whatever becomes of it.
func TestPanicsAndBadFramesDoNotHoldUpTheDrain(t *testing.T) {
	s := newChat(t, nil)
	s.talker("two").say(`{"cmd":10,"dstid":1,"media":1,"content":"panic"}`)
	p := s.talker("one")
	for _, frame := range []string{
		`{"cmd":10,"dstid":2,"media":1,"content":"no"}`, `{"cmd":99}`, `{"cmd":12,"dstid":-1}`, `{"cmd":2,"seq":101}`,
	} {
		p.say(frame)
		if m := p.next(); m.Cmd != model.CmdError {
			t.Errorf("%s: got %+v", frame, m)
		}
	}
	start := time.Now()
	s.hub.Drain(t.Context(), 0)
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestSocketsTouchTheirSession(t *testing.T) {
	touched := make(chan int64, 10)
	s := newChat(t, func(c *Chat, _ *hub.Options) { c.Touch = func(id int64) { touched <- id } })
	p := s.talker("one")
	p.alive() // a heart
	for _, what := range []string{"heart"} {
		select {
		case id := <-touched:
			if id != 11 {
				t.Errorf("%s: touched %d", what, id)
			}
		default:
			t.Errorf("%s: not touched", what)
		}
	}
}
