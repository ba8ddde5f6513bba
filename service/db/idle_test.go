package db_test

import (
	"context"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"xorm.io/xorm"
)

// A node that was frozen in a transaction kept all others from what it had
// locked for as long as it was.
func TestAFrozenTransactionIsTakenBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		if d.Dialect != db.MySQL {
			t.Skip("SQLite has one process")
		}
		write := func(ctx context.Context, name string, inside func()) error {
			return d.Tx(ctx, func(s *xorm.Session) error {
				_, err := s.Exec("UPDATE user SET nickname = ? WHERE id = 1", name)
				if err == nil {
					inside()
				}
				return err
			})
		}
		if err := d.Tx(t.Context(), func(s *xorm.Session) error {
			_, err := s.Insert(&model.User{ID: 1, Mobile: "100001", Nickname: "before"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		locked, thaw, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			ended <- write(t.Context(), "frozen", func() { close(locked); <-thaw })
		}()
		<-locked
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := write(ctx, "other", func() {}); err != nil {
			t.Errorf("another node: %v", err)
		}
		close(thaw)
		if err := <-ended; err == nil {
			t.Error("what was frozen is committed")
		}
		var name string
		if err := d.View(t.Context(), func(s *xorm.Session) error {
			_, err := s.SQL("SELECT nickname FROM user WHERE id = 1").Get(&name)
			return err
		}); err != nil || name != "other" {
			t.Errorf("%q, %v", name, err)
		}
	})
}
