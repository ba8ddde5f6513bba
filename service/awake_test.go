package service_test

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// receiver stands for push services and channels: it notes what arrives, and
// answers, or lets wait, as it is told.
type receiver struct {
	mu      sync.Mutex
	arrived []string
	fail    map[string]error
	hold    map[string]chan struct{}
	news    chan string
}

func newReceiver() *receiver {
	return &receiver{fail: map[string]error{}, hold: map[string]chan struct{}{}, news: make(chan string, 1000)}
}

func (r *receiver) take(ctx context.Context, where string, n *model.Notice) error {
	r.mu.Lock()
	hold, err := r.hold[where], r.fail[where]
	r.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	line := fmt.Sprintf("%s %s|%s|%d/%d", where, n.Title, n.Text, n.Count, n.Total)
	r.mu.Lock()
	r.arrived = append(r.arrived, line)
	r.mu.Unlock()
	r.news <- line
	return err
}

func (r *receiver) set(where string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail[where] = err
}

func (r *receiver) Push(ctx context.Context, s *model.PushSubscription, n *model.Notice, _ string) error {
	return r.take(ctx, s.Endpoint, n)
}

func (r *receiver) Check(*model.PushSubscription) error { return nil }

// hook is the receiver as a kind of channel.
type hook struct{ *receiver }

func (h hook) Check(address, _ string) error {
	if address == "bad" {
		return model.Invalid("address")
	}
	return nil
}

func (h hook) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	return h.take(ctx, c.Address, n)
}

// away is the chat of the tests with everybody's devices and channels.
type away struct {
	*chat
	receiver *receiver
	awake    *service.AwakeService
	push     *service.PushService
	notify   *service.NotifyService
	looking  *service.Looking
	sessions *service.SessionService
}

// quick is a pace for tests.
func quick() service.Pace {
	return service.Pace{
		Delay: 60 * time.Millisecond, Again: 100 * time.Millisecond, Push: time.Millisecond, Channel: 300 * time.Millisecond,
		Tick: 5 * time.Millisecond, Backoff: []time.Duration{5 * time.Millisecond, 10 * time.Millisecond},
	}
}

func whileAway(t *testing.T, pace service.Pace, fn func(a *away)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := &chat{T: t, db: d, out: &recorder{}, time: time.UnixMilli(1_800_000_000_000)}
		a := &away{chat: c, receiver: newReceiver()}
		log := slog.New(slog.DiscardHandler)
		words := func(_, key string, values map[string]any) string {
			if count, ok := values["Count"]; ok {
				return fmt.Sprint(key, " ", count)
			}
			return key
		}
		kinds := map[string]service.Notifier{model.ChannelWebhook: hook{a.receiver}, model.ChannelMail: hook{a.receiver}}
		a.looking = service.NewLooking(c.now)
		a.awake = service.NewAwakeService(d, a.receiver, kinds, a.looking, c.now, words, pace, log)
		a.push = service.NewPushService(d, a.awake, a.receiver, service.NewPushKeys(d), c.now)
		a.notify = service.NewNotifyService(d, a.awake, kinds, c.now)
		a.sessions = service.NewSessionService(d, c.out, c.now, 20)
		c.committer = service.NewCommitter(d, a.awake.Watch(c.out), c.now, metrics.New(), log)
		t.Cleanup(c.committer.Close)
		messages, err := service.NewMessageService(t.Context(), d, c.committer, c.out, c.now, 2*time.Minute, func() {})
		if err != nil {
			t.Fatal(err)
		}
		c.messages = messages
		c.list = service.NewConversationService(d, c.committer, c.out)
		c.seed()
		ctx, stop := context.WithCancel(context.Background())
		var tasks sync.WaitGroup
		tasks.Go(func() { a.awake.Run(ctx) })
		t.Cleanup(func() { stop(); tasks.Wait() })
		fn(a)
	})
}

// device signs a user in on a device that takes pushes at endpoint.
func (a *away) device(userID int64, endpoint string, content bool) *model.Session {
	a.Helper()
	token, err := a.sessions.Open(a.Context(), userID, service.Device{})
	if err != nil {
		a.Fatal(err)
	}
	session, err := a.sessions.Authenticate(a.Context(), token)
	if err != nil {
		a.Fatal(err)
	}
	if err := a.push.Subscribe(a.Context(), session, subscription(endpoint, content)); err != nil {
		a.Fatal(err)
	}
	return session
}

func subscription(endpoint string, content bool) model.PushSubscription {
	key, _ := ecdh.P256().GenerateKey(rand.Reader)
	return model.PushSubscription{
		Endpoint: endpoint, P256dh: base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), Auth: "AAAAAAAAAAAAAAAAAAAAAA",
		Content: content, Lang: "en", Origin: "https://chat.example",
	}
}

func (a *away) channel(userID int64, address string, content bool) *model.NotifyChannel {
	a.Helper()
	c, _, err := a.notify.Set(a.Context(), userID, service.ChannelChange{Kind: model.ChannelWebhook, Address: &address, Content: &content})
	if err != nil {
		a.Fatal(err)
	}
	return c
}

func (a *away) say(from int64, m model.Message) {
	a.Helper()
	m.Media, m.CID = model.MediaText, rand.Text()
	if m.Cmd == 0 {
		m.Cmd, m.DstID = model.CmdRoom, group
	}
	if _, err := a.send(from, m); err != nil {
		a.Fatal(err)
	}
}

// hears waits for what arrives next.
func (a *away) hears(want ...string) {
	a.Helper()
	var got []string
	for range want {
		select {
		case line := <-a.receiver.news:
			got = append(got, line)
		case <-time.After(10 * time.Second):
			a.Fatalf("arrived %q, then nothing; want %q", got, want)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		a.Errorf("arrived %q, want %q", got, want)
	}
}

// silence is that nothing arrives for longer than it would take.
func (a *away) silence() {
	a.Helper()
	a.silent(quick().Delay)
}

// silent is silence where a message is looked at after a delay.
func (a *away) silent(delay time.Duration) {
	a.Helper()
	select {
	case line := <-a.receiver.news:
		a.Errorf("%q arrived", line)
	case <-time.After(delay + 200*time.Millisecond):
	}
}

func (a *away) rows(table, where string, args ...any) (n int64) {
	a.Helper()
	a.exec(func(s *xorm.Session) (err error) {
		n, err = s.Table(table).Where(where, args...).Count()
		return err
	})
	return n
}

func TestThoseAwayAreTold(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		a.device(alice, "alice", false)
		a.device(bob, "bob", false)
		a.device(bob, "bob's other", true)
		a.channel(bob, "bob's hook", true)
		a.device(carol, "carol", true)
		a.say(alice, model.Message{Content: "晚上\n七点见"})
		a.hears("bob push.title|push.count 1|1/1", "bob's other 开发群|Alice: 晚上 七点见|1/1", "bob's hook 开发群|Alice: 晚上 七点见|1/1")
		a.say(alice, model.Message{Cmd: model.CmdSingle, DstID: bob, Content: "在吗"})
		a.hears("bob push.title|push.count 1|1/2", "bob's other Alice|在吗|1/2", "bob's hook Alice|在吗|1/2")
		a.say(bob, model.Message{Cmd: model.CmdSingle, DstID: alice, Content: "在"})
		a.hears("alice push.title|push.count 1|1/1")
		a.silence()
	})
}

func TestManyMessagesAreOneNotice(t *testing.T) {
	pace := quick()
	pace.Delay = 400 * time.Millisecond
	whileAway(t, pace, func(a *away) {
		a.channel(bob, "hook", false)
		for range 3 {
			a.say(alice, model.Message{Content: "x"})
		}
		a.hears("hook push.title|push.count 3|3/3")
		// Within the pace of a channel: told once more, when that is over.
		start := time.Now()
		a.say(alice, model.Message{Content: "y"})
		a.say(alice, model.Message{Content: "z"})
		a.hears("hook push.title|push.count 5|5/5")
		if time.Since(start) < pace.Channel {
			t.Errorf("told after %s", time.Since(start))
		}
		a.silence()
	})
}

// TestWhoHasReadItGetsNone: the delay is long, so that a slow machine has read it
// before it is over.
func TestWhoHasReadItGetsNone(t *testing.T) {
	pace := quick()
	pace.Delay = 2 * time.Second
	whileAway(t, pace, func(a *away) {
		a.device(bob, "bob", false)
		a.say(alice, model.Message{Content: "x"})
		if _, err := a.send(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindRoom, DstID: group, Seq: 1}); err != nil {
			t.Fatal(err)
		}
		a.silent(pace.Delay)
	})
}

func TestWhoNeedsNoNoticeGetsNone(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		session := a.device(bob, "bob", false)
		say := func(ext string) {
			a.say(alice, model.Message{Content: "x", Ext: []byte(ext)})
		}
		mute := func(muted bool) {
			if _, err := a.list.Set(a.Context(), model.Sender{UserID: bob}, model.KindRoom, group, service.Settings{Muted: &muted}); err != nil {
				a.Fatal(err)
			}
		}
		mute(true)
		say(`{}`)
		a.silence()
		say(fmt.Sprintf(`{"mentions":[%d]}`, bob))
		a.hears("bob push.title|push.count 2|2/0")
		mute(false)

		// Muted for a while.
		a.exec(func(s *xorm.Session) error {
			_, err := s.Exec("UPDATE member SET silenttill = ? WHERE userid = ?", a.now().Add(time.Hour).UnixMilli(), bob)
			return err
		})
		say(`{}`)
		a.silence()
		a.wait(2 * time.Hour)

		a.looking.Note(bob, session.ID, true)
		say(`{}`)
		a.silence()
		a.looking.Note(bob, session.ID, false)
		a.hears("bob push.title|push.count 4|4/4") // still unread
		a.looking.Note(bob, session.ID, true)
		a.wait(2 * time.Minute) // a device that says nothing more is not looked at
		say(`{}`)
		a.hears("bob push.title|push.count 5|5/5")

		// Signed out.
		if err := a.sessions.End(a.Context(), bob, session.ID); err != nil {
			a.Fatal(err)
		}
		say(`{}`)
		a.silence()
		if n := a.rows("push_subscription", "1 = 1"); n != 0 {
			a.Errorf("%d subscriptions left", n)
		}
	})
}

func TestQuietHours(t *testing.T) {
	whileAway(t, quick(), func(a *away) { // it is 2027-01-15 08:00 UTC
		for name, hours := range map[string][2]int{"morning": {7 * 60, 9 * 60}, "night": {22 * 60, 8*60 + 1}, "noon": {12 * 60, 13 * 60}, "ends now": {22 * 60, 8 * 60}} {
			zone := "UTC"
			if name == "noon" {
				zone = "Asia/Shanghai" // where it is 16:00
			}
			if _, _, err := a.notify.Set(t.Context(), bob, service.ChannelChange{
				Kind: model.ChannelWebhook, Address: &name, QuietFrom: &hours[0], QuietTo: &hours[1], Zone: &zone}); err != nil {
				t.Fatal(err)
			}
		}
		a.say(alice, model.Message{Content: "x"})
		a.hears("noon push.title|push.count 1|1/1", "ends now push.title|push.count 1|1/1")
		a.silence()
	})
}

func TestGoneDevicesAreForgottenAndFailingChannelsSwitchedOff(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		a.device(bob, "gone", false)
		channel := a.channel(bob, "hook", false)
		a.receiver.set("gone", &model.NotifyError{Reason: "status: 410", Final: true, Gone: true})
		a.receiver.set("hook", &model.NotifyError{Reason: "status: 500"})
		a.say(alice, model.Message{Content: "x"})
		const tried = "hook push.title|push.count 1|1/1"
		a.hears("gone push.title|push.count 1|1/1", tried, tried, tried)
		a.until("the ledger", func() bool {
			return a.rows("push_subscription", "1 = 1") == 0 && a.rows("notify_channel", "failures = 1 AND lasterror = 'status: 500' AND enabled") == 1
		})
		a.receiver.set("hook", &model.NotifyError{Reason: "status: 403", Final: true})
		for n := 2; n <= 10; n++ {
			err := a.notify.Test(t.Context(), bob, channel.ID)
			if err == nil || err.Error() != "status: 403" {
				t.Fatal(err)
			}
			a.hears("hook push.title|push.test|0/0")
		}
		list, err := a.notify.List(t.Context(), bob)
		if err != nil || len(list) != 1 || list[0].Enabled || list[0].Failures != 10 || list[0].LastError != "status: 403" {
			t.Fatalf("%+v, %v", list, err)
		}
		on := true
		if _, _, err := a.notify.Set(t.Context(), bob, service.ChannelChange{ID: channel.ID, Enabled: &on}); err != nil {
			t.Fatal(err)
		}
		if n := a.rows("notify_channel", "failures = 0 AND lasterror = '' AND enabled"); n != 1 {
			t.Error("switching it on again does not start anew")
		}
	})
}

func TestASlowReceiverHoldsNobodyElseUp(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		hold := make(chan struct{})
		a.receiver.hold["slow"] = hold
		a.channel(bob, "slow", false)
		a.device(bob, "bob", false)
		for i := range 3 {
			start := time.Now()
			a.say(alice, model.Message{Content: "x"})
			if took := time.Since(start); took > time.Second {
				t.Errorf("sending took %s", took)
			}
			a.hears(fmt.Sprintf("bob push.title|push.count %d|%d/%d", i+1, i+1, i+1))
		}
		close(hold)
		a.hears("slow push.title|push.count 1|1/1", "slow push.title|push.count 3|3/3")
	})
}

// What was read while a receiver was away is not told when it is back.
func TestARetryIsOfUseOnlyForWhatIsUnread(t *testing.T) {
	pace := quick()
	pace.Backoff = []time.Duration{500 * time.Millisecond}
	whileAway(t, pace, func(a *away) {
		a.device(bob, "bob", false)
		a.receiver.set("bob", &model.NotifyError{Reason: "status: 503"})
		a.say(alice, model.Message{Content: "x"})
		a.hears("bob push.title|push.count 1|1/1")
		if _, err := a.send(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindRoom, DstID: group, Seq: 1}); err != nil {
			t.Fatal(err)
		}
		select {
		case line := <-a.receiver.news:
			t.Errorf("%q arrived", line)
		case <-time.After(700 * time.Millisecond):
		}
	})
}

// A notice that waits for its next attempt goes neither to a device that has
// signed out by then nor to a channel that its user has taken back.
func TestWhoHasLeftIsToldNothingMore(t *testing.T) {
	pace := quick()
	pace.Backoff = []time.Duration{500 * time.Millisecond}
	whileAway(t, pace, func(a *away) {
		session := a.device(bob, "lost phone", true)
		channel := a.channel(bob, "old hook", true)
		a.receiver.set("lost phone", &model.NotifyError{Reason: "status: 503"})
		a.receiver.set("old hook", &model.NotifyError{Reason: "status: 503"})
		a.say(alice, model.Message{Cmd: model.CmdSingle, DstID: bob, Content: "secret"})
		a.hears("lost phone Alice|secret|1/1", "old hook Alice|secret|1/1")
		if err := a.sessions.End(t.Context(), bob, session.ID); err != nil {
			t.Fatal(err)
		}
		if err := a.notify.Delete(t.Context(), bob, channel.ID); err != nil {
			t.Fatal(err)
		}
		select {
		case line := <-a.receiver.news:
			t.Errorf("%q arrived", line)
		case <-time.After(700 * time.Millisecond):
		}
	})
}

func (a *away) until(what string, is func() bool) {
	a.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			a.Fatalf("waited for %s", what)
		}
	}
}

func TestRecalledWordsAreNotShown(t *testing.T) {
	pace := quick()
	pace.Delay = 300 * time.Millisecond
	whileAway(t, pace, func(a *away) {
		a.device(bob, "bob", true)
		a.say(alice, model.Message{Content: "oops"})
		if _, err := a.send(alice, model.Message{Cmd: model.CmdRecall, Kind: model.KindRoom, DstID: group, Ref: 1}); err != nil {
			t.Fatal(err)
		}
		a.hears("bob push.title|push.count 1|1/1")
	})
}
