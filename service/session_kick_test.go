package service_test

import (
	"fmt"
	"slices"
	"testing"

	"hongyan/model"
)

// TestKickSignsOutEverywhere: a program of the operator's ends all sessions of a
// user, or one by its number, and nobody else's.
func TestKickSignsOutEverywhere(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(2)
		first, one := w.signIn(1)
		second, two := w.signIn(1)
		other, three := w.signIn(2)
		w.fails(w.sessions.Kick(w.Context(), 99), model.CodeNotFound, "")
		w.ok(w.sessions.Kick(w.Context(), 1))
		for _, token := range []string{first, second} {
			_, err := w.sessions.Authenticate(w.Context(), token)
			w.fails(err, model.CodeUnauthenticated, "")
		}
		_, err := w.sessions.Authenticate(w.Context(), other)
		w.ok(err)
		w.ok(w.sessions.Kick(w.Context(), 1)) // nobody is signed in: as it should be
		w.fails(w.sessions.KickSession(w.Context(), one.ID), model.CodeNotFound, "")
		w.ok(w.sessions.KickSession(w.Context(), three.ID))
		_, err = w.sessions.Authenticate(w.Context(), other)
		w.fails(err, model.CodeUnauthenticated, "")
		if want := []string{fmt.Sprintf("4001 [%d %d]", one.ID, two.ID), fmt.Sprintf("4001 [%d]", three.ID)}; !slices.Equal(w.wire.ended, want) {
			t.Errorf("ended %v, want %v", w.wire.ended, want)
		}
		again, _ := w.signIn(1) // kicked is not locked out
		_, err = w.sessions.Authenticate(w.Context(), again)
		w.ok(err)
	})
}
