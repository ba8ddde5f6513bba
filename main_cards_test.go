package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// A red packet through a whole server: the message on every device, the share,
// and the word of it to all.
func TestRedPacketOnTheWire(t *testing.T) {
	inTown(t, func(t *town) {
		a, b := t.friends()
		phone, bob := a.device(), b.device()
		var sent model.Message
		a.post("/packet/send", map[string]any{"kind": model.KindSingle, "dstid": b.id, "amount": 520, "count": 1, "mode": "equal", "memo": "生日快乐", "cid": "gift"}, &sent)
		var ext struct{ Packet int64 }
		for _, d := range []*device{phone, bob} {
			m := d.next(model.CmdSingle)
			if err := json.Unmarshal(m.Ext, &ext); err != nil || m.ID != sent.ID || m.Seq != sent.Seq || m.Media != model.MediaRedPacket || ext.Packet == 0 {
				t.Errorf("got %+v, %v", m, err)
			}
		}
		var p model.PacketView
		b.post("/packet/open", map[string]any{"id": ext.Packet}, &p)
		if p.Mine != 520 || p.State != model.PacketEmpty {
			t.Errorf("opened %+v", p)
		}
		for _, d := range []*device{phone, bob} {
			if m := d.next(model.CmdEvent); m.Content != model.EventPacket || m.Seq != 0 || m.Ref != sent.Seq || m.UserID != b.id {
				t.Errorf("event %+v", m)
			}
		}
		// What the device sends of itself is an ornament.
		ack := bob.send(model.Message{Cmd: model.CmdSingle, DstID: a.id, Media: model.MediaRedPacket, Memo: "x", Ext: sent.Ext})
		if m := phone.next(model.CmdSingle); m.Seq != ack.Seq || jsonHas(m.Ext, "packet") {
			t.Errorf("an ornament: %+v", m)
		}
	})
}

func jsonHas(object json.RawMessage, key string) bool {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(object, &fields)
	return fields[key] != nil
}

// With previews on, the server still goes nowhere inside.
func TestPreviewsStayOutside(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer inside.Close()
	in := &town{T: t, address: start(t, "-db", dbtest.SQLite(t), "-link-preview", "on").public}
	c := in.citizen()
	for _, address := range []string{inside.URL, "http://localhost/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "file:///etc/passwd", "x"} {
		if err := c.Post(t.Context(), "/link/preview", map[string]any{"url": address}, nil); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: %v", address, err)
		}
	}
}
