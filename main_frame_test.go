package main

import (
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// TestAFullFrameIsAMessage: what fits into a frame may be said, on every store.
func TestAFullFrameIsAMessage(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source)
		a, b := n.pair(n.public)
		alice, bob := a.connect(), b.connect()
		frame := `{"cid":"full","cmd":10,"dstid":2,"media":1,"content":""}`
		text := strings.Repeat("x", model.MaxFrame-len(frame))
		check(t, alice.conn.WriteMessage(websocket.TextMessage, []byte(strings.Replace(frame, `""}`, `"`+text+`"}`, 1))))
		if ack := alice.await(model.CmdAck, "full"); ack.Seq != 1 {
			t.Errorf("ack %+v", ack)
		}
		if m := bob.await(model.CmdSingle, "full"); m.Content != text {
			t.Errorf("%d bytes arrived of %d", len(m.Content), len(text))
		}
		if got := b.history(a.id); len(got) != 1 || got[0] != text {
			t.Errorf("the history has %d", len(got))
		}
		alice.send(model.Message{Cmd: model.CmdEdit, Kind: model.KindSingle, DstID: b.id, Ref: 1, CID: "edit", Content: text[:60_000]})
		if m := alice.await(model.CmdAck, "edit"); m.Seq != 2 {
			t.Errorf("edit: %+v", m)
		}
	})
}
