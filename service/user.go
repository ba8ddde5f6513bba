package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/password"

	"xorm.io/xorm"
)

// UserService knows the accounts.
type UserService struct {
	db       *db.DB
	sessions *SessionService
	hasher   *password.Hasher
	presence Presence
	out      Publisher
	now      Clock
	guard    *loginGuard // nil: no limits
}

// NewUserService makes a UserService; limits switches the bounds on wrong
// passwords.
func NewUserService(
	d *db.DB, sessions *SessionService, hasher *password.Hasher, presence Presence, out Publisher, now Clock, limits bool,
) *UserService {
	u := &UserService{db: d, sessions: sessions, hasher: hasher, presence: presence, out: out, now: now}
	if limits {
		u.guard = newLoginGuard(now)
	}
	return u
}

// Profile is what a user says about themselves. A nil field is left as it is;
// an empty one takes the default.
type Profile struct {
	Nickname *string
	Avatar   *string
	Sex      *string
	Memo     *string
	Addable  *string

	HideOnline *bool
	HideRead   *bool
	HideTyping *bool
}

// apply checks p, puts it into u and names the columns it changed.
func (p Profile) apply(u *model.User) ([]string, error) {
	var columns []string
	set := func(column string, from, to *string, standard string, valid func(string) bool) error {
		if from == nil {
			return nil
		}
		value := *from
		if value == "" {
			value = standard
		}
		if !valid(value) {
			return model.Invalid(column)
		}
		*to = value
		columns = append(columns, column)
		return nil
	}
	if p.Nickname != nil {
		trimmed := strings.TrimSpace(*p.Nickname)
		p.Nickname = &trimmed
	}
	err := errors.Join(
		set("nickname", p.Nickname, &u.Nickname, nicknameOf(u.ID), func(s string) bool { return model.ValidName(s, model.MaxNickname) }),
		set("avatar", p.Avatar, &u.Avatar, "", model.ValidLink),
		set("sex", p.Sex, &u.Sex, model.SexUnknown, oneOf(model.SexWoman, model.SexMan, model.SexUnknown)),
		set("memo", p.Memo, &u.Memo, "", func(s string) bool { return model.ValidMemo(s, model.MaxUserMemo) }),
		set("addable", p.Addable, &u.Addable, model.AddApproval, oneOf(model.AddOpen, model.AddApproval, model.AddClosed)),
	)
	for _, flag := range []struct {
		column   string
		from, to *bool
	}{{hideOnline, p.HideOnline, &u.HideOnline}, {hideRead, p.HideRead, &u.HideRead}, {hideTyping, p.HideTyping, &u.HideTyping}} {
		if flag.from != nil {
			*flag.to = *flag.from
			columns = append(columns, flag.column)
		}
	}
	return columns, err
}

func oneOf(values ...string) func(string) bool {
	return func(s string) bool {
		for _, v := range values {
			if s == v {
				return true
			}
		}
		return false
	}
}

// Registration asks for an account. An empty nickname becomes one made of the id.
type Registration struct {
	Mobile  string
	Passwd  string
	Profile Profile
	Device  Device
}

// Login is what signing in gave: the user, the token of the session and a
// proof by which this device is known the next time.
type Login struct {
	User  *model.User
	Token string
	Proof string
}

// Valid checks what can be checked of a registration by itself.
func (in Registration) Valid() error {
	_, err := in.user()
	return err
}

// user is the account asked for, without what only the service knows.
func (in Registration) user() (*model.User, error) {
	switch {
	case !model.ValidMobile(in.Mobile):
		return nil, model.Invalid("mobile")
	case !model.ValidPassword(in.Passwd):
		return nil, model.Invalid("passwd")
	}
	if in.Profile.Nickname != nil && strings.TrimSpace(*in.Profile.Nickname) == "" {
		in.Profile.Nickname = nil
	}
	user := &model.User{Mobile: in.Mobile, Sex: model.SexUnknown, Addable: model.AddApproval}
	_, err := in.Profile.apply(user)
	return user, err
}

// Register makes an account and signs its first device in.
func (u *UserService) Register(ctx context.Context, in Registration) (*Login, error) {
	user, err := in.user()
	if err != nil {
		return nil, err
	}
	if taken, err := u.byMobile(ctx, in.Mobile); err != nil {
		return nil, err
	} else if taken != nil {
		return nil, model.Fail(model.CodeMobileTaken)
	}
	hash, err := u.hasher.Hash(ctx, in.Passwd)
	if err != nil {
		return nil, busy(err)
	}
	user.Passwd, user.CreateAt = hash, u.now.millis()
	token := newSecret()
	err = u.db.Tx(ctx, func(s *xorm.Session) error {
		user.ID = 0 // the transaction may run again
		if err := insertUser(s, user); err != nil {
			return err
		}
		_, err := u.sessions.open(s, user.ID, token, in.Device)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Login{User: user, Token: token, Proof: proofOf(user)}, nil
}

func insertUser(s *xorm.Session, user *model.User) error {
	if _, err := s.Insert(user); db.IsDuplicate(err) {
		return model.Fail(model.CodeMobileTaken)
	} else if err != nil {
		return err
	}
	if user.Nickname != "" {
		return nil
	}
	nickname := nicknameOf(user.ID)
	if _, err := s.Exec("UPDATE user SET nickname = ? WHERE id = ?", nickname, user.ID); err != nil {
		return err
	}
	user.Nickname = nickname
	return nil
}

// nicknameOf is the name of who chose none.
func nicknameOf(id int64) string { return fmt.Sprintf("user%06d", id) }

// busy makes too long a line of passwords a failure that tells when to come again.
func busy(err error) error {
	if errors.Is(err, password.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: retryBusy, Err: err}
	}
	return err
}

// Update changes a user's own profile and tells those who see it.
func (u *UserService) Update(ctx context.Context, userID int64, p Profile) (*model.User, error) {
	user := new(model.User)
	var friends, watching []int64
	err := u.db.Tx(ctx, func(s *xorm.Session) error {
		*user = model.User{} // the transaction may run again
		found, err := s.SQL("SELECT * FROM user WHERE id = ?"+u.db.ForUpdate(), userID).Get(user)
		if err != nil {
			return err
		}
		if !found {
			return model.Fail(model.CodeNotFound)
		}
		columns, err := p.apply(user)
		if err != nil || len(columns) == 0 {
			return err
		}
		if _, err := s.ID(userID).Cols(columns...).Update(user); err != nil {
			return err
		}
		if p.HideOnline != nil {
			if watching, err = watchers(s, userID); err != nil {
				return err
			}
		}
		friends, err = friendIDs(s, userID)
		return err
	})
	if err != nil {
		return nil, err
	}
	u.out.Publish(model.Delivery{
		Message:   model.Message{Cmd: model.CmdEvent, Content: model.EventProfileChanged, UserID: userID, DstID: userID, At: u.now.millis()},
		Users:     append(friends, userID),
		Ephemeral: true,
	})
	user.Online = u.presence.Online(userID)
	if len(watching) > 0 {
		m := model.Message{Cmd: model.CmdPresence, UserID: userID}
		if user.Online && !user.HideOnline {
			m.Amount = 1
		}
		u.out.Publish(model.Delivery{Message: m, Users: watching, Ephemeral: true})
	}
	return user, nil
}

// byMobile finds the account of a mobile; nil if there is none.
func (u *UserService) byMobile(ctx context.Context, mobile string) (*model.User, error) {
	user, found := new(model.User), false
	err := u.db.View(ctx, func(s *xorm.Session) (err error) {
		found, err = s.Where("mobile = ?", mobile).Get(user)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return user, nil
}
