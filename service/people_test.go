package service_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/password"

	"xorm.io/xorm"
)

// wire notes what the services publish and which sessions they end.
type wire struct {
	mu     sync.Mutex
	events []string
	ended  []string
}

func (w *wire) Publish(d model.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, to := range d.Users {
		w.events = append(w.events, fmt.Sprintf("%s %d>%d", d.Message.Content, d.Message.DstID, to))
	}
}

func (w *wire) Disconnect(_ int64, ids []int64, code int, _ string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, fmt.Sprintf("%d %v", code, ids))
}

func (*wire) Online(userID int64) bool { return userID == 1 }

// take gives, and forgets, what was published: "name about>to".
func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.events
	w.events = nil
	return out
}

// town is a database with people in it and the services of accounts.
type town struct {
	*testing.T
	db       *db.DB
	wire     *wire
	clock    atomic.Int64
	sessions *service.SessionService
	users    *service.UserService
	contacts *service.ContactService
}

func inTown(t *testing.T, fn func(w *town)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := &town{T: t, db: d, wire: &wire{}}
		w.clock.Store(1_800_000_000_000)
		w.sessions = w.node()
		w.users = service.NewUserService(d, w.sessions, password.New(2), w.wire, w.wire, w.now, true)
		w.contacts = service.NewContactService(d, w.users, w.wire, w.now)
		fn(w)
	})
}

func (w *town) now() time.Time { return time.UnixMilli(w.clock.Load()) }

func (w *town) wait(d time.Duration) { w.clock.Add(d.Milliseconds()) }

// node is the SessionService of another node on the same database.
func (w *town) node() *service.SessionService {
	return service.NewSessionService(w.db, w.wire, w.now, 20)
}

// settle inserts people with the ids 1 to n, without passwords.
func (w *town) settle(n int64) {
	w.Helper()
	err := w.db.Tx(w.Context(), func(s *xorm.Session) error {
		for id := int64(1); id <= n; id++ {
			u := &model.User{ID: id, Mobile: fmt.Sprint(100000 + id), Nickname: fmt.Sprint("人", id), Sex: model.SexUnknown, Addable: model.AddApproval}
			if _, err := s.Insert(u); err != nil {
				return err
			}
		}
		return nil
	})
	w.ok(err)
}

func (w *town) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// fails checks the code, and the key if there is one.
func (w *town) fails(err error, code model.Code, key string) {
	w.Helper()
	if !errors.Is(err, &model.Error{Code: code, Key: key}) {
		w.Errorf("got %v, want %s %s", err, code, key)
	}
}

func (w *town) count(bean any) int64 {
	w.Helper()
	var n int64
	w.ok(w.db.View(w.Context(), func(s *xorm.Session) (err error) {
		n, err = s.Where("1 = 1").Count(bean)
		return err
	}))
	return n
}
