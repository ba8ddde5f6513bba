package verify

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hongyan/client"
	"hongyan/model"

	"github.com/gorilla/websocket"
)

// TestReadIsAcknowledgedAfterItWasToBeTriedAgain: a store that is slow has the
// sender of a read told to try again, commits it all the same, and the ack comes
// after. The checker once took that for the ack of a message that nobody sent.
func TestReadIsAcknowledgedAfterItWasToBeTriedAgain(t *testing.T) {
	var history bytes.Buffer
	r := &run{rec: newRecorder(&history)}
	talk := talkID{kind: model.KindRoom, low: 3}
	p := &phone{run: r, who: &account{id: 1}, reads: map[string]talkID{"c": talk}, reading: map[string]int64{"c": 7}}
	p.refused(t.Context(), model.Message{Cmd: model.CmdError, CID: "c", Error: string(model.CodeUnavailable)})
	if err := p.acked(t.Context(), model.Message{Cmd: model.CmdAck, CID: "c", Kind: model.KindRoom, DstID: 3, Seq: 7}); err != nil {
		t.Fatal(err)
	}
	if err := r.rec.out.Flush(); err != nil {
		t.Fatal(err)
	}
	if said := history.String(); !strings.Contains(said, `"e":"read"`) || strings.Contains(said, `"e":"ok"`) {
		t.Errorf("written down: %s", said)
	}
}

// TestWhoIsLetInAgainComesBack: the author of the event is the owner then, not who
// comes, and a device that had taken the group for lost went on without it until
// its next socket.
func TestWhoIsLetInAgainComesBack(t *testing.T) {
	joined := func(author int64, ext string) *model.Message {
		return &model.Message{Cmd: model.CmdEvent, Content: model.EventGroupJoined, UserID: author, Ext: []byte(ext)}
	}
	for _, tt := range []struct {
		m    *model.Message
		want bool
	}{
		{joined(7, `{"members":[7]}`), true},
		{joined(1, `{"members":[5,7]}`), true},
		{joined(1, `{"members":[5]}`), false},
		{joined(1, ``), false},
		{&model.Message{Cmd: model.CmdEvent, Content: model.EventGroupLeft, UserID: 7, Ext: []byte(`{"members":[7]}`)}, false},
		{&model.Message{Cmd: model.CmdRoom, UserID: 7}, false},
	} {
		if got := returns(tt.m, 7); got != tt.want {
			t.Errorf("%+v: %v", tt.m, got)
		}
	}
}

// TestWhoLeavesWhileItsSocketOpensIsGone: there was no socket yet to say goodbye
// on, and the one that came stayed for ever. Who is watched as they go was there
// then, so that no ghost of theirs could be found.
func TestWhoLeavesWhileItsSocketOpensIsGone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		for err = conn.WriteJSON(model.Message{Cmd: model.CmdHello}); err == nil; {
			_, _, err = conn.ReadMessage()
		}
	}))
	defer server.Close()
	socket, err := client.Open(t.Context(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	p := &phone{run: &run{rooms: []*room{{}}}}
	p.leave()
	if err := p.open(socket); !errors.Is(err, client.ErrClosed) || p.socket != nil {
		t.Errorf("it stays: %v", err)
	}
}
