package service_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
)

// browser is one that shows a QR login.
type browser struct {
	*town
	node *service.QRLoginService
	*service.NewQRLogin
}

// qrNodes starts two nodes on one database, with no bus between them.
func (w *town) qrNodes() (a, b *service.QRLoginService) {
	w.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	w.Cleanup(func() { stop(); tasks.Wait() })
	node := func() *service.QRLoginService {
		wakes := service.NewWakes(w.db, nil, w.now)
		tasks.Go(func() { wakes.Run(ctx) })
		return service.NewQRLoginService(w.db, w.users, wakes, w.now)
	}
	return node(), node()
}

// open shows a QR login on a node.
func (w *town) open(node *service.QRLoginService) *browser {
	w.Helper()
	made, err := node.New(w.Context(), service.Device{Name: "Chrome · Windows", Address: "203.0.113.5"})
	w.ok(err)
	return &browser{w, node, made}
}

func (b *browser) ticket() service.QRName { return service.QRName{Ticket: b.Ticket} }

// state waits for what the browser is told next.
func (b *browser) state(known string) (*service.QRState, error) {
	return b.node.Wait(b.Context(), b.Ticket, b.Secret, known, service.Device{Name: "Chrome · Windows", Address: "203.0.113.5"}, time.Minute)
}

// becomes checks what the browser is told next.
func (b *browser) becomes(state string) *service.QRState {
	b.Helper()
	got, err := b.state("")
	b.ok(err)
	if got == nil || got.State != state {
		b.Fatalf("told %+v, want %s", got, state)
	}
	return got
}

// TestQRLogin: the browser is on one node, the phone on another.
func TestQRLogin(t *testing.T) {
	inTown(t, func(w *town) {
		near, far := w.qrNodes()
		ann := w.register("13800000001")
		_, phone := w.signIn(ann.User.ID)
		b := w.open(near)
		scanned := make(chan *service.QRState, 1)
		go func() {
			got, _ := b.state("")
			scanned <- got
		}()
		scan, err := far.Scan(w.Context(), phone, b.ticket())
		w.ok(err)
		if scan.Device != "Chrome · Windows" || scan.Address != "203.0.113.5" || scan.CreateAt != w.now().UnixMilli() || scan.Expires != b.Expires {
			t.Errorf("the phone is shown %+v", scan)
		}
		if got := <-scanned; got == nil || got.State != model.QRScanned || got.User.Nickname != ann.User.Nickname || got.Login != nil {
			t.Fatalf("the browser is told %+v", got)
		}
		if got, err := b.state(model.QRNew); err != nil || got.State != model.QRScanned { // its answer was lost
			t.Errorf("told again: %+v, %v", got, err)
		}
		_, err = far.Scan(w.Context(), phone, b.ticket())
		w.ok(err)
		w.ok(far.Confirm(w.Context(), phone, b.ticket()))
		login := b.becomes(model.QRConfirmed).Login
		session, err := w.sessions.Authenticate(w.Context(), login.Token)
		w.ok(err)
		if session.UserID != ann.User.ID || session.Device != "Chrome · Windows · QR" || session.Address != "203.0.113.5" || login.Proof == "" {
			t.Errorf("the session is %+v", session)
		}
		_, err = b.state("")
		w.fails(err, model.CodeNotFound, "qrlogin") // once
		w.fails(far.Confirm(w.Context(), phone, b.ticket()), model.CodeNotFound, "qrlogin")
		if n := w.count(new(model.QRLogin)); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

// TestQRLoginOneSession is C64: 50 phones' hands and 50 fetches at once.
func TestQRLoginOneSession(t *testing.T) {
	inTown(t, func(w *town) {
		near, far := w.qrNodes()
		ann := w.register("13800000001")
		_, phone := w.signIn(ann.User.ID)
		b := w.open(near)
		_, err := far.Scan(w.Context(), phone, b.ticket())
		w.ok(err)
		won, failed := storm(50, func() error { return far.Confirm(w.Context(), phone, b.ticket()) })
		if won != 1 || failed[model.CodeConflict] != 49 {
			t.Errorf("%d confirmed, %v", won, failed)
		}
		before := w.count(new(model.Session))
		won, failed = storm(50, func() error { _, err := b.state(model.QRScanned); return err })
		if won != 1 || failed[model.CodeNotFound] != 49 || w.count(new(model.Session)) != before+1 {
			t.Errorf("%d got a session, %v; there are %d, were %d", won, failed, w.count(new(model.Session)), before)
		}
	})
}

// TestQRLoginRefusals is C64 and C65: guesses, strangers, another browser, out
// of turn, and each of them like what does not exist.
func TestQRLoginRefusals(t *testing.T) {
	inTown(t, func(w *town) {
		near, far := w.qrNodes()
		ann, bob := w.register("13800000001"), w.register("13800000002")
		_, anns := w.signIn(ann.User.ID)
		_, bobs := w.signIn(bob.User.ID)
		b, other := w.open(near), w.open(near)
		gone := func(err error) { t.Helper(); w.fails(err, model.CodeNotFound, "qrlogin") }

		gone(far.Confirm(w.Context(), anns, b.ticket())) // not scanned
		for _, name := range []service.QRName{{Ticket: "guess"}, {Code: "ABCDEFGH"}, {}, {Ticket: b.Secret}, {Ticket: b.Code}, {Code: b.Ticket}} {
			_, err := far.Scan(w.Context(), anns, name)
			gone(err)
		}
		_, err := far.Scan(w.Context(), anns, b.ticket())
		w.ok(err)
		_, err = far.Scan(w.Context(), bobs, b.ticket())
		gone(err)
		gone(far.Confirm(w.Context(), bobs, b.ticket()))
		gone(far.Deny(w.Context(), bobs, b.ticket()))
		for ticket, secret := range map[string]string{b.Ticket: other.Secret, other.Ticket: b.Secret, "guess": b.Secret} {
			_, err := near.Wait(w.Context(), ticket, secret, "", service.Device{}, time.Minute)
			gone(err)
		}
		_, err = near.Wait(w.Context(), b.Ticket, "", "", service.Device{}, time.Minute)
		gone(err)

		b.becomes(model.QRScanned)
		w.ok(far.Deny(w.Context(), anns, b.ticket()))
		b.becomes(model.QRDenied)
		w.fails(far.Confirm(w.Context(), anns, b.ticket()), model.CodeConflict, "qrlogin")
		if n := w.count(new(model.Session)); n != 4 {
			t.Errorf("%d sessions, want those of the two phones and registrations", n)
		}
	})
}

// TestQRLoginByCode: where nothing can scan, a code is typed, in any writing.
func TestQRLoginByCode(t *testing.T) {
	inTown(t, func(w *town) {
		near, far := w.qrNodes()
		ann := w.register("13800000001")
		_, phone := w.signIn(ann.User.ID)
		b := w.open(near)
		if len(b.Code) != model.QRCodeLength || strings.Trim(b.Code, model.QRCodeAlphabet) != "" {
			t.Fatalf("the code is %q", b.Code)
		}
		typed := service.QRName{Code: " " + strings.ToLower(b.Code[:4]) + "-" + b.Code[4:]}
		_, err := far.Scan(w.Context(), phone, typed)
		w.ok(err)
		w.ok(far.Confirm(w.Context(), phone, typed))
		if b.becomes(model.QRConfirmed).Login == nil {
			t.Error("no session")
		}
	})
}

// TestQRLoginEnds: two minutes, or when the phone that confirmed is signed out.
func TestQRLoginEnds(t *testing.T) {
	inTown(t, func(w *town) {
		near, far := w.qrNodes()
		ann := w.register("13800000001")
		_, phone := w.signIn(ann.User.ID)
		late := w.open(near)
		w.wait(120 * time.Second)
		_, err := far.Scan(w.Context(), phone, late.ticket())
		w.fails(err, model.CodeNotFound, "qrlogin")
		late.becomes(model.QRExpired)

		b := w.open(near)
		_, err = far.Scan(w.Context(), phone, b.ticket())
		w.ok(err)
		w.ok(far.Confirm(w.Context(), phone, b.ticket()))
		w.ok(w.sessions.End(w.Context(), phone.UserID, phone.ID))
		_, err = b.state("")
		w.fails(err, model.CodeNotFound, "qrlogin")

		idle := w.open(near)
		got, err := near.Wait(w.Context(), idle.Ticket, idle.Secret, "", service.Device{}, time.Millisecond)
		if got != nil || err != nil {
			t.Errorf("nothing happened, told %+v, %v", got, err)
		}
	})
}

// TestQRLoginGivenBack: a session that did not reach its browser ends, and the
// browser that asked, on whichever node, gets another; once.
func TestQRLoginGivenBack(t *testing.T) {
	inTown(t, func(w *town) {
		near, far := w.qrNodes()
		ann := w.register("13800000001")
		_, phone := w.signIn(ann.User.ID)
		b := w.open(near)
		_, err := far.Scan(w.Context(), phone, b.ticket())
		w.ok(err)
		w.ok(far.Confirm(w.Context(), phone, b.ticket()))
		before := w.count(new(model.Session))
		lost := b.becomes(model.QRConfirmed)
		lost.GiveBack()
		if _, err := w.sessions.Authenticate(w.Context(), lost.Login.Token); model.CodeOf(err) != model.CodeUnauthenticated {
			t.Errorf("the session that was given back: %v", err)
		}
		if n := w.count(new(model.Session)); n != before {
			t.Errorf("%d sessions, there were %d", n, before)
		}
		_, err = far.Wait(w.Context(), b.Ticket, "guess", "", service.Device{}, time.Minute)
		w.fails(err, model.CodeNotFound, "qrlogin")
		b.node = far
		login := b.becomes(model.QRConfirmed).Login
		session, err := w.sessions.Authenticate(w.Context(), login.Token)
		w.ok(err)
		if session.UserID != ann.User.ID {
			t.Errorf("signed in as %d", session.UserID)
		}
		_, err = b.state("")
		w.fails(err, model.CodeNotFound, "qrlogin")
		if n := w.count(new(model.Session)); n != before+1 {
			t.Errorf("%d sessions, there were %d", n, before)
		}
	})
}
