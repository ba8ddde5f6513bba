package password

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHashAndVerify(t *testing.T) {
	h, ctx := New(2), context.Background()
	long := strings.Repeat("鸿", 24) // 72 bytes, where bcrypt would stop reading
	for _, tt := range []struct {
		password, other string
	}{
		{"correct horse", "correct horsf"},
		{long + "a", long + "b"},
		{"nul\x00in the middle", "nul"},
		{"🦢🦢🦢🦢🦢🦢🦢🦢", "🦢🦢🦢🦢🦢🦢🦢🦆"},
		{strings.Repeat("x", 128), strings.Repeat("x", 127)},
	} {
		phc, err := h.Hash(ctx, tt.password)
		if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Fatalf("%q: %q, %v", tt.password, phc, err)
		}
		if again, _ := h.Hash(ctx, tt.password); again == phc {
			t.Errorf("%q: the same salt twice", tt.password)
		}
		if ok, err := h.Verify(ctx, phc, tt.password); !ok || err != nil {
			t.Errorf("%q does not fit its own hash: %v", tt.password, err)
		}
		if ok, err := h.Verify(ctx, phc, tt.other); ok || err != nil {
			t.Errorf("%q fits the hash of %q: %v", tt.other, tt.password, err)
		}
	}
	if ok, err := h.Verify(ctx, "", "anything"); ok || err != nil {
		t.Errorf("nobody's password: %v, %v", ok, err)
	}
}

func TestVerifyRefusesWhatIsNoHash(t *testing.T) {
	h := New(1)
	good := h.nobody
	for _, phc := range []string{
		"x", "$2a$10$abc", strings.Replace(good, "m=19456", "m=99999999", 1), strings.Replace(good, "t=2", "t=0", 1),
		strings.Replace(good, "p=1", "p=x", 1), strings.Replace(good, "v=19", "v=18", 1), good + "!", good + "$",
	} {
		if ok, err := h.Verify(context.Background(), phc, "password"); ok || err == nil {
			t.Errorf("%q: %v, %v", phc, ok, err)
		}
	}
}

func TestTheLineIsBounded(t *testing.T) {
	h := New(1)
	h.slots <- struct{}{} // somebody is at it
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.Hash(ctx, "password"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	if n := h.waiting.Load(); n != 0 {
		t.Errorf("%d still in line", n)
	}
	h.waiting.Store(maxWaiting)
	if _, err := h.Hash(context.Background(), "password"); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
}

// TestTheLineMoves: who has stood in it for too long is told to come again.
func TestTheLineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(1)
		h.slots <- struct{}{} // somebody is at it, and stays
		began := time.Now()
		if _, err := h.Hash(t.Context(), "password"); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		if waited := time.Since(began); waited != patience {
			t.Errorf("waited %v", waited)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(New(1).nobody)
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, phc string) {
		p, salt, key, err := decode(phc)
		if err == nil && (p.memory > 64<<10 || len(salt) > 64 || len(key) > 64) {
			t.Errorf("%q is out of bounds", phc)
		}
	})
}
