package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hongyan/model"
	"hongyan/util/metrics"
)

// exchange is a CallService with an audience and a notebook for its entries.
// User n has the sockets n*10, n*10+1, …
type exchange struct {
	*testing.T
	stage
	calls   *CallService
	refuse  error
	mu      sync.Mutex
	entries []string
}

func newExchange(t *testing.T) *exchange {
	x := &exchange{T: t}
	x.calls = &CallService{
		out: &x.stage, times: CallTimes{Ring: time.Minute, Grace: CallGrace},
		metrics: metrics.New(), log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		may: func(context.Context, *model.Message) error { return x.refuse },
		store: func(_ context.Context, m model.Message, seen bool) error {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.entries = append(x.entries, fmt.Sprintf("%d>%d %s %d seen=%t", m.UserID, m.DstID, m.Ext, m.Amount, seen))
			return nil
		},
	}
	x.calls.board.calls = map[int64]*call{}
	return x
}

// send is a frame from a socket.
func (x *exchange) send(socket uint64, cmd int, dst int64, ext string) error {
	m := model.Message{Cmd: cmd, DstID: dst, CID: "c", Content: "text"}
	if ext != "" {
		m.Ext = json.RawMessage(ext)
	}
	return x.calls.Handle(x.Context(), model.Sender{UserID: int64(socket / 10), Origin: socket}, m, nil)
}

func (x *exchange) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

// heard gives what was told since, as "to: cmd state/reason", sorted where it
// does not matter.
func (x *exchange) heard() []string {
	var list []string
	for _, d := range x.take() {
		var ext model.CallExt
		x.must(json.Unmarshal(d.Message.Ext, &ext))
		to := fmt.Sprintf("user %v", d.Users)
		if d.Only != 0 {
			to = fmt.Sprintf("socket %d", d.Only)
		} else if d.Origin != 0 {
			to += fmt.Sprintf(" but %d", d.Origin)
		}
		if ends := d.Message.Cmd == model.CmdCallEnd || d.Message.Cmd == model.CmdCallState; !d.Ephemeral && (d.Only != 0 || !ends) {
			x.Errorf("%s: a frame of a call that is not ephemeral", to)
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s: %d %s %s", to, d.Message.Cmd, ext.State, ext.Reason)))
	}
	return list
}

func (x *exchange) hears(what string, want ...string) {
	x.Helper()
	for i := range want {
		want[i] = strings.TrimSpace(want[i])
	}
	if got := x.heard(); !slices.Equal(squeeze(got), squeeze(want)) {
		x.Fatalf("%s: heard\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func squeeze(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.Join(strings.Fields(s), " ")
	}
	return out
}

func (x *exchange) entry(want ...string) {
	x.Helper()
	x.calls.entries.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	if !slices.Equal(x.entries, want) {
		x.Fatalf("entries %q, want %q", x.entries, want)
	}
	x.entries = nil
}

func onExchange(t *testing.T, fn func(x *exchange)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t)
		fn(x)
		x.calls.Close()
		if len(x.calls.board.calls) > 0 {
			t.Error("calls are left after Close")
		}
	})
}

// inCall connects 1 (socket 10, device "a") and 2 (socket 20, device "b").
func (x *exchange) inCall() {
	x.Helper()
	x.must(x.send(10, model.CmdCallInvite, 2, `{"video":true,"device":"a"}`))
	x.must(x.send(20, model.CmdCallAccept, 1, `{"device":"b","video":true}`))
	x.take()
}

func TestCallFromRingToHangUp(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.must(x.send(10, model.CmdCallInvite, 2, `{"video":true,"device":"a"}`))
		x.hears("invite", "user [2]: 20", "user [1] but 10: 27 calling", "socket 10: 27 calling")
		x.must(x.send(21, model.CmdCallRinging, 1, ""))
		x.hears("ringing", "socket 10: 21")
		x.must(x.send(20, model.CmdCallAccept, 1, `{"device":"b"}`))
		x.hears("accept", "socket 10: 22", "socket 20: 27 in_call", "user [2] but 20: 27 in_call", "user [1] but 10: 27 in_call")
		err := x.send(21, model.CmdCallAccept, 1, `{"device":"c"}`)
		if !errors.Is(err, &model.Error{Code: model.CodeConflict, Key: "answered"}) {
			t.Errorf("a second device that accepts: %v", err)
		}
		for _, cmd := range []int{model.CmdCallDescription, model.CmdCallCandidate, model.CmdCallMedia} {
			x.must(x.send(20, cmd, 1, ""))
			x.hears("signal", fmt.Sprintf("socket 10: %d", cmd))
			if err := x.send(21, cmd, 1, ""); model.CodeOf(err) != model.CodeForbidden {
				t.Errorf("cmd %d from a device that is not in the call: %v", cmd, err)
			}
			if err := x.send(30, cmd, 1, ""); model.CodeOf(err) != model.CodeNotFound {
				t.Errorf("cmd %d from somebody who is in no call: %v", cmd, err)
			}
		}
		time.Sleep(65 * time.Second)
		x.must(x.send(20, model.CmdCallEnd, 1, ""))
		x.hears("hang up", "socket 10: 24 answered", "user [1] but 10: 27 ended answered", "user [2]: 27 ended answered")
		x.entry(`1>2 {"call":{"video":true,"result":"answered"}} 65 seen=true`)
		if err := x.send(20, model.CmdCallEnd, 1, ""); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("hanging up twice: %v", err)
		}
	})
}

func TestCallWithoutAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		act   func(x *exchange)
		heard []string
		entry string
	}{
		"missed": {func(*exchange) { time.Sleep(time.Minute + time.Second) },
			[]string{"socket 10: 24 missed", "user [1] but 10: 27 ended missed", "user [2]: 24 missed"},
			`1>2 {"call":{"video":false,"result":"missed"}} 0 seen=false`},
		"cancelled": {func(x *exchange) { x.must(x.send(10, model.CmdCallEnd, 2, "")) },
			[]string{"user [1]: 27 ended cancelled", "user [2]: 24 cancelled"},
			`1>2 {"call":{"video":false,"result":"cancelled"}} 0 seen=false`},
		"declined": {func(x *exchange) { x.must(x.send(20, model.CmdCallReject, 1, "")) },
			[]string{"socket 10: 23 declined", "user [1] but 10: 27 ended declined", "user [2]: 27 ended declined"},
			`1>2 {"call":{"video":false,"result":"declined"}} 0 seen=true`},
		"busy on the device": {func(x *exchange) { x.must(x.send(20, model.CmdCallReject, 1, `{"reason":"busy"}`)) },
			[]string{"socket 10: 23 busy", "user [1] but 10: 27 ended busy", "user [2]: 27 ended busy"},
			`1>2 {"call":{"video":false,"result":"busy"}} 0 seen=false`},
		"caller gone": {func(x *exchange) { x.calls.Left(model.Sender{UserID: 1, Origin: 10}); time.Sleep(21 * time.Second) },
			[]string{"user [1]: 24 lost", "user [2]: 24 lost"},
			`1>2 {"call":{"video":false,"result":"cancelled"}} 0 seen=false`},
		"drained": {func(x *exchange) { x.calls.Close() },
			[]string{"socket 10: 24 cancelled", "user [1] but 10: 27 ended cancelled", "user [2]: 24 cancelled"},
			`1>2 {"call":{"video":false,"result":"cancelled"}} 0 seen=false`},
		"no connection": {func(x *exchange) {
			x.must(x.send(20, model.CmdCallAccept, 1, ""))
			x.take()
			time.Sleep(15 * time.Second)
			x.must(x.send(10, model.CmdCallEnd, 2, `{"reason":"failed"}`))
		},
			[]string{"user [1]: 27 ended failed", "socket 20: 24 failed", "user [2] but 20: 27 ended failed"},
			`1>2 {"call":{"video":false,"result":"failed"}} 0 seen=true`},
	} {
		t.Run(name, func(t *testing.T) {
			onExchange(t, func(x *exchange) {
				x.must(x.send(10, model.CmdCallInvite, 2, ""))
				x.take()
				c.act(x)
				synctest.Wait()
				x.hears(name, c.heard...)
				x.entry(c.entry)
			})
		})
	}
}

func TestCallRefused(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.refuse = model.Fail(model.CodeBlocked)
		if err := x.send(10, model.CmdCallInvite, 2, ""); model.CodeOf(err) != model.CodeBlocked {
			t.Errorf("a call to who blocked the caller: %v", err)
		}
		x.refuse = nil
		for ext, want := range map[string]model.Code{
			`[]`: model.CodeInvalid, `{"call":7}`: model.CodeInvalid, `{"device":"` + strings.Repeat("x", 65) + `"}`: model.CodeInvalid,
		} {
			if err := x.send(10, model.CmdCallInvite, 2, ext); model.CodeOf(err) != want {
				t.Errorf("ext %.20s: %v", ext, err)
			}
		}
		if err := x.send(10, model.CmdCallInvite, 0, ""); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("a call to nobody: %v", err)
		}
		x.hears("refused")
		x.must(x.send(10, model.CmdCallInvite, 2, ""))
		x.take()
		if err := x.send(10, model.CmdCallDescription, 2, ""); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("a description before the answer: %v", err)
		}
		if err := x.send(10, model.CmdCallAccept, 2, ""); model.CodeOf(err) != model.CodeForbidden {
			t.Errorf("a caller who accepts: %v", err)
		}
		if err := x.send(20, model.CmdCallAccept, 1, `{"call":"another"}`); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("another call accepted: %v", err)
		}
		x.refuse = model.Fail(model.CodeBlocked)
		if err := x.send(20, model.CmdCallAccept, 1, ""); model.CodeOf(err) != model.CodeBlocked {
			t.Errorf("accepted what is blocked by now: %v", err)
		}
		x.hears("refused again")
	})
}

func TestCallBusy(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.inCall()
		x.must(x.send(30, model.CmdCallInvite, 2, ""))
		x.hears("a third who calls", "socket 30: 23 busy")
		x.entry(`3>2 {"call":{"video":false,"result":"busy"}} 0 seen=false`)
		err := x.send(11, model.CmdCallInvite, 3, `{"device":"other"}`)
		if !errors.Is(err, &model.Error{Code: model.CodeConflict, Key: "in_call"}) {
			t.Errorf("calling twice at once: %v", err)
		}
		x.hears("in another call")
	})
}

func TestCrossedCalls(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.must(x.send(10, model.CmdCallInvite, 2, `{"device":"a"}`))
		x.take()
		x.must(x.send(20, model.CmdCallInvite, 1, `{"device":"b"}`))
		x.hears("both call", "socket 10: 22", "socket 20: 27 in_call", "user [2] but 20: 27 in_call", "user [1] but 10: 27 in_call")
		time.Sleep(3 * time.Second)
		x.must(x.send(10, model.CmdCallEnd, 2, ""))
		x.entry(`1>2 {"call":{"video":false,"result":"answered"}} 3 seen=true`)
	})
}

func TestCallSurvivesALostSocket(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.inCall()
		x.calls.Left(model.Sender{UserID: 2, Origin: 20})
		x.hears("lost", "socket 10: 27 away")
		time.Sleep(CallGrace - time.Second)
		x.must(x.send(22, model.CmdCallResume, 0, `{"device":"b"}`))
		x.hears("back", "socket 10: 27 back", "socket 22: 27 in_call")
		time.Sleep(time.Hour)
		x.must(x.send(10, model.CmdCallDescription, 2, ""))
		x.hears("to the new socket", "socket 22: 25")
		x.calls.Left(model.Sender{UserID: 2, Origin: 20}) // the old one's end, told late
		x.hears("nothing")
		x.calls.Left(model.Sender{UserID: 2, Origin: 22})
		time.Sleep(CallGrace + time.Second)
		synctest.Wait()
		x.hears("gone", "socket 10: 27 away", "socket 10: 24 lost", "user [1] but 10: 27 ended lost", "user [2]: 24 lost")
		x.must(x.send(23, model.CmdCallResume, 0, `{"device":"b"}`))
		x.hears("too late", "socket 23: 27 ended lost")
		x.entry(`1>2 {"call":{"video":true,"result":"answered"}} 3639 seen=true`)
	})
}

func TestADeviceThatArrivesRings(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.must(x.send(10, model.CmdCallInvite, 2, ""))
		x.take()
		time.Sleep(20 * time.Second)
		x.calls.Arrived(model.Sender{UserID: 2, Origin: 25})
		d := x.take()
		if len(d) != 1 || d[0].Only != 25 || d[0].Message.Cmd != model.CmdCallInvite || d[0].Message.Amount != 40 || d[0].Message.Content != "text" {
			t.Errorf("heard %+v", d)
		}
		x.calls.Arrived(model.Sender{UserID: 1, Origin: 11})
		x.hears("the caller's own device")
	})
}

// TestALostCallerMayCallAgain: a page that was reloaded does not know its call.
func TestALostCallerMayCallAgain(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.must(x.send(10, model.CmdCallInvite, 2, `{"device":"a"}`))
		x.calls.Left(model.Sender{UserID: 1, Origin: 10})
		x.take()
		x.must(x.send(12, model.CmdCallInvite, 2, `{"device":"z"}`))
		x.hears("again", "user [1]: 27 ended lost", "user [2]: 24 lost", "user [2]: 20", "user [1] but 12: 27 calling", "socket 12: 27 calling")
	})
}

// TestAnInviteSentAgain: the answer to the first was lost with its socket.
func TestAnInviteSentAgain(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.must(x.send(10, model.CmdCallInvite, 2, `{"device":"a"}`))
		x.calls.Left(model.Sender{UserID: 1, Origin: 10})
		x.take()
		x.must(x.send(12, model.CmdCallInvite, 2, `{"device":"a"}`))
		x.hears("again", "user [1] but 12: 27 calling", "socket 12: 27 calling")
		time.Sleep(CallGrace + time.Second)
		x.must(x.send(20, model.CmdCallAccept, 1, ""))
		x.hears("accept", "socket 12: 22", "socket 20: 27 in_call", "user [2] but 20: 27 in_call", "user [1] but 12: 27 in_call")
	})
}

func TestSignalsAreBounded(t *testing.T) {
	onExchange(t, func(x *exchange) {
		x.inCall()
		refused := 0
		for range 2 * signalsBurst {
			if err := x.send(10, model.CmdCallCandidate, 2, ""); model.CodeOf(err) == model.CodeRateLimited {
				refused++
			}
		}
		if refused < signalsBurst/2 {
			t.Errorf("%d of %d refused", refused, 2*signalsBurst)
		}
		x.take()
	})
}

// TestOneDeviceWins: 50 devices accept at the same time.
func TestOneDeviceWins(t *testing.T) {
	x := newExchange(t)
	defer x.calls.Close()
	x.must(x.send(10, model.CmdCallInvite, 2, `{"device":"a"}`))
	x.take()
	var all sync.WaitGroup
	won := make(chan uint64, 50)
	start := make(chan struct{})
	for i := range uint64(50) {
		all.Go(func() {
			<-start
			from := model.Sender{UserID: 2, Origin: 100 + i}
			m := model.Message{Cmd: model.CmdCallAccept, Ext: fmt.Appendf(nil, `{"device":"d%d"}`, i)}
			if err := x.calls.Handle(t.Context(), from, m, nil); err == nil {
				won <- from.Origin
			} else if !errors.Is(err, &model.Error{Code: model.CodeConflict, Key: "answered"}) {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d devices have the call", len(won))
	}
	x.take()
	x.must(x.send(10, model.CmdCallDescription, 2, ""))
	x.hears("the winner", fmt.Sprintf("socket %d: 25", <-won))
}
