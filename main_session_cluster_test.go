package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
)

// sessionEnds is how long the socket of a session that ended on another node may
// live on: the bus says so at once, and the look at sessions finds it otherwise.
const sessionEnds = 5 * time.Second

// TestClusterEndsSessions: what ends somebody's sessions on one node closes their
// sockets on another, and no others: one device by the list of them, all by the
// key of an operator, who sees there first that they are online.
func TestClusterEndsSessions(t *testing.T) {
	apart(t)
	inPair(t, func(t *testing.T, source string, nodes [2]*child, inside [2]*node) {
		key, err := keys(t, "create", "desk", "-scopes", "online,kick", "-db", source)
		check(t, err)
		lost, bystander := settle(t, nodes[0], 1), settle(t, nodes[0], 2)
		lost.open(t)
		bystander.open(t)

		kept := &resident{Client: client.New(nodes[1].public), id: lost.id, change: make(chan struct{})}
		t.Cleanup(kept.Client.Close)
		check(t, kept.Login(t.Context(), lost.User().Mobile, "a good password"))
		kept.open(t)
		var devices []model.Session
		check(t, kept.Post(t.Context(), "/user/sessions", nil, &devices))
		for _, d := range devices {
			if !d.Current {
				began := time.Now()
				check(t, kept.Post(t.Context(), "/user/revoke", map[string]any{"id": d.ID}, nil))
				lost.endsSoon(t, "by the list of devices", began)
			}
		}

		online := func(id int64) string {
			status, body := post(t, inside[0].internal+"/api/online", key, url.Values{"users": {fmt.Sprint(id)}})
			if status != http.StatusOK {
				t.Fatalf("/api/online: %d %s", status, body)
			}
			return body
		}
		for late := time.Now().Add(clusterWait); !strings.Contains(online(kept.id), `"online":true,"sockets":1`); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("who is on the other node: %s", online(kept.id))
			}
		}
		began := time.Now()
		if status, body := post(t, inside[0].internal+"/api/kick", key, url.Values{"user": {fmt.Sprint(kept.id)}}); status != http.StatusOK {
			t.Fatalf("/api/kick: %d %s", status, body)
		}
		kept.endsSoon(t, "by an operator", began)
		for { // a node remembers a session for a second
			if err := kept.Post(t.Context(), "/user/me", nil, nil); model.CodeOf(err) == model.CodeUnauthenticated {
				break
			}
			if time.Since(began) > sessionEnds {
				t.Fatal("a token that was kicked opens what it opened")
			}
			time.Sleep(10 * time.Millisecond)
		}
		select {
		case <-bystander.Done():
			t.Error("somebody else's socket was closed")
		default:
		}
	})
}

// endsSoon waits for the end of a session that was ended on another node.
func (r *resident) endsSoon(t *testing.T, how string, began time.Time) {
	t.Helper()
	r.await(t, "the end of the session "+how, func([]model.Message) bool { return r.ended })
	took := time.Since(began).Round(time.Millisecond)
	t.Logf("ended %s on the other node, the socket closed after %v", how, took)
	if r.Code() != 4001 || took > sessionEnds {
		t.Errorf("closed with %d after %v", r.Code(), took)
	}
}
