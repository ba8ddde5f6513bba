package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// ErrPeopled says that a store has accounts already.
var ErrPeopled = errors.New("this database has accounts: a load test wants an empty one")

// LoadAccount is an account that Populate made, and the token of its session.
type LoadAccount struct {
	ID    int64
	Token string
}

// populateRows go into one statement: far from any database's bound on its
// parameters.
const populateRows = 200

// Populate makes n accounts, each with one session, in an empty store on which
// no server runs: for load tests, as the thousands of passwords of a
// registration would take minutes. Nobody can sign in to them: they have no
// password. A store with accounts is left as it is.
func Populate(ctx context.Context, d *db.DB, n int) ([]LoadAccount, error) {
	list := make([]LoadAccount, 0, n)
	err := d.Tx(ctx, func(s *xorm.Session) error {
		list = list[:0] // the transaction may run again
		if peopled, err := s.Exist(new(model.User)); err != nil || peopled {
			return errors.Join(err, ErrPeopled)
		}
		now := time.Now().UnixMilli()
		for first := 1; first <= n; first += populateRows {
			last := min(first+populateRows-1, n)
			users := make([]model.User, 0, populateRows)
			sessions := make([]model.Session, 0, populateRows)
			for i := first; i <= last; i++ {
				token := newSecret()
				list = append(list, LoadAccount{int64(i), token})
				users = append(users, model.User{
					ID: int64(i), Mobile: fmt.Sprintf("99%09d", i), Nickname: nicknameOf(int64(i)), Sex: model.SexUnknown, Addable: model.AddApproval, CreateAt: now,
				})
				sessions = append(sessions, model.Session{UserID: int64(i), Hash: secretHash(token), Device: "load test", CreateAt: now, SeenAt: now})
			}
			if _, err := s.Insert(&users); err != nil {
				return err
			}
			if _, err := s.Insert(&sessions); err != nil {
				return err
			}
		}
		return nil
	})
	return slices.Clip(list), err
}
