package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// retryBusy is when somebody who met too long a line may come again.
const retryBusy = 2 * time.Second

// Credentials sign a device in. Address is what wrong passwords are counted
// by; Proof is what an earlier Login gave this device, and Session the one it
// holds, if any.
type Credentials struct {
	Mobile  string
	Passwd  string
	Device  Device
	Address string
	Proof   string
	Session *model.Session
}

// loginGuard bounds wrong passwords.
type loginGuard struct{ account, address *attempts }

func newLoginGuard(now Clock) *loginGuard {
	return &loginGuard{
		account: newAttempts(now, accountTries, accountEvery),
		address: newAttempts(now, addressTries, addressEvery),
	}
}

// begin counts an attempt; giveBack is to be called if it was none: a success,
// or one that was never judged.
func (g *loginGuard) begin(in Credentials, user *model.User) (giveBack func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	if device := knownDevice(in, user); device != "" {
		return func() { g.account.giveBack(device) }, g.account.begin(device)
	}
	account := "mobile " + in.Mobile
	if err := g.address.begin(in.Address); err != nil {
		return nil, err
	}
	if err := g.account.begin(account); err != nil {
		return nil, err
	}
	return func() {
		g.address.giveBack(in.Address)
		g.account.giveBack(account)
	}, nil
}

// knownDevice names the device among those that the user signed in on before;
// empty if it is none.
func knownDevice(in Credentials, user *model.User) string {
	switch {
	case user == nil:
		return ""
	case in.Session != nil && in.Session.UserID == user.ID:
		return "session " + strconv.FormatInt(user.ID, 10)
	case validProof(in.Proof, user):
		return "device " + in.Proof
	}
	return ""
}

// proofOf makes a proof that a device was signed in on as user: a random name
// with a MAC under the hash of the password. It needs no storage, ends with the
// password and opens nothing by itself.
func proofOf(user *model.User) string {
	name := newSecret()
	return name + "." + proofMAC(name, user)
}

func proofMAC(name string, user *model.User) string {
	mac := hmac.New(sha256.New, []byte(user.Passwd))
	mac.Write([]byte("known device " + strconv.FormatInt(user.ID, 10) + " " + name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func validProof(proof string, user *model.User) bool {
	name, mac, ok := strings.Cut(proof, ".")
	return ok && hmac.Equal([]byte(mac), []byte(proofMAC(name, user)))
}

// Login signs a device in. An unknown mobile and a wrong password are the same
// answer after the same work.
func (u *UserService) Login(ctx context.Context, in Credentials) (*Login, error) {
	switch {
	case !model.ValidMobile(in.Mobile):
		return nil, model.Invalid("mobile")
	case in.Passwd == "" || len(in.Passwd) > 4*model.MaxPassword:
		return nil, model.Invalid("passwd")
	}
	user, err := u.byMobile(ctx, in.Mobile)
	if err != nil {
		return nil, err
	}
	hash := ""
	if user != nil {
		hash = user.Passwd
	}
	fits, err := u.verify(ctx, in, user, hash, in.Passwd)
	if err != nil {
		return nil, err
	}
	if !fits || user == nil {
		return nil, model.Fail(model.CodeBadCredentials)
	}
	token, err := u.open(ctx, user, in.Device)
	if err != nil {
		return nil, err
	}
	user.Online = u.presence.Online(user.ID)
	return &Login{User: user, Token: token, Proof: proofOf(user)}, nil
}

// verify tells whether a password fits a hash. One that does not is counted.
func (u *UserService) verify(ctx context.Context, in Credentials, user *model.User, hash, passwd string) (bool, error) {
	giveBack, err := u.guard.begin(in, user)
	if err != nil {
		return false, err
	}
	fits, err := u.hasher.Verify(ctx, hash, passwd)
	if err != nil {
		giveBack() // a storm of logins must not lock out those who were sent away
		return false, busy(err)
	}
	if fits {
		giveBack()
	}
	return fits, nil
}

// open opens a session, unless the password was changed since it was checked.
// One that the same browser or program has already stays: a program may hold
// several at once.
func (u *UserService) open(ctx context.Context, user *model.User, device Device) (string, error) {
	token := newSecret()
	var ended []int64
	err := u.db.Tx(ctx, func(s *xorm.Session) error {
		hash := ""
		if _, err := s.SQL("SELECT passwd FROM user WHERE id = ?"+u.db.ForUpdate(), user.ID).Get(&hash); err != nil {
			return err
		}
		if hash != user.Passwd {
			return model.Fail(model.CodeBadCredentials)
		}
		var err error
		ended, err = u.sessions.open(s, user.ID, token, device)
		return err
	})
	if err != nil {
		return "", err
	}
	u.sessions.ended(user.ID, ended, CloseElsewhere, tooManyDevices)
	return token, nil
}

// ChangePassword sets a new password for who knows the old one, and ends all
// sessions but the one named.
func (u *UserService) ChangePassword(ctx context.Context, session *model.Session, old, passwd string) error {
	if !model.ValidPassword(passwd) {
		return model.Invalid("passwd")
	}
	user, err := u.load(ctx, session.UserID)
	if err != nil {
		return err
	}
	fits, err := u.verify(ctx, Credentials{Session: session}, user, user.Passwd, old[:min(len(old), 4*model.MaxPassword+1)])
	if err != nil {
		return err
	}
	if !fits {
		return &model.Error{Code: model.CodeBadCredentials, Key: "old"}
	}
	hash, err := u.hasher.Hash(ctx, passwd)
	if err != nil {
		return busy(err)
	}
	var ended []int64
	err = u.db.Tx(ctx, func(s *xorm.Session) error {
		// Where the hash is another by now, somebody else who knew the old
		// password was first.
		n, err := s.Where("id = ? AND passwd = ?", user.ID, user.Passwd).Cols("passwd").Update(&model.User{Passwd: hash})
		if err != nil {
			return err
		}
		if n != 1 {
			return &model.Error{Code: model.CodeBadCredentials, Key: "old"}
		}
		ended, err = u.sessions.removeOthers(s, user.ID, session.ID)
		return err
	})
	if err == nil {
		u.sessions.ended(user.ID, ended, CloseSessionEnded, "the password was changed")
	}
	return err
}
