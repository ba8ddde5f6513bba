package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// person is somebody with an account on a node.
type person struct {
	t        *testing.T
	base     string
	id       int64
	mobile   string
	password string
	token    string
}

// answer is what every JSON route answers.
type answer struct {
	status int
	Code   int
	Error  string
	Msg    string
	Data   json.RawMessage
	Rows   json.RawMessage
}

// call posts a form to a route.
func (p *person) call(path string, form url.Values) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	client := http.Client{Timeout: 20 * time.Second}
	w, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	a := answer{status: w.StatusCode}
	if err := json.NewDecoder(w.Body).Decode(&a); err != nil {
		p.t.Fatalf("%s: %d and no JSON: %v", path, w.StatusCode, err)
	}
	return a
}

// must is call where only success will do; out, if given, takes the data.
func (p *person) must(path string, form url.Values, out any) {
	p.t.Helper()
	a := p.call(path, form)
	if a.Code != 0 {
		p.t.Fatalf("%s: %d %s %s", path, a.status, a.Error, a.Msg)
	}
	if out != nil {
		data := a.Data
		if data == nil {
			data = a.Rows
		}
		if err := json.Unmarshal(data, out); err != nil {
			p.t.Fatalf("%s: %v", path, err)
		}
	}
}

// join registers a person; base is the address to go through.
func (n *node) join(base, mobile string) *person {
	n.t.Helper()
	p := &person{t: n.t, base: base, mobile: mobile, password: "long enough " + mobile}
	var own struct {
		ID    int64
		Token string
	}
	p.must("/user/register", url.Values{"mobile": {mobile}, "passwd": {p.password}, "nickname": {"n" + mobile}}, &own)
	p.id, p.token = own.ID, own.Token
	return p
}

// pair gives two people who are friends.
func (n *node) pair(base string) (a, b *person) {
	n.t.Helper()
	a, b = n.join(base, "13900000001"), n.join(base, "13900000002")
	a.must("/contact/addfriend", url.Values{"dstid": {fmt.Sprint(b.id)}}, nil)
	b.must("/contact/addfriend", url.Values{"dstid": {fmt.Sprint(a.id)}}, nil)
	return a, b
}

// line is an open socket whose frames are read as they come.
type line struct {
	t      *testing.T
	conn   *websocket.Conn
	frames chan model.Message
	closed chan error
}

func (p *person) connect() *line {
	p.t.Helper()
	conn, r, err := websocket.DefaultDialer.DialContext(p.t.Context(), "ws"+strings.TrimPrefix(p.base, "http")+"/chat",
		http.Header{"Authorization": {"Bearer " + p.token}})
	if err != nil {
		p.t.Fatalf("/chat: %v (%v)", err, r)
	}
	l := &line{t: p.t, conn: conn, frames: make(chan model.Message, 1000), closed: make(chan error, 1)}
	p.t.Cleanup(func() { _ = conn.Close() })
	go func() {
		for {
			var m model.Message
			if err := conn.ReadJSON(&m); err != nil {
				l.closed <- err
				return
			}
			l.frames <- m
		}
	}()
	l.await(model.CmdHello, "")
	return l
}

func (l *line) send(m model.Message) {
	l.t.Helper()
	if err := l.conn.WriteJSON(m); err != nil {
		l.t.Fatal(err)
	}
}

// await reads on to the frame with a command and, if given, a cid.
func (l *line) await(cmd int, cid string) model.Message {
	l.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case m := <-l.frames:
			if m.Cmd == cmd && (cid == "" || m.CID == cid) {
				return m
			}
		case err := <-l.closed:
			l.t.Fatalf("closed while waiting for cmd %d %s: %v", cmd, cid, err)
		case <-limit:
			l.t.Fatalf("no cmd %d %s", cmd, cid)
		}
	}
}

// outcome sends a text and gives the ack or the error.
func (l *line) outcome(to int64, cid, text string) model.Message {
	l.t.Helper()
	l.send(model.Message{Cmd: model.CmdSingle, DstID: to, Media: model.MediaText, Content: text, CID: cid})
	limit := time.After(20 * time.Second)
	for {
		select {
		case m := <-l.frames:
			if (m.Cmd == model.CmdAck || m.Cmd == model.CmdError) && m.CID == cid {
				return m
			}
		case err := <-l.closed:
			l.t.Fatalf("closed while sending: %v", err)
		case <-limit:
			l.t.Fatalf("neither ack nor error for %s", cid)
		}
	}
}

// history is the contents of a's timeline with b.
func (p *person) history(with int64) []string {
	p.t.Helper()
	var rows []model.Message
	p.must("/message/history", url.Values{"kind": {"10"}, "dstid": {fmt.Sprint(with)}, "after": {"0"}, "limit": {"200"}}, &rows)
	texts := make([]string, len(rows))
	for i, m := range rows {
		texts[i] = m.Content
	}
	return texts
}

// TestTalkAndDrain is a day of a node in short: two people talk, the node is
// told to stop, nothing that was acknowledged is lost, nothing secret is logged.
func TestTalkAndDrain(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source, "-log", "json", "-log-level", "debug")
		a, b := n.pair(n.public)
		wrong := a.call("/user/login", url.Values{"mobile": {a.mobile}, "passwd": {"not-the-password"}})
		if wrong.status != 401 {
			t.Errorf("wrong password: %d %s", wrong.status, wrong.Error)
		}
		la, lb := a.connect(), b.connect()
		var sent []string
		for i := range 20 {
			text := fmt.Sprintf("private words %d", i)
			if m := la.outcome(b.id, fmt.Sprintf("c%d", i), text); m.Cmd != model.CmdAck || m.Seq == 0 {
				t.Fatalf("not acknowledged: %+v", m)
			}
			if m := lb.await(model.CmdSingle, ""); m.Content != text || m.UserID != a.id {
				t.Fatalf("b got %+v", m)
			}
			sent = append(sent, text)
		}
		_, counts := n.get(n.internal + "/metrics")
		for _, want := range []string{"hongyan_connections 2", "hongyan_users_online 2", `route="/user/login",status="401"`} {
			if !strings.Contains(counts, want) {
				t.Errorf("the metrics have no %s", want)
			}
		}
		n.stop()
		la.await(model.CmdMove, "")
		for _, l := range []*line{la, lb} {
			var closed *websocket.CloseError
			if err := <-l.closed; !errors.As(err, &closed) || closed.Code != websocket.CloseGoingAway {
				t.Errorf("closed with %v, want 1001", err)
			}
		}
		if err := n.end(); err != nil {
			t.Errorf("drain: %v", err)
		}
		for _, secret := range []string{a.token, b.token, a.password, b.password, "not-the-password", a.mobile, b.mobile, "private words"} {
			if strings.Contains(n.stderr.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, n.stderr)
			}
		}

		again := start(t, "-db", source)
		a.base = again.public
		if got := a.history(b.id); !endsWith(got, sent) {
			t.Errorf("after the restart the timeline is %q, want %q", got, sent)
		}
	})
}

func endsWith(list, tail []string) bool {
	return len(list) >= len(tail) && strings.Join(list[len(list)-len(tail):], "\n") == strings.Join(tail, "\n")
}

// TestFullDisk: reads go on, sends are refused with an error that may be
// retried, and go on when there is room.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root: skipping the full disk")
	}
	data := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", data).CombinedOutput(); err != nil {
		t.Skipf("no small file system here: skipping the full disk (%s)", out)
	}
	// Registered before the node, so that it runs after the node's end.
	t.Cleanup(func() {
		if out, err := exec.Command("umount", data).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	n := start(t, "-data", data, "-limits", "off")
	a, b := n.pair(n.public)
	la := a.connect()
	text := strings.Repeat("many words ", 300)
	if m := la.outcome(b.id, "before", text); m.Cmd != model.CmdAck {
		t.Fatalf("before: %+v", m)
	}
	ballast := filepath.Join(data, "ballast")
	if err := fill(ballast); err != nil {
		t.Fatal(err)
	}
	var refused model.Message
	acked := 1
	for i := 0; refused.Cmd == 0; i++ {
		if i > 2000 {
			t.Fatal("the disk does not get full")
		}
		if m := la.outcome(b.id, fmt.Sprintf("full%d", i), text); m.Cmd == model.CmdError {
			refused = m
		} else {
			acked++
		}
	}
	if refused.Error != string(model.CodeUnavailable) {
		t.Errorf("refused with %+v, want %s", refused, model.CodeUnavailable)
	}
	full := filepath.Join(data, "rest") // what one message had no room for
	if err := fill(full); err != nil {
		t.Fatal(err)
	}
	for path, form := range map[string]url.Values{
		"/user/login":    {"mobile": {a.mobile}, "passwd": {a.password}},
		"/contact/block": {"dstid": {fmt.Sprint(b.id)}},
	} {
		if got := a.call(path, form); got.status != 503 || got.Error != string(model.CodeUnavailable) {
			t.Errorf("%s: %d %s, want 503", path, got.status, got.Error)
		}
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	if got := len(a.history(b.id)); got < min(acked, 200) {
		t.Errorf("reading gives %d of %d messages", got, acked)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if m := la.outcome(b.id, refused.CID, text); m.Cmd != model.CmdAck || m.Seq == 0 {
		t.Errorf("with room again: %+v", m)
	}
}

// fill writes until there is no room.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
	return f.Sync()
}
