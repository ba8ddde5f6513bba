package ctrl

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/metrics"
)

// newFair is a village with red packets and stickers.
func newFair(t *testing.T) *village {
	v := newVillage(t)
	committer := service.NewCommitter(v.db, v.live, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	t.Cleanup(committer.Close)
	messages, err := service.NewMessageService(t.Context(), v.db, committer, v.live, time.Now, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	v.server.Packets = service.NewPacketService(v.db, committer, messages, v.server.Users, service.NewPlayMoney(v.db), time.Now, slog.New(slog.DiscardHandler))
	v.server.Stickers = service.NewStickerService(v.db, time.Now)
	return v
}

func TestPacketRoutes(t *testing.T) {
	v := newFair(t)
	group := v.found("open")
	send := fmt.Sprintf(`{"kind":11,"dstid":%d,"amount":200,"count":2,"mode":"equal","memo":"好","cid":"c1"}`, group)
	var m, again model.Message
	v.ann.want("", "/packet/send", send).into(t, &m)
	v.ann.want("", "/packet/send", send).into(t, &again)
	var ext struct{ Packet int64 }
	if err := json.Unmarshal(m.Ext, &ext); err != nil || ext.Packet == 0 || m.Media != 5 || m.Amount != 200 || again.ID != m.ID {
		t.Fatalf("message %+v, again %+v", m, again)
	}
	id := fmt.Sprint("id=", ext.Packet)
	var p model.PacketView
	v.ben.want("", "/packet/info", id).into(t, &p)
	if p.State != "open" || !p.May || p.Currency != "play" || p.User.ID != v.ann.ID || len(p.Shares) != 0 {
		t.Errorf("sealed %+v", p)
	}
	v.ben.want("", "/packet/open", id).into(t, &p)
	if p.Mine != 100 || p.Taken != 1 || len(p.Shares) != 1 || p.Shares[0].User.ID != v.ben.ID {
		t.Errorf("opened %+v", p)
	}
	var states []model.PacketState
	v.ben.want("", "/packet/states", fmt.Sprintf(`{"ids":[%d]}`, ext.Packet)).into(t, &states)
	if len(states) != 1 || states[0].Mine != 100 {
		t.Errorf("states %+v", states)
	}
	var purse struct {
		Balance  int64
		Currency string
	}
	v.ben.want("", "/packet/balance", "").into(t, &purse)
	if purse.Balance != 100_100 || purse.Currency != "play" {
		t.Errorf("purse %+v", purse)
	}

	foreign := v.cat.want("not_found", "/packet/open", id)
	absent := v.cat.want("not_found", "/packet/open", "id=4711")
	if foreign.raw != absent.raw || foreign.status != http.StatusNotFound {
		t.Errorf("%s\n%s", foreign.raw, absent.raw)
	}
	v.cat.want("not_found", "/packet/info", id)
	v.cat.want("not_member", "/packet/send", send)
	v.nobody().want("unauthenticated", "/packet/open", id)
	for form, sentence := range map[string]string{
		`"amount":1,"count":2,"mode":"equal"`:     "Each share must be at least 0.01",
		`"amount":50000,"count":2,"mode":"equal"`: "Each share can be at most 200.00",
		`"amount":50,"count":3,"mode":"lucky"`:    "There can’t be more shares than members",
	} {
		r := v.ann.want("invalid_argument", "/packet/send", fmt.Sprintf(`{"kind":11,"dstid":%d,%s}`, group, form))
		if r.Msg != sentence {
			t.Errorf("%s: %q", form, r.Msg)
		}
	}
}

func TestStickerRoutes(t *testing.T) {
	v := newFair(t)
	v.ann.want("", "/sticker/list", "")
	v.ann.want("not_found", "/sticker/add", "url=/mnt/abcdefghijklmnopqrstuvwxyz.png")
	v.ann.want("", "/sticker/remove", "id=5")
	v.nobody().want("unauthenticated", "/sticker/list", "")
}

func TestPreviewsAreOffByDefault(t *testing.T) {
	s := newSite(t, false)
	r := s.join("13800000001").want("forbidden", "/link/preview", "url=https://example.com/")
	if r.status != http.StatusForbidden || r.Msg != "Link previews are switched off on this server" {
		t.Errorf("%s", r.raw)
	}
	s.nobody().want("unauthenticated", "/link/preview", "url=https://example.com/")
}
