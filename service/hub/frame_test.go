package hub

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"hongyan/model"
)

func TestFrameLengths(t *testing.T) {
	h := newHub(t, nil)
	d := connect(t, h, socket{userID: 1})
	base := len(frameOf(t, model.Message{Cmd: 10, Content: "x"}, false).payload()) - 1
	for _, size := range []int{125, 126, 127, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		content := padding(size - base)
		d.node.Send(model.Message{Cmd: 10, Content: content})
		if m := d.next(); m.Content != content {
			t.Errorf("%d bytes: got %d", size, len(m.Content)+base)
		}
	}
}

func TestFrameIsPlainJSON(t *testing.T) {
	f := frameOf(t, model.Message{Cmd: 10, Content: "<b>&\u2028\xff", Ext: json.RawMessage(` {"a": 1} `)}, false)
	if s := string(f.payload()); s != `{"cmd":10,"content":"<b>&\u2028\ufffd","amount":0,"ext":{"a":1}}` {
		t.Error(s)
	}
	if _, err := newFrame(&model.Message{Ext: json.RawMessage(`{`)}, false); err == nil {
		t.Error("encoded what is no JSON")
	}
}

func TestCloseFrames(t *testing.T) {
	for _, test := range []struct {
		code   int
		reason string
		want   string
	}{
		{4001, "signed out", "\x88\x0c\x0f\xa1signed out"},
		{1000, "", "\x88\x02\x03\xe8"},
		{1005, "x", "\x88\x00"}, // a code that must not be sent
		{1006, "x", "\x88\x00"},
		{0, "x", "\x88\x00"},
		{1000, strings.Repeat("雁", 60), "\x88\x7d\x03\xe8" + strings.Repeat("雁", 41)},
	} {
		if got := closeFrame(test.code, test.reason).data; string(got) != test.want {
			t.Errorf("%d %q: %q, want %q", test.code, test.reason, got, test.want)
		}
	}
	if got := controlFrame(opPong, bytes.Repeat([]byte{1}, 200)).data; len(got) != 2+maxControl {
		t.Errorf("a pong of %d bytes", len(got))
	}
}

func TestConversationOfAFrame(t *testing.T) {
	for name, test := range map[string]struct {
		m    model.Message
		want conversation
	}{
		"room":            {model.Message{Cmd: 11, DstID: 7, UserID: 2}, conversation{11, 7}},
		"to me":           {model.Message{Cmd: 10, DstID: 1, UserID: 2}, conversation{10, 2}},
		"from me":         {model.Message{Cmd: 10, DstID: 2, UserID: 1}, conversation{10, 2}},
		"ack":             {model.Message{Cmd: 1, Kind: 10, DstID: 2}, conversation{10, 2}},
		"notice":          {model.Message{Cmd: 12}, conversation{kind: 12}},
		"read by another": {model.Message{Cmd: 13, Kind: 10, DstID: 1, UserID: 2}, conversation{10, 2}},
		"a list changed":  {model.Message{Cmd: 19, UserID: 2, DstID: 1}, conversation{}},
		"an error":        {model.Message{Cmd: 5, CID: "c"}, conversation{}},
	} {
		if got := frameOf(t, test.m, false).conversation(1); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// FuzzReceive: no envelope, whoever sent it, hurts a node.
func FuzzReceive(f *testing.F) {
	for _, seed := range []string{
		`{"v":1,"message":{"cmd":11,"kind":11,"dstid":7,"seq":1},"group":7,"users":[1,1],"subscribe":[1],"unsubscribe":[1]}`,
		`{"v":1,"disconnect":{"userid":2,"code":4001,"reason":"x"}}`, `{"v":1,"room":5,"message":{"cmd":4}}`, `{"v":1,"message":null}`, `{"v":2}`,
	} {
		f.Add([]byte(seed))
	}
	log := new(bytes.Buffer)
	h := newHub(f, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError}))
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		if h.receive("x", b); log.Len() > 0 {
			t.Errorf("%q: %s", b, log)
		}
	})
}
