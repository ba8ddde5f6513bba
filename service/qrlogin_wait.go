package service

import (
	"context"
	"crypto/subtle"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// Wait holds until a QR login stands otherwise than known says, which is a state
// or "" for the one told last; it gives nil when that did not happen within hold
// or this node drains. Only who has the secret learns anything. A confirmed one
// gives its session to one caller and is gone.
func (q *QRLoginService) Wait(ctx context.Context, ticket, secret, known string, device Device, hold time.Duration) (*QRState, error) {
	hash := secretHash(ticket)
	waiter := q.wakes.Join(hash)
	defer waiter.Leave()
	timer := time.NewTimer(hold)
	defer timer.Stop()
	for last := false; ; {
		row, err := aside(ctx, func(ctx context.Context) (*model.QRLogin, error) { return q.own(ctx, hash, secret) })
		if ctx.Err() != nil {
			return nil, nil // nobody is left to be told, and no session is given away
		}
		if err != nil {
			return nil, err
		}
		left := time.Duration(row.Expires-q.now.millis()) * time.Millisecond
		if left <= 0 {
			return &QRState{State: model.QRExpired}, nil
		}
		before := known
		if before == "" {
			before = row.Told
		}
		if row.State != before {
			return aside(ctx, func(ctx context.Context) (*QRState, error) { return q.tell(ctx, row, device) })
		}
		if last {
			return nil, nil
		}
		expiry := time.NewTimer(left)
		select {
		case <-waiter.C:
		case <-expiry.C:
		case <-timer.C:
			last = true
		case <-q.wakes.Draining():
			last = true
		case <-ctx.Done():
			last = true
		}
		expiry.Stop()
	}
}

// own finds a QR login of the browser that knows its secret.
func (q *QRLoginService) own(ctx context.Context, hash, secret string) (*model.QRLogin, error) {
	row := new(model.QRLogin)
	err := q.db.View(ctx, func(s *xorm.Session) error {
		found, err := s.Where("hash = ?", hash).Get(row)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(row.Secret), []byte(secretHash(secret))) != 1 || !found {
			return noQR()
		}
		return nil
	})
	return row, err
}

// tell gives the browser the state of a QR login, with the session if it was
// confirmed.
func (q *QRLoginService) tell(ctx context.Context, row *model.QRLogin, device Device) (*QRState, error) {
	switch row.State {
	case model.QRConfirmed:
		login, err := q.redeem(ctx, row, device)
		if err != nil {
			return nil, err
		}
		return &QRState{State: row.State, User: login.User, Login: login, GiveBack: func() { q.giveBack(row, login) }}, nil
	case model.QRScanned:
		user, err := q.users.load(ctx, row.UserID)
		if err != nil {
			return nil, err
		}
		err = q.db.Tx(ctx, func(s *xorm.Session) error {
			_, err := s.Exec("UPDATE qrlogin SET told = ? WHERE hash = ?", row.State, row.Hash)
			return err
		})
		return &QRState{State: row.State, User: user}, err
	}
	return &QRState{State: row.State}, nil
}

// byQR marks the sessions of QR logins in the list of devices.
const byQR = " · QR"

// redeem opens the session of a confirmed QR login, once. What the phone said
// holds as long as the phone is signed in: a changed password or a revoked
// device takes it back.
func (q *QRLoginService) redeem(ctx context.Context, row *model.QRLogin, device Device) (*Login, error) {
	token := newSecret()
	device.Name += byQR
	user := new(model.User)
	var ended []int64
	err := q.db.Tx(ctx, func(s *xorm.Session) error {
		*user = model.User{} // the transaction may run again
		found, err := s.SQL("SELECT * FROM user WHERE id = ?"+q.db.ForUpdate(), row.UserID).Get(user)
		if err != nil {
			return err
		}
		result, err := s.Exec("DELETE FROM qrlogin WHERE hash = ? AND state = ?", row.Hash, model.QRConfirmed)
		if err != nil {
			return err
		}
		gone, err := result.RowsAffected()
		if err != nil {
			return err
		}
		phone, err := s.Where("id = ? AND userid = ?", row.SessionID, row.UserID).Exist(new(model.Session))
		if err != nil {
			return err
		}
		if !found || gone != 1 || !phone {
			return noQR()
		}
		ended, err = q.users.sessions.open(s, row.UserID, token, device)
		return err
	})
	if err != nil {
		return nil, err
	}
	q.users.sessions.ended(user.ID, ended, CloseElsewhere, tooManyDevices)
	return &Login{User: user, Token: token, Proof: proofOf(user)}, nil
}

// giveBack ends the session of a browser that it has not reached, and lets that
// browser fetch another. Where that fails the session stays, unused, in the list
// of devices.
func (q *QRLoginService) giveBack(row *model.QRLogin, login *Login) {
	ctx, cancel := context.WithTimeout(context.Background(), lookPatience)
	defer cancel()
	var ids []int64
	err := q.db.Tx(ctx, func(s *xorm.Session) error {
		ids = nil
		if err := s.SQL("SELECT id FROM session WHERE hash = ?", secretHash(login.Token)).Find(&ids); err != nil {
			return err
		}
		if err := q.users.sessions.remove(s, ids); err != nil {
			return err
		}
		if _, err := s.Insert(row); err != nil {
			return err
		}
		return q.wakes.note(s, row.Hash)
	})
	if err == nil {
		q.users.sessions.ended(login.User.ID, ids, CloseSessionEnded, "session ended")
		q.wakes.wake(row.Hash)
	}
}
