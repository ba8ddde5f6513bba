package service_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

func (w *town) signIn(userID int64) (string, *model.Session) {
	w.Helper()
	token, err := w.sessions.Open(w.Context(), userID, service.Device{Name: "Firefox · Linux", Address: "192.0.2.7"})
	w.ok(err)
	session, err := w.sessions.Authenticate(w.Context(), token)
	w.ok(err)
	return token, session
}

func TestSessionEndsEverywhere(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(2)
		token, session := w.signIn(1)
		if session.UserID != 1 || len(token) != 43 {
			t.Errorf("session %+v of token %q", session, token)
		}
		other := w.node()
		_, err := other.Authenticate(w.Context(), token)
		w.ok(err)
		for _, wrong := range []string{"", "x", token + "x", session.Hash} {
			_, err := w.sessions.Authenticate(w.Context(), wrong)
			w.fails(err, model.CodeUnauthenticated, "")
		}
		w.fails(w.sessions.End(w.Context(), 2, session.ID), model.CodeNotFound, "")
		w.fails(w.sessions.End(w.Context(), 2, 999), model.CodeNotFound, "")
		w.ok(w.sessions.End(w.Context(), 1, session.ID))
		_, err = w.sessions.Authenticate(w.Context(), token)
		w.fails(err, model.CodeUnauthenticated, "")
		w.wait(time.Second)
		_, err = other.Authenticate(w.Context(), token)
		w.fails(err, model.CodeUnauthenticated, "")
		if want := []string{fmt.Sprintf("4001 [%d]", session.ID)}; !slices.Equal(w.wire.ended, want) {
			t.Errorf("ended %v, want %v", w.wire.ended, want)
		}
	})
}

// TestStanding: a socket learns its groups and whether its session is there still
// by one question.
func TestStanding(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(2)
		w.ok(w.db.Tx(w.Context(), func(s *xorm.Session) error {
			for _, c := range []model.Conversation{{ID: 1, Kind: model.KindRoom, Low: 71}, {ID: 2, Kind: model.KindRoom, Low: 72}, {ID: 3, Kind: model.KindSingle, Low: 1, High: 2}} {
				if _, err := s.Insert(&c, &model.Member{ConversationID: c.ID, UserID: 1}); err != nil {
					return err
				}
			}
			return nil
		}))
		_, session := w.signIn(1)
		_, lonely := w.signIn(2)
		for _, c := range []struct {
			what              string
			userID, sessionID int64
			groups            []int64
			alive             bool
		}{
			{"a session", 1, session.ID, []int64{71, 72}, true},
			{"one without groups", 2, lonely.ID, []int64{}, true},
			{"another's", 2, session.ID, []int64{}, false},
			{"none", 1, 999, []int64{71, 72}, false},
		} {
			groups, alive, err := w.sessions.Standing(w.Context(), c.userID, c.sessionID)
			w.ok(err)
			slices.Sort(groups)
			if alive != c.alive || !slices.Equal(groups, c.groups) {
				t.Errorf("%s: groups %v, alive %t", c.what, groups, alive)
			}
		}
		w.ok(w.sessions.End(w.Context(), 1, session.ID))
		if _, alive, err := w.sessions.Standing(w.Context(), 1, session.ID); alive || err != nil {
			t.Errorf("ended, and alive: %t, %v", alive, err)
		}
	})
}

func TestOnlyHashesAreStored(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(1)
		token, session := w.signIn(1)
		ticket, _, err := w.sessions.Ticket(w.Context(), session, "")
		w.ok(err)
		for _, query := range []string{"SELECT hash FROM session", "SELECT hash FROM ticket"} {
			var hash string
			w.ok(w.db.View(w.Context(), func(s *xorm.Session) error {
				_, err := s.SQL(query).Get(&hash)
				return err
			}))
			if len(hash) != 64 || strings.Contains(hash, token) || strings.Contains(hash, ticket) {
				t.Errorf("%s: %q", query, hash)
			}
		}
	})
}

func TestTheOldestOfTooManySessionsEnds(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(2)
		stranger, _ := w.signIn(2)
		var tokens []string
		for range 23 {
			token, _ := w.signIn(1)
			tokens = append(tokens, token)
			w.wait(time.Second)
		}
		list, err := w.sessions.List(w.Context(), 1, 0)
		w.ok(err)
		if len(list) != 20 || len(w.wire.ended) != 3 || !strings.HasPrefix(w.wire.ended[0], "4002 ") {
			t.Errorf("%d sessions, ended %v", len(list), w.wire.ended)
		}
		for i, token := range tokens {
			_, err := w.sessions.Authenticate(w.Context(), token)
			if alive := err == nil; alive != (i >= 3) {
				t.Errorf("session %d: %v", i, err)
			}
		}
		_, err = w.sessions.Authenticate(w.Context(), stranger)
		w.ok(err)
	})
}

func TestSeenAtIsKeptAndIdleSessionsEnd(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(1)
		idle, _ := w.signIn(1)
		busy, session := w.signIn(1)
		w.wait(service.SessionLife - time.Minute)
		_, err := w.sessions.Authenticate(w.Context(), busy)
		w.ok(err)
		w.wait(2 * time.Minute)
		_, err = w.sessions.Authenticate(w.Context(), busy) // seen, though not written down yet
		w.ok(err)
		_, err = w.sessions.Authenticate(w.Context(), idle)
		w.fails(err, model.CodeUnauthenticated, "")

		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		w.sessions.Run(ctx) // writes down what was seen when it ends
		w.ok(w.sessions.Sweep(w.Context()))
		list, err := w.node().List(w.Context(), 1, session.ID)
		w.ok(err)
		if len(list) != 1 || !list[0].Current || w.now().UnixMilli()-list[0].SeenAt > 60_000 {
			t.Errorf("sessions %+v at %d", list, w.now().UnixMilli())
		}
	})
}

func TestTicketOpensOnce(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(1)
		_, session := w.signIn(1)
		make := func() string {
			ticket, expires, err := w.sessions.Ticket(w.Context(), session, "")
			w.ok(err)
			if expires != w.now().UnixMilli()+30_000 {
				t.Errorf("expires %d", expires)
			}
			return ticket
		}
		ticket, other := make(), w.node()
		won, failed := storm(50, func() error {
			got, err := other.Redeem(w.Context(), ticket)
			if err == nil && got.ID != session.ID {
				t.Errorf("session %d, want %d", got.ID, session.ID)
			}
			return err
		})
		if won != 1 || failed[model.CodeUnauthenticated] != 49 {
			t.Errorf("%d won, %v", won, failed)
		}
		late := make()
		w.wait(30 * time.Second)
		_, err := w.sessions.Redeem(w.Context(), late)
		w.fails(err, model.CodeUnauthenticated, "")
		w.ok(w.sessions.Sweep(w.Context()))
		if n := w.count(new(model.Ticket)); n != 0 {
			t.Errorf("%d tickets are left", n)
		}
		orphan := make()
		w.ok(w.sessions.End(w.Context(), 1, session.ID))
		_, err = w.sessions.Redeem(w.Context(), orphan)
		w.fails(err, model.CodeUnauthenticated, "")
	})
}

// TestGarbageTicketNeedsNoWriter: who has no ticket waits for nobody, and
// nobody waits for them.
func TestGarbageTicketNeedsNoWriter(t *testing.T) {
	inTown(t, func(w *town) {
		w.ok(w.db.Tx(w.Context(), func(*xorm.Session) error { // the one writer of a file is taken
			ctx, cancel := context.WithTimeout(w.Context(), 3*time.Second)
			defer cancel()
			_, err := w.sessions.Redeem(ctx, "garbage")
			w.fails(err, model.CodeUnauthenticated, "")
			return nil
		}))
	})
}

// TestSweptSessionsLoseTheirSockets: who only holds a socket stays signed in as
// long as it is touched; the sockets of a session that is swept are closed.
func TestSweptSessionsLoseTheirSockets(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(1)
		_, idle := w.signIn(1)
		_, held := w.signIn(1)
		w.wait(service.SessionLife + time.Minute)
		w.sessions.Touch(held.ID)
		w.ok(w.sessions.Sweep(w.Context()))
		if want := []string{fmt.Sprintf("4001 [%d]", idle.ID)}; !slices.Equal(w.wire.ended, want) {
			t.Errorf("ended %v, want %v", w.wire.ended, want)
		}
		w.ok(w.sessions.Sweep(w.Context()))
		if len(w.wire.ended) != 1 {
			t.Errorf("ended again: %v", w.wire.ended)
		}
	})
}
