package model_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"hongyan/model"
)

func post(media int, change func(*model.Message)) model.Message {
	m := model.Message{Cmd: model.CmdSingle, Kind: model.KindSingle, DstID: 2, Media: media, Content: "x", URL: "/mnt/x"}
	if change != nil {
		change(&m)
	}
	return m
}

func TestValid(t *testing.T) {
	fine := []model.Message{
		post(model.MediaText, nil),
		post(model.MediaVoice, func(m *model.Message) { m.Content = ""; m.Amount = 12 }),
		post(model.MediaImage, func(m *model.Message) { m.URL = "https://example.com/a.png" }),
		post(model.MediaLink, func(m *model.Message) { m.URL = "HTTP://example.com" }),
		post(model.MediaLink, func(m *model.Message) { m.URL = "a/b:c" }),
		post(model.MediaRedPacket, func(m *model.Message) { m.Content, m.URL = "", "" }),
		post(model.MediaUser, func(m *model.Message) { m.URL = "myapp:open"; m.Amount = -1 }),
		post(model.MediaText, func(m *model.Message) { m.CID = strings.Repeat("字", 64) }),
		post(model.MediaText, func(m *model.Message) { m.Content = strings.Repeat("x", model.MaxContent) }),
		post(model.MediaText, func(m *model.Message) { m.Ext = json.RawMessage(`{}`) }),
		{Cmd: model.CmdRead, Kind: model.KindRoom, DstID: 7, Seq: 3},
		{Cmd: model.CmdRead, Kind: model.KindNotice, Seq: 3},
		{Cmd: model.CmdRecall, Kind: model.KindSingle, DstID: 2, Ref: 1},
	}
	for _, m := range fine {
		if err := m.Valid(); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
	for _, tt := range []struct {
		m    model.Message
		want *model.Error
	}{
		{post(model.MediaText, func(m *model.Message) { m.DstID = 0 }), model.Invalid("dstid")},
		{post(model.MediaText, func(m *model.Message) { m.DstID = -1 }), model.Invalid("dstid")},
		{post(model.MediaText, func(m *model.Message) { m.DstID = 1 << 53 }), model.Invalid("dstid")},
		{post(model.MediaText, func(m *model.Message) { m.Content = "" }), model.Invalid("content")},
		{post(model.MediaText, func(m *model.Message) { m.Content = "\xff" }), model.Invalid("content")},
		{post(model.MediaText, func(m *model.Message) { m.Content = strings.Repeat("x", model.MaxContent+1) }), model.TooLarge("content")},
		{post(model.MediaText, func(m *model.Message) { m.CID = strings.Repeat("x", 65) }), model.Invalid("cid")},
		{post(model.MediaText, func(m *model.Message) { m.CID = "a\nb" }), model.Invalid("cid")},
		{post(model.MediaText, func(m *model.Message) { m.Ext = json.RawMessage(`[1]`) }), model.Invalid("ext")},
		{post(model.MediaText, func(m *model.Message) { m.Ext = json.RawMessage(`{"a":"` + strings.Repeat("x", model.MaxExt) + `"}`) }), model.TooLarge("ext")},
		{post(model.MediaImage, func(m *model.Message) { m.URL = "" }), model.Invalid("url")},
		{post(model.MediaLink, func(m *model.Message) { m.URL = " JavaScript:alert(1)" }), model.Invalid("url")},
		{post(model.MediaNews, func(m *model.Message) { m.Pic = "data:text/html,x" }), model.Invalid("pic")},
		{post(model.MediaLink, func(m *model.Message) { m.URL = "//evil.example/x" }), model.Invalid("url")},
		{post(model.MediaLink, func(m *model.Message) { m.URL = `\\evil.example\x` }), model.Invalid("url")},
		{post(model.MediaVoice, func(m *model.Message) { m.Amount = -1 }), model.Invalid("amount")},
		{post(42, nil), model.Invalid("media")},
		{model.Message{Cmd: model.CmdRead, Kind: 5, DstID: 2}, model.Invalid("kind")},
		{model.Message{Cmd: model.CmdRead, Kind: model.KindSingle}, model.Invalid("dstid")},
		{model.Message{Cmd: model.CmdRecall, Kind: model.KindNotice, Ref: 1}, model.Invalid("kind")},
		{model.Message{Cmd: model.CmdRead, Kind: model.KindSingle, DstID: 2, Seq: -1}, model.Invalid("seq")},
		{model.Message{Cmd: model.CmdEdit, Kind: model.KindSingle, DstID: 2, Ref: -1}, model.Invalid("ref")},
	} {
		if err := tt.m.Valid(); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.m, err, tt.want)
		}
	}
}

// A conversation is filed under the other of two people, or under the group.
func TestPeer(t *testing.T) {
	single := model.Message{Kind: model.KindSingle, UserID: 1, DstID: 2}
	group := model.Message{Kind: model.KindRoom, UserID: 1, DstID: 7}
	if single.Peer(1) != 2 || single.Peer(2) != 1 || group.Peer(1) != 7 || group.Peer(2) != 7 {
		t.Error(single.Peer(1), single.Peer(2), group.Peer(1), group.Peer(2))
	}
}

// Zero means something in cmd and amount, and nothing elsewhere.
func TestZeroOnTheWire(t *testing.T) {
	data, err := json.Marshal(model.Message{})
	if err != nil || string(data) != `{"cmd":0,"amount":0}` {
		t.Errorf("%s, %v", data, err)
	}
}

func FuzzValid(f *testing.F) {
	f.Add(`{"cmd":10,"dstid":2,"media":1,"content":"hello","cid":"a"}`)
	f.Add(`{"id":1,"userid":2,"dstid":3,"cmd":10,"media":3,"url":"http://www.a.com/dsturl.mp3","amount":40}`)
	f.Add(`{"cmd":17,"kind":11,"dstid":7,"ref":1,"content":"👍","amount":1,"ext":{}}`)
	f.Fuzz(func(t *testing.T, data string) {
		var m model.Message
		if json.Unmarshal([]byte(data), &m) != nil || m.Valid() != nil {
			return
		}
		if m.DstID > model.MaxID || len(m.Content) > model.MaxContent || m.IsPost() && m.DstID == 0 {
			t.Errorf("valid: %+v", m)
		}
	})
}
