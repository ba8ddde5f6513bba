package service_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
)

func (w *town) register(mobile string) *service.Login {
	w.Helper()
	login, err := w.users.Register(w.Context(), service.Registration{Mobile: mobile, Passwd: "correct horse"})
	w.ok(err)
	return login
}

func TestRegisterOnce(t *testing.T) {
	inTown(t, func(w *town) {
		won, failed := storm(50, func() error {
			_, err := w.users.Register(w.Context(), service.Registration{Mobile: "13800000001", Passwd: "correct horse"})
			return err
		})
		if won != 1 || failed[model.CodeMobileTaken] != 49 || w.count(new(model.User)) != 1 || w.count(new(model.Session)) != 1 {
			t.Errorf("%d won, %v", won, failed)
		}
	})
}

// Every column that a user may change is stored with its empty value too.
func TestUpdateStoresEveryValue(t *testing.T) {
	inTown(t, func(w *town) {
		id := w.register("13800000001").User.ID
		for _, tt := range []struct {
			name   string
			set    func(*service.Profile, *string)
			get    func(*model.User) string
			values [][2]string // given, stored
		}{
			{"nickname", func(p *service.Profile, v *string) { p.Nickname = v }, func(u *model.User) string { return u.Nickname },
				[][2]string{{" 鸿 雁 ", "鸿 雁"}, {"'; DROP TABLE user; --", "'; DROP TABLE user; --"}, {"100%_🦢", "100%_🦢"}}},
			{"avatar", func(p *service.Profile, v *string) { p.Avatar = v }, func(u *model.User) string { return u.Avatar },
				[][2]string{{"/mnt/a.png", "/mnt/a.png"}, {"", ""}}},
			{"sex", func(p *service.Profile, v *string) { p.Sex = v }, func(u *model.User) string { return u.Sex },
				[][2]string{{"W", "W"}, {"M", "M"}, {"", "U"}}},
			{"memo", func(p *service.Profile, v *string) { p.Memo = v }, func(u *model.User) string { return u.Memo },
				[][2]string{{"两行\n文字", "两行\n文字"}, {"", ""}}},
			{"addable", func(p *service.Profile, v *string) { p.Addable = v }, func(u *model.User) string { return u.Addable },
				[][2]string{{"open", "open"}, {"closed", "closed"}, {"", "approval"}}},
		} {
			for _, value := range tt.values {
				before, err := w.users.ByID(w.Context(), id)
				w.ok(err)
				var p service.Profile
				tt.set(&p, &value[0])
				changed, err := w.users.Update(w.Context(), id, p)
				w.ok(err)
				stored, err := w.users.ByID(w.Context(), id)
				w.ok(err)
				if tt.get(stored) != value[1] || tt.get(changed) != value[1] {
					t.Errorf("%s %q: stored %q, answered %q", tt.name, value[0], tt.get(stored), tt.get(changed))
				}
				// Nothing else may have changed: with the field put back, the two are equal.
				old := tt.get(before)
				tt.set(&p, &old)
				_, err = w.users.Update(w.Context(), id, p)
				w.ok(err)
				if back, _ := w.users.ByID(w.Context(), id); *back != *before {
					t.Errorf("%s: %+v became %+v", tt.name, before, back)
				}
				tt.set(&p, &value[0])
				_, err = w.users.Update(w.Context(), id, p)
				w.ok(err)
			}
		}
		empty := " "
		u, err := w.users.Update(w.Context(), id, service.Profile{Nickname: &empty})
		w.ok(err)
		if u.Nickname != fmt.Sprintf("user%06d", id) {
			t.Errorf("a cleared nickname is %q", u.Nickname)
		}
		w.wire.take()
		_, err = w.users.Update(w.Context(), id, service.Profile{})
		w.ok(err)
	})
}

func TestUpdateTellsFriends(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		w.befriend(1, 2)
		w.wire.take()
		name := "雁"
		_, err := w.users.Update(w.Context(), 1, service.Profile{Nickname: &name})
		w.ok(err)
		if got := w.wire.take(); !slices.Equal(got, []string{"profile_changed 1>2", "profile_changed 1>1"}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestChangePasswordEndsOtherSessions(t *testing.T) {
	inTown(t, func(w *town) {
		login := w.register("13800000001")
		own, err := w.sessions.Authenticate(w.Context(), login.Token)
		w.ok(err)
		otherToken, other := w.signIn(login.User.ID)

		w.fails(w.users.ChangePassword(w.Context(), own, "wrong horse", "battery staple"), model.CodeBadCredentials, "old")
		w.fails(w.users.ChangePassword(w.Context(), own, "correct horse", "short"), model.CodeInvalid, "passwd")
		w.ok(w.users.ChangePassword(w.Context(), own, "correct horse", "battery staple"))

		_, err = w.sessions.Authenticate(w.Context(), login.Token)
		w.ok(err)
		_, err = w.sessions.Authenticate(w.Context(), otherToken)
		w.fails(err, model.CodeUnauthenticated, "")
		if want := []string{fmt.Sprintf("4001 [%d]", other.ID)}; !slices.Equal(w.wire.ended, want) {
			t.Errorf("ended %v, want %v", w.wire.ended, want)
		}
		try := service.Credentials{Mobile: "13800000001", Passwd: "correct horse"}
		_, err = w.users.Login(w.Context(), try)
		w.fails(err, model.CodeBadCredentials, "")
		try.Passwd = "battery staple"
		_, err = w.users.Login(w.Context(), try)
		w.ok(err)
	})
}

func TestWrongPasswordsFade(t *testing.T) {
	inTown(t, func(w *town) {
		login := w.register("13800000001")
		try := func(address, proof, passwd string) error {
			_, err := w.users.Login(w.Context(), service.Credentials{
				Mobile: "13800000001", Passwd: passwd, Address: address, Proof: proof,
			})
			return err
		}
		won, failed := storm(30, func() error { return try("192.0.2.1", "", "wrong horse") })
		if won != 0 || failed[model.CodeBadCredentials] != 10 || failed[model.CodeRateLimited] != 20 {
			t.Errorf("at once: %d, %v", won, failed)
		}
		w.fails(try("192.0.2.2", "", "correct horse"), model.CodeRateLimited, "passwd")
		w.fails(try("192.0.2.2", login.Proof+"x", "correct horse"), model.CodeRateLimited, "passwd")
		w.ok(try("192.0.2.2", login.Proof, "correct horse"))
		for range 10 {
			w.fails(try("192.0.2.2", login.Proof, "wrong horse"), model.CodeBadCredentials, "")
		}
		w.fails(try("192.0.2.2", login.Proof, "correct horse"), model.CodeRateLimited, "passwd")
		w.wait(time.Minute)
		w.ok(try("192.0.2.2", "", "correct horse"))
		w.ok(try("192.0.2.2", login.Proof, "correct horse"))
	})
}

func TestFind(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		for _, tt := range []struct {
			id     int64
			mobile string
			want   int64
			code   model.Code
			key    string
		}{
			{2, "", 2, "", ""},
			{0, "100003", 3, "", ""},
			{0, "10000", 0, model.CodeInvalid, "mobile"},
			{0, "1000%", 0, model.CodeInvalid, "mobile"},
			{0, "999999", 0, model.CodeNotFound, ""},
			{99, "", 0, model.CodeNotFound, ""},
			{-1, "", 0, model.CodeInvalid, "id"},
			{0, "", 0, model.CodeInvalid, "mobile"},
		} {
			got, err := w.users.Find(w.Context(), 1, tt.id, tt.mobile)
			if tt.code != "" {
				w.fails(err, tt.code, tt.key)
			} else if err != nil || got.ID != tt.want {
				t.Errorf("%d %q: %+v, %v", tt.id, tt.mobile, got, err)
			}
		}
		if got, _ := w.users.Find(w.Context(), 2, 1, ""); got.Online {
			t.Error("a stranger sees who is online")
		}
		w.befriend(1, 2)
		if got, _ := w.users.Find(w.Context(), 2, 1, ""); !got.Online {
			t.Error("a friend does not see who is online")
		}
		users, err := w.users.ByIDs(w.Context(), []int64{1, 3, 99})
		if err != nil || len(users) != 2 || users[3].Passwd != "" || users[1].Online {
			t.Errorf("%+v, %v", users, err)
		}
	})
}
