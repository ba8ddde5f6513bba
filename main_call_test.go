package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// TestCall rings on two devices, is answered on one and leaves an entry that
// nobody can fake.
func TestCall(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source, "-turn", "127.0.0.1:0")
		a, b := n.pair(n.public)
		c := n.join(n.public, "13900000003")
		la, lb, tablet, lc := a.connect(), b.connect(), b.connect(), c.connect()

		lc.send(model.Message{Cmd: model.CmdCallInvite, DstID: b.id, CID: "stranger"})
		if m := lc.await(model.CmdError, "stranger"); m.Error != string(model.CodeNotFriend) {
			t.Errorf("a stranger who calls hears %+v", m)
		}
		la.send(model.Message{Cmd: model.CmdCallInvite, DstID: b.id, CID: "ring", UserID: c.id, Ext: json.RawMessage(`{"video":true,"device":"a"}`)})
		call := ext(t, la.await(model.CmdCallState, "ring"))
		for _, l := range []*line{lb, tablet} {
			if m := l.await(model.CmdCallInvite, ""); m.UserID != a.id || ext(t, m).Call != call.Call || !ext(t, m).Video || m.Amount < 55 {
				t.Errorf("it rings with %+v", m)
			}
		}
		lb.send(model.Message{Cmd: model.CmdCallAccept, Ext: json.RawMessage(`{"call":"` + call.Call + `","device":"b"}`)})
		if m := la.await(model.CmdCallAccept, ""); m.UserID != b.id {
			t.Errorf("accepted by %+v", m)
		}
		if m := tablet.await(model.CmdCallState, ""); ext(t, m).State != model.CallInCall || ext(t, m).Device != "b" {
			t.Errorf("the other device hears %+v", m)
		}
		sdp := strings.Repeat("v=0\r\n", 3000)
		la.send(model.Message{Cmd: model.CmdCallDescription, Content: sdp, Ext: json.RawMessage(`{"type":"offer"}`)})
		if m := lb.await(model.CmdCallDescription, ""); m.Content != sdp || m.UserID != a.id || ext(t, m).Type != "offer" {
			t.Errorf("the description came as %d bytes from %d", len(m.Content), m.UserID)
		}
		lb.send(model.Message{Cmd: model.CmdCallEnd})
		if m := tablet.await(model.CmdCallState, ""); ext(t, m).State != model.CallEnded {
			t.Errorf("the other device hears %+v, and no description", m)
		}
		entry := la.await(model.CmdSingle, "")
		if entry.Media != model.MediaUser || entry.UserID != a.id || string(entry.Ext) != `{"call":{"video":true,"result":"answered"}}` || entry.Memo == "" {
			t.Errorf("the entry is %+v", entry)
		}
		lb.await(model.CmdRead, "")
		if _, counts := n.get(n.internal + "/metrics"); !strings.Contains(counts, `hongyan_calls_ended_total{result="answered"} 1`) || !strings.Contains(counts, "hongyan_relays 0") {
			t.Error("the metrics do not tell of the call")
		}
		if got := b.unread(a.id); got != 0 {
			t.Errorf("%d unread after an answered call", got)
		}

		if page := b.page("/chat/index.shtml"); !strings.Contains(page, "[Video call]") {
			t.Errorf("the list without JavaScript does not tell of the call:\n%s", page)
		}

		la.send(model.Message{Cmd: model.CmdCallInvite, DstID: b.id})
		lb.await(model.CmdCallInvite, "")
		la.send(model.Message{Cmd: model.CmdCallEnd})
		lb.await(model.CmdSingle, "")
		if got := b.unread(a.id); got != 1 {
			t.Errorf("%d unread after a missed call, want 1", got)
		}
		la.send(model.Message{Cmd: model.CmdSingle, DstID: b.id, Media: model.MediaUser, CID: "fake", Ext: json.RawMessage(`{"call":{"result":"missed"},"mine":1}`)})
		if m := lb.await(model.CmdSingle, ""); string(m.Ext) != `{"mine":1}` {
			t.Errorf("a faked entry came as %s", m.Ext)
		}
	})
}

// TestCallEndsWithTheServer: who drains a node leaves an entry of what was going on.
func TestCallEndsWithTheServer(t *testing.T) {
	n := start(t)
	a, b := n.pair(n.public)
	la, lb := a.connect(), b.connect()
	la.send(model.Message{Cmd: model.CmdCallInvite, DstID: b.id})
	lb.await(model.CmdCallInvite, "")
	lb.send(model.Message{Cmd: model.CmdCallAccept})
	la.await(model.CmdCallAccept, "")
	n.stop()
	la.await(model.CmdCallEnd, "")
	if err := n.end(); err != nil {
		t.Error(err)
	}
	again := start(t, "-db", "sqlite:"+n.data+"/hongyan.db")
	a.base = again.public
	var rows []model.Message
	a.must("/message/history", url.Values{"kind": {"10"}, "dstid": {fmt.Sprint(b.id)}, "after": {"0"}}, &rows)
	if !slices.ContainsFunc(rows, func(m model.Message) bool { return strings.Contains(string(m.Ext), `"result":"answered"`) }) {
		t.Errorf("no entry among %+v", rows)
	}
}

// TestCallEndsWhenTwoPart: a block, or the end of a friendship, ends the call.
func TestCallEndsWhenTwoPart(t *testing.T) {
	n := start(t)
	a, b := n.pair(n.public)
	la, lb := a.connect(), b.connect()
	for _, route := range []string{"/contact/block", "/contact/delfriend"} {
		la.send(model.Message{Cmd: model.CmdCallInvite, DstID: b.id})
		lb.await(model.CmdCallInvite, "")
		lb.send(model.Message{Cmd: model.CmdCallAccept})
		la.await(model.CmdCallAccept, "")
		b.must(route, url.Values{"dstid": {fmt.Sprint(a.id)}}, nil)
		if m := la.await(model.CmdCallEnd, ""); m.UserID != b.id {
			t.Errorf("%s: the other hears %+v", route, m)
		}
		b.must("/contact/unblock", url.Values{"dstid": {fmt.Sprint(a.id)}}, nil)
	}
}

// TestCallServers: a session gets credentials of its own, nobody else any.
func TestCallServers(t *testing.T) {
	n := start(t, "-turn", "127.0.0.1:0", "-turn-public", "127.0.0.1", "-turn-only", "on")
	a := n.join(n.public, "13900000001")
	var got struct {
		ICEServers []struct {
			URLs                 []string
			Username, Credential string
		}
		Policy string
		TTL    int
	}
	a.must("/call/ice", nil, &got)
	if len(got.ICEServers) != 2 || !strings.HasPrefix(got.ICEServers[1].URLs[0], "turn:127.0.0.1:") || got.Policy != "relay" || got.TTL != 600 ||
		!strings.HasSuffix(got.ICEServers[1].Username, fmt.Sprintf(":%d", a.id)) || got.ICEServers[1].Credential == "" {
		t.Errorf("told %+v", got)
	}
	a.token = ""
	if got := a.call("/call/ice", nil); got.status != 401 {
		t.Errorf("without a session: %+v", got)
	}
	if !strings.Contains(n.stdout.String(), "relay     turn:127.0.0.1:") {
		t.Errorf("the start does not tell of the relay:\n%s", n.stdout)
	}
	off := start(t)
	a = off.join(off.public, "13900000001")
	a.must("/call/ice", nil, &got)
	if len(got.ICEServers) != 0 || got.Policy != "all" {
		t.Errorf("without a relay: %+v", got)
	}
}

func ext(t *testing.T, m model.Message) (e model.CallExt) {
	t.Helper()
	if err := json.Unmarshal(m.Ext, &e); err != nil {
		t.Fatalf("ext of %+v: %v", m, err)
	}
	return e
}

// page is the HTML of a page, as an English browser gets it.
func (p *person) page(path string) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Accept-Language", "en")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

func (p *person) unread(with int64) int64 {
	p.t.Helper()
	var rows []model.ConversationRow
	p.must("/message/conversations", nil, &rows)
	for _, row := range rows {
		if row.DstID == with && row.Kind == model.KindSingle {
			return row.Unread
		}
	}
	p.t.Fatalf("no conversation with %d", with)
	return 0
}
