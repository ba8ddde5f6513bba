package service_test

import (
	"log/slog"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/metrics"
)

// TestARingWakesWhoIsAway: a call is told of at once, with a name only where
// names may be shown; who looks is not told, and the missed call follows.
func TestARingWakesWhoIsAway(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		calls := service.NewCallService(a.messages, a.out, service.CallTimes{Ring: time.Second, Grace: time.Second}, false, metrics.New(), slog.New(slog.DiscardHandler))
		defer calls.Close()
		calls.Wake = a.awake.Ring
		a.device(bob, "bob-hidden", false)
		session := a.device(bob, "bob-shown", true)
		invite := model.Message{Cmd: model.CmdCallInvite, DstID: bob, Ext: []byte(`{"video":true}`)}
		caller := model.Sender{UserID: alice, Origin: 1}
		if err := calls.Handle(t.Context(), caller, invite, nil); err != nil {
			t.Fatal(err)
		}
		a.hears("bob-hidden push.call|push.call.video|1/0", "bob-shown Alice|push.call.video|1/0")
		if err := calls.Handle(t.Context(), caller, model.Message{Cmd: model.CmdCallEnd}, nil); err != nil {
			t.Fatal(err)
		}
		a.hears("bob-hidden push.title|push.count 1|1/1", "bob-shown Alice|call.entry.missed.other|1/1")

		a.looking.Note(bob, session.ID, true)
		if err := calls.Handle(t.Context(), caller, invite, nil); err != nil {
			t.Fatal(err)
		}
		a.silence()
	})
}
