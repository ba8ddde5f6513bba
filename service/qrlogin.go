package service

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// qrLife is how long a QR login may take from picture to session, qrKept how
// long after that its browser is still told that it has expired.
const (
	qrLife = 120 * time.Second
	qrKept = 10 * time.Minute
)

// QRLoginService signs a browser in by a phone that is signed in already. The
// browser shows a ticket and keeps a secret; the phone that scans the ticket
// fixes who it is about, sees which device asks and confirms or denies; the
// browser fetches its session with the secret, once. Each step is one
// transaction on one row, so any node may serve any of them.
type QRLoginService struct {
	db    *db.DB
	users *UserService
	wakes *Wakes
	now   Clock
}

// NewQRLoginService makes a QRLoginService. Run removes what is over.
func NewQRLoginService(d *db.DB, users *UserService, wakes *Wakes, now Clock) *QRLoginService {
	return &QRLoginService{db: d, users: users, wakes: wakes, now: now}
}

// NewQRLogin is what the browser that asks gets: Ticket goes into the picture,
// Code is typed where nothing can scan, Secret stays. Expires is Unix
// milliseconds.
type NewQRLogin struct {
	Ticket  string `json:"ticket"`
	Secret  string `json:"secret"`
	Code    string `json:"code"`
	Expires int64  `json:"expires"`
}

// QRScan is what the phone shows before it confirms: which device asks, from
// where and since when, in Unix milliseconds. Ticket names it from then on.
type QRScan struct {
	Ticket   string `json:"ticket"`
	Device   string `json:"device"`
	Address  string `json:"address"`
	CreateAt int64  `json:"createat"`
	Expires  int64  `json:"expires"`
}

// QRState is how a QR login stands: User who scanned it; Login, once, the
// session it gave. Where there is one, GiveBack undoes that for a browser that is
// gone before the session reached it: it may come again.
type QRState struct {
	State    string
	User     *model.User
	Login    *Login
	GiveBack func()
}

// noQR answers every ticket that is not, not yet or not any more the caller's
// to use: whoever guesses learns nothing.
func noQR() error { return &model.Error{Code: model.CodeNotFound, Key: "qrlogin"} }

// New makes a QR login for a browser.
func (q *QRLoginService) New(ctx context.Context, device Device) (*NewQRLogin, error) {
	out := &NewQRLogin{Ticket: newTicket(), Secret: newSecret()}
	now := q.now.millis()
	out.Expires = now + qrLife.Milliseconds()
	for attempt := 0; ; attempt++ {
		out.Code = newCode()
		err := q.db.Tx(ctx, func(s *xorm.Session) error {
			_, err := s.Insert(&model.QRLogin{
				Hash: secretHash(out.Ticket), Secret: secretHash(out.Secret), Code: secretHash(out.Code), State: model.QRNew, Told: model.QRNew,
				Device: device.Name, Address: device.Address, CreateAt: now, Expires: out.Expires,
			})
			return err
		})
		if err == nil {
			return out, nil
		}
		if attempt == 3 || !db.IsDuplicate(err) { // another's code: of 10^12 there are others
			return nil, err
		}
	}
}

// newTicket makes 128 random bits: enough for two minutes, and a small picture.
func newTicket() string { return newSecret()[:22] }

// newCode makes a code that is typed: 40 random bits, for two minutes and under
// a limit on guesses.
func newCode() string {
	b := make([]byte, model.QRCodeLength)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = model.QRCodeAlphabet[int(b[i])%len(model.QRCodeAlphabet)]
	}
	return string(b)
}

// QRName names a QR login: by the ticket in its picture, or else by its code, in which
// case, spaces and dashes do not count.
type QRName struct{ Ticket, Code string }

// column is where the name's hash stands.
func (n QRName) column() (name, hash string) {
	if n.Ticket != "" {
		return "hash", secretHash(n.Ticket)
	}
	code := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(n.Code))
	return "code", secretHash(code)
}

// Scan makes a QR login one of the user's: nobody else can scan or answer it
// then. The same user may scan it again.
func (q *QRLoginService) Scan(ctx context.Context, session *model.Session, name QRName) (*QRScan, error) {
	out := new(QRScan)
	err := q.change(ctx, name, func(row *model.QRLogin) error {
		if row.State != model.QRNew && (row.State != model.QRScanned || row.UserID != session.UserID) {
			return noQR()
		}
		row.State, row.UserID = model.QRScanned, session.UserID
		*out = QRScan{Device: row.Device, Address: row.Address, CreateAt: row.CreateAt, Expires: row.Expires}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Confirm lets the browser that the user scanned sign in as that user, Deny
// sends it away. Of all answers to one QR login the first counts; others are
// CodeConflict. Somebody who did not scan it gets CodeNotFound.
func (q *QRLoginService) Confirm(ctx context.Context, session *model.Session, name QRName) error {
	return q.answer(ctx, session, name, model.QRConfirmed)
}

// Deny is the opposite of Confirm.
func (q *QRLoginService) Deny(ctx context.Context, session *model.Session, name QRName) error {
	return q.answer(ctx, session, name, model.QRDenied)
}

func (q *QRLoginService) answer(ctx context.Context, session *model.Session, name QRName, state string) error {
	return q.change(ctx, name, func(row *model.QRLogin) error {
		switch {
		case row.State == model.QRNew || row.UserID != session.UserID:
			return noQR()
		case row.State != model.QRScanned:
			return &model.Error{Code: model.CodeConflict, Key: "qrlogin"}
		}
		row.State, row.SessionID = state, session.ID
		return nil
	})
}

// change changes a QR login that has not expired and wakes who waits for it. fn
// may run again and only changes the row.
func (q *QRLoginService) change(ctx context.Context, name QRName, fn func(row *model.QRLogin) error) error {
	column, hash := name.column()
	now := q.now.millis()
	// Anybody may come with anything: only what exists is worth the writer.
	err := q.db.View(ctx, func(s *xorm.Session) error {
		found, err := s.Where(column+" = ? AND expires > ?", hash, now).Exist(new(model.QRLogin))
		if err == nil && !found {
			return noQR()
		}
		return err
	})
	if err != nil {
		return err
	}
	row := new(model.QRLogin)
	err = q.db.Tx(ctx, func(s *xorm.Session) error {
		*row = model.QRLogin{}
		found, err := s.SQL("SELECT * FROM qrlogin WHERE "+column+" = ?"+q.db.ForUpdate(), hash).Get(row)
		if err != nil {
			return err
		}
		if !found || row.Expires <= now {
			return noQR()
		}
		if err := fn(row); err != nil {
			return err
		}
		_, err = s.Exec("UPDATE qrlogin SET state = ?, userid = ?, sessionid = ? WHERE hash = ?", row.State, row.UserID, row.SessionID, row.Hash)
		if err != nil {
			return err
		}
		return q.wakes.note(s, row.Hash)
	})
	if err == nil {
		q.wakes.wake(row.Hash)
	}
	return err
}

// Run removes what is over, until ctx ends.
func (q *QRLoginService) Run(ctx context.Context) {
	every(ctx, time.Minute, func() {
		_ = q.db.Tx(ctx, func(s *xorm.Session) error { // the next one makes up for it
			_, err := s.Exec("DELETE FROM qrlogin WHERE expires <= ?", q.now().Add(-qrKept).UnixMilli())
			return err
		})
	})
}
