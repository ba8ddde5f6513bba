package service

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/util/password"
)

// Whoever tries many accounts from one address is stopped by the address, and
// nobody else is.
func TestAddressesAreBoundedToo(t *testing.T) {
	now := time.UnixMilli(0)
	g := newLoginGuard(func() time.Time { return now })
	try := func(address string, i int) error {
		_, err := g.begin(Credentials{Mobile: fmt.Sprint(13900000000 + i), Address: address}, nil)
		return err
	}
	refused := 0
	for i := range addressTries + 10 {
		if err := try("192.0.2.1", i); errors.Is(err, model.Fail(model.CodeRateLimited)) {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d refused, want 10", refused)
	}
	if err := try("192.0.2.2", 1); err != nil {
		t.Errorf("another address: %v", err)
	}
	now = now.Add(addressEvery)
	if err := try("192.0.2.1", 1000); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

func TestAttemptsFadeAndCountFailuresAlone(t *testing.T) {
	now := time.UnixMilli(0)
	a := newAttempts(func() time.Time { return now }, 3, time.Minute)
	for range 10 {
		if err := a.begin("owner"); err != nil {
			t.Fatal(err)
		}
		a.giveBack("owner")
	}
	for range 3 {
		if err := a.begin("owner"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		after, retry time.Duration
	}{{0, time.Minute}, {15 * time.Second, 45 * time.Second}, {44 * time.Second, time.Second}, {time.Second, 0}} {
		now = now.Add(tt.after)
		err := a.begin("owner")
		e, refused := errors.AsType[*model.Error](err)
		if refused != (tt.retry > 0) || refused && (e.RetryAfter-tt.retry).Abs() > time.Millisecond {
			t.Errorf("after %v: %v, want a retry after %v", tt.after, err, tt.retry)
		}
	}
}

// An attempt that was never judged, as the line was too long or the caller
// left it, is none: a storm of logins locks nobody out.
func TestUnjudgedAttemptsAreGivenBack(t *testing.T) {
	now := func() time.Time { return time.UnixMilli(0) }
	u := &UserService{hasher: password.New(1), guard: newLoginGuard(now)}
	owner := &model.User{ID: 7, Passwd: "a hash that cannot be read"} // which fails like a full line
	for _, in := range []Credentials{
		{Mobile: "13800000001", Address: "192.0.2.1"},
		{Session: &model.Session{UserID: owner.ID}},
	} {
		for range 2 * addressTries {
			if _, err := u.verify(t.Context(), in, owner, owner.Passwd, "right horse"); err == nil || model.CodeOf(err) == model.CodeRateLimited {
				t.Fatalf("%+v: %v", in, err)
			}
		}
		for range accountTries {
			if _, err := u.guard.begin(in, owner); err != nil {
				t.Fatalf("%+v: %v", in, err)
			}
		}
	}
}

func FuzzProof(f *testing.F) {
	user := &model.User{ID: 7, Passwd: "$argon2id$"}
	f.Add(proofOf(user)[1:])
	f.Add("a.b")
	f.Fuzz(func(t *testing.T, proof string) {
		if validProof(proof, user) {
			t.Errorf("%q passes", proof)
		}
	})
}
