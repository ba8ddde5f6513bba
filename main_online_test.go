package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"hongyan/service"
)

// TestProgramSeesAndKicksWhoIsOnline asks who is there and signs one out, whose
// sockets close and whose token opens nothing any more.
func TestProgramSeesAndKicksWhoIsOnline(t *testing.T) {
	n := start(t)
	a, b := n.pair(n.public)
	key, err := keys(t, "create", "desk", "-scopes", "online,kick", "-data", n.data)
	check(t, err)
	first, second, other := a.connect(), a.connect(), b.connect()
	ask := func(users string) string {
		t.Helper()
		status, body := post(t, n.internal+"/api/online", key, url.Values{"users": {users}})
		if status != http.StatusOK {
			t.Fatalf("/api/online: %d %s", status, body)
		}
		return body
	}
	want := fmt.Sprintf(`"rows":[{"id":%d,"online":true,"sockets":1},{"id":99,"online":false,"sockets":0},{"id":%d,"online":true,"sockets":2}],"total":3`, b.id, a.id)
	if got := ask(fmt.Sprintf("%d,99,%d", b.id, a.id)); !strings.Contains(got, want) {
		t.Errorf("online: %s, want %s", got, want)
	}

	if status, body := post(t, n.internal+"/api/kick", key, url.Values{"user": {fmt.Sprint(a.id)}}); status != http.StatusOK {
		t.Fatalf("/api/kick: %d %s", status, body)
	}
	for _, l := range []*line{first, second} {
		select {
		case err := <-l.closed:
			if !websocket.IsCloseError(err, service.CloseSessionEnded) {
				t.Errorf("a kicked socket: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("a kicked socket stays")
		}
	}
	if got := a.call("/user/me", nil); got.Error != "unauthenticated" {
		t.Errorf("a kicked token: %+v", got)
	}
	if m := other.outcome(a.id, "c1", "are you there?"); m.Error != "" {
		t.Errorf("another user: %+v", m)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // a socket is forgotten once its reader has ended
		got := ask(fmt.Sprint(a.id))
		if strings.Contains(got, `"online":false,"sockets":0`) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after the kick: %s", got)
		}
	}
}

// TestKickAndOnlineRefuse: what is wrong is said, and a key does what it is for.
func TestKickAndOnlineRefuse(t *testing.T) {
	n := start(t)
	key, err := keys(t, "create", "desk", "-scopes", "online,kick", "-data", n.data)
	check(t, err)
	other, err := keys(t, "create", "shop", "-scopes", "status", "-data", n.data)
	check(t, err)
	for _, c := range []struct {
		path, key, form string
		status          int
	}{
		{"/api/online", "", "users=1", 401},
		{"/api/online", other, "users=1", 403},
		{"/api/kick", other, "user=1", 403},
		{"/api/online", key, "", 400},
		{"/api/online", key, "users=x", 400},
		{"/api/online", key, "users=1" + strings.Repeat(",1", 1000), 413},
		{"/api/kick", key, "", 400},
		{"/api/kick", key, "user=0", 400},
		{"/api/kick", key, "user=-1", 400},
		{"/api/kick", key, "user=1&session=1", 400},
		{"/api/kick", key, "user=77", 404},
		{"/api/kick", key, "session=77", 404},
	} {
		form, err := url.ParseQuery(c.form)
		check(t, err)
		if status, body := post(t, n.internal+c.path, c.key, form); status != c.status || !strings.Contains(body, `"code":-1`) {
			t.Errorf("%s %.30s: %d %s, want %d", c.path, c.form, status, body, c.status)
		}
	}
	if status, _ := post(t, n.public+"/api/kick", key, url.Values{"user": {"1"}}); status != http.StatusNotFound {
		t.Errorf("/api/kick is public: %d", status)
	}
}
