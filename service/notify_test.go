package service_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

func textOf(s string) *string { return &s }

func TestKeysAreTheSameOnEveryNode(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		var mu sync.Mutex
		var tasks sync.WaitGroup
		pairs := map[string]bool{}
		for range 4 {
			tasks.Go(func() {
				public, private, err := service.NewPushKeys(a.db).Pair(t.Context())
				if err != nil || len(public) != 87 || len(private) != 43 {
					t.Errorf("%q, %v", public, err)
				}
				mu.Lock()
				defer mu.Unlock()
				pairs[public+private] = true
			})
		}
		tasks.Wait()
		if len(pairs) != 1 {
			t.Errorf("%d pairs", len(pairs))
		}
	})
}

func TestSubscriptions(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		mine := a.device(bob, "first", false)
		for field, change := range map[string]func(s *model.PushSubscription){
			"p256dh": func(s *model.PushSubscription) { s.P256dh = "AAAA" },
			"auth":   func(s *model.PushSubscription) { s.Auth = "AAAA" },
		} {
			s := subscription("x", false)
			change(&s)
			if err := a.push.Subscribe(t.Context(), mine, s); !errors.Is(err, model.Invalid(field)) {
				t.Errorf("%s: %v", field, err)
			}
		}
		if err := a.push.Subscribe(t.Context(), mine, subscription("second", true)); err != nil {
			t.Fatal(err)
		}
		if a.rows("push_subscription", "1 = 1") != 1 || a.rows("push_subscription", "endpoint = 'second' AND content") != 1 {
			t.Error("a session has more than one subscription")
		}
		a.device(alice, "second", false) // somebody else signed in on that browser
		if a.rows("push_subscription", "userid = ?", bob) != 0 {
			t.Error("the former user of a browser is still told there")
		}
		if err := a.push.Test(t.Context(), mine); !errors.Is(err, model.Fail(model.CodeNotFound)) {
			t.Error(err)
		}
		if err := a.push.Subscribe(t.Context(), &model.Session{ID: 999, UserID: bob}, subscription("y", false)); !errors.Is(err, model.Fail(model.CodeUnauthenticated)) {
			t.Error(err)
		}
	})
}

func TestChannelsAreTheirUsersOwn(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		c, made, err := a.notify.Set(t.Context(), bob, service.ChannelChange{Kind: model.ChannelWebhook, Address: textOf("https://example.com/hook?token=verysecret1234"), Name: textOf(" Mine ")})
		if err != nil || len(made) < 40 {
			t.Fatal(c, made, err)
		}
		list, err := a.notify.List(t.Context(), bob)
		if err != nil || len(list) != 1 || list[0].Shown != "https://example.com/…1234" || !list[0].HasSecret || list[0].Name != "Mine" {
			t.Errorf("%+v, %v", list, err)
		}
		if err := a.notify.Delete(t.Context(), alice, c.ID); !errors.Is(err, model.Fail(model.CodeNotFound)) {
			t.Error(err)
		}
		if err := a.notify.Test(t.Context(), alice, c.ID); !errors.Is(err, model.Fail(model.CodeNotFound)) {
			t.Error(err)
		}
		if _, _, err := a.notify.Set(t.Context(), alice, service.ChannelChange{ID: c.ID, Name: textOf("x")}); !errors.Is(err, model.Fail(model.CodeNotFound)) {
			t.Error(err)
		}
		minute := 1440
		for field, change := range map[string]service.ChannelChange{
			"kind":      {Kind: "pigeon", Address: textOf("x")},
			"address":   {Kind: model.ChannelWebhook, Address: textOf("bad")},
			"zone":      {ID: c.ID, Zone: textOf("Moon/Base")},
			"name":      {ID: c.ID, Name: textOf(strings.Repeat("x", 33))},
			"secret":    {ID: c.ID, Secret: textOf("a\nb")},
			"quietfrom": {ID: c.ID, QuietFrom: &minute},
			"quietto":   {ID: c.ID, QuietTo: &minute},
		} {
			if _, _, err := a.notify.Set(t.Context(), bob, change); !errors.Is(err, model.Invalid(field)) {
				t.Errorf("%s: %v", field, err)
			}
		}
		for range 9 {
			a.channel(bob, "x", false)
		}
		if _, _, err := a.notify.Set(t.Context(), bob, service.ChannelChange{Kind: model.ChannelWebhook, Address: textOf("x")}); !errors.Is(err, model.TooLarge("channels")) {
			t.Error(err)
		}
		if err := a.notify.Delete(t.Context(), bob, c.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestAMailAddressIsConfirmed(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		c, _, err := a.notify.Set(t.Context(), bob, service.ChannelChange{Kind: model.ChannelMail, Address: textOf("bo@example.com")})
		if err != nil || c.Confirmed {
			t.Fatal(c, err)
		}
		a.hears("bo@example.com notify.code.title|notify.code.text|0/0")
		a.say(alice, model.Message{Content: "x"})
		a.silence()
		if err := a.notify.Test(t.Context(), bob, c.ID); !errors.Is(err, &model.Error{Code: model.CodeConflict, Key: "unconfirmed"}) {
			t.Error(err)
		}
		// The code itself is not stored: this test puts one there.
		code := func(until time.Duration) {
			a.exec(func(s *xorm.Session) error {
				_, err := s.Exec("UPDATE notify_channel SET code = ?, codetries = 0, codeuntil = ? WHERE id = ?",
					"8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92", a.now().Add(until).UnixMilli(), c.ID) // 123456
				return err
			})
		}
		wrong := func(id int64, code string) {
			t.Helper()
			if err := a.notify.Confirm(t.Context(), bob, id, code); !errors.Is(err, model.Invalid("code")) {
				t.Errorf("%q: %v", code, err)
			}
		}
		code(-time.Second)
		wrong(c.ID, "123456")
		code(time.Minute)
		for range 5 {
			wrong(c.ID, "000000")
		}
		wrong(c.ID, "123456") // too many tries
		code(time.Minute)
		if err := a.notify.Confirm(t.Context(), alice, c.ID, "123456"); !errors.Is(err, model.Fail(model.CodeNotFound)) {
			t.Error(err)
		}
		if err := a.notify.Confirm(t.Context(), bob, c.ID, "123456"); err != nil {
			t.Fatal(err)
		}
		a.say(alice, model.Message{Content: "y"})
		a.hears("bo@example.com push.title|push.count 2|2/2")
		if _, _, err := a.notify.Set(t.Context(), bob, service.ChannelChange{ID: c.ID, Address: textOf("other@example.com")}); err != nil {
			t.Fatal(err)
		}
		a.hears("other@example.com notify.code.title|notify.code.text|0/0")
		a.say(alice, model.Message{Content: "z"})
		a.silence()
		for range 2 {
			if err := a.notify.Confirm(t.Context(), bob, c.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.notify.Confirm(t.Context(), bob, c.ID, ""); !errors.Is(err, model.Fail(model.CodeRateLimited)) {
			t.Error(err)
		}
	})
}

// TestKeysOfASubscriptionHaveOneForm: base64 may be padded without end, and one
// database would keep what the other has no room for.
func TestKeysOfASubscriptionHaveOneForm(t *testing.T) {
	whileAway(t, quick(), func(a *away) {
		session := a.device(bob, "first", false)
		s := subscription("second", false)
		want := s.P256dh
		s.P256dh, s.Auth = strings.Repeat("\n", 200)+s.P256dh+strings.Repeat("=", 200), s.Auth+strings.Repeat("\r\n", 100)
		if err := a.push.Subscribe(t.Context(), session, s); err != nil {
			t.Fatal(err)
		}
		if n := a.rows("push_subscription", "p256dh = ? AND auth = ?", want, "AAAAAAAAAAAAAAAAAAAAAA"); n != 1 {
			t.Error("kept in another form")
		}
	})
}
