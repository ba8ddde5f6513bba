package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db/dbtest"

	"github.com/gorilla/websocket"
)

// caller is a signed-in program.
type caller struct {
	*node
	id    int64
	token string
}

// signIn registers a mobile, or signs in with it if it is known.
func (n *node) signIn(mobile string) *caller {
	n.t.Helper()
	c := &caller{node: n}
	var own struct {
		ID    int64
		Token string
	}
	form := "mobile=" + mobile + "&passwd=correct+horse"
	if status := c.post("/user/register", form, &own); status == http.StatusConflict {
		c.post("/user/login", form, &own)
	}
	if own.Token == "" {
		n.t.Fatalf("%s cannot sign in\n%s", mobile, n.stderr)
	}
	c.id, c.token = own.ID, own.Token
	return c
}

// post calls a route and puts the data or the rows of its answer into out.
func (c *caller) post(path, form string, out any) int {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.public+path, strings.NewReader(form))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var body struct{ Data, Rows json.RawMessage }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		c.t.Fatal(err)
	}
	if body.Data == nil {
		body.Data = body.Rows
	}
	if out != nil && body.Data != nil {
		if err := json.Unmarshal(body.Data, out); err != nil {
			c.t.Fatal(err)
		}
	}
	return answer.StatusCode
}

// socket is an open /chat.
type socket struct {
	*testing.T
	*websocket.Conn
}

// dial opens a socket by what stands behind /chat, and gives the status of a refusal.
func (c *caller) dial(query string, header http.Header) (*socket, int) {
	c.t.Helper()
	conn, answer, err := websocket.DefaultDialer.DialContext(c.t.Context(), "ws"+strings.TrimPrefix(c.public, "http")+"/chat"+query, header)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		if answer == nil {
			c.t.Fatal(err)
		}
		return nil, answer.StatusCode
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	s := &socket{c.t, conn}
	s.next(model.CmdHello)
	return s, http.StatusSwitchingProtocols
}

func (c *caller) socket() *socket {
	c.t.Helper()
	s, status := c.dial("", http.Header{"Authorization": {"Bearer " + c.token}})
	if s == nil {
		c.t.Fatalf("no socket: %d", status)
	}
	return s
}

// next reads up to a frame of a command.
func (s *socket) next(cmd int) model.Message {
	s.Helper()
	_ = s.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		var m model.Message
		if err := s.ReadJSON(&m); err != nil {
			s.Fatalf("waiting for cmd %d: %v", cmd, err)
		}
		if m.Cmd == cmd {
			return m
		}
	}
}

// event reads up to an event and checks whom it is about.
func (s *socket) event(name string, about int64) {
	s.Helper()
	for {
		m := s.next(model.CmdEvent)
		if m.Content == name {
			if m.DstID != about || m.Seq != 0 {
				s.Errorf("%s about %d with seq %d, want %d", name, m.DstID, m.Seq, about)
			}
			return
		}
	}
}

// ends reads until the socket is closed, and checks how.
func (s *socket) ends(code int) {
	s.Helper()
	_ = s.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		_, _, err := s.ReadMessage()
		if e, ok := errors.AsType[*websocket.CloseError](err); ok {
			if e.Code != code {
				s.Errorf("closed with %d %s, want %d", e.Code, e.Text, code)
			}
			return
		} else if err != nil {
			s.Fatal(err)
		}
	}
}

func TestAccountsEndToEnd(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source, "-limits", "off")
		ann, ben := n.signIn("13800000001"), n.signIn("13800000002")
		at, bt := ann.socket(), ben.socket()

		ann.post("/contact/addfriend", "mobile=13800000002&memo=hi", nil)
		bt.event(model.EventFriendRequest, ann.id)
		var requests []model.RequestRow
		ben.post("/contact/requests", "", &requests)
		if len(requests) != 1 {
			t.Fatalf("requests %+v", requests)
		}
		ben.post("/contact/accept", fmt.Sprint("id=", requests[0].ID), nil)
		at.event(model.EventFriendAdded, ben.id)
		bt.event(model.EventFriendAdded, ann.id)
		ann.post("/user/update", "nickname=%E5%AE%89", nil)
		bt.event(model.EventProfileChanged, ann.id)
		ben.post("/contact/delfriend", fmt.Sprint("dstid=", ann.id), nil)
		at.event(model.EventFriendRemoved, ben.id)

		phone, pad := n.signIn("13800000001"), n.signIn("13800000001")
		pt, dt := phone.socket(), pad.socket()
		phone.post("/user/logout", "", nil)
		pt.ends(4001)
		if status := phone.post("/user/me", "", nil); status != http.StatusUnauthorized {
			t.Errorf("after logout: %d", status)
		}
		if _, status := phone.dial("", http.Header{"Authorization": {"Bearer " + phone.token}}); status != http.StatusUnauthorized {
			t.Errorf("socket after logout: %d", status)
		}
		ann.post("/user/passwd", "old=correct+horse&passwd=battery+staple", nil)
		dt.ends(4001)
		if status := ann.post("/user/me", "", nil); status != http.StatusOK {
			t.Errorf("own session after the change: %d", status)
		}
	})
}

func TestTicketOpensOneSocket(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source, "-limits", "off")
		ann := n.signIn("13800000001")
		var ticket struct{ Ticket string }
		ann.post("/user/ticket", "", &ticket)
		if s, status := ann.dial("?ticket="+ticket.Ticket, nil); s == nil {
			t.Errorf("first: %d", status)
		}
		for _, query := range []string{"?ticket=" + ticket.Ticket, "?ticket=x", "?token=" + ann.token, ""} {
			if _, status := ann.dial(query, nil); status != http.StatusUnauthorized {
				t.Errorf("%q: %d", query, status)
			}
		}
		if log := n.stderr.String(); strings.Contains(log, ticket.Ticket) || strings.Contains(log, ann.token) || strings.Contains(log, "correct") {
			t.Errorf("the log holds a secret:\n%s", log)
		}
	})
}
