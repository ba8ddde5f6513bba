package service_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// BenchmarkCommit is the time of the smallest change that is durable before its
// submitter goes on, with 200 who wait.
func BenchmarkCommit(b *testing.B) {
	d, c := openCommitter(b)
	if err := d.Tx(b.Context(), func(s *xorm.Session) error {
		_, err := s.Insert(&model.User{Mobile: "13800000000"})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	const waiting = 200
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for i := range waiting {
		all.Go(func() {
			for n := i; n < b.N; n += waiting {
				err := c.Do(b.Context(), func(tx *service.Tx) error {
					_, err := tx.Exec("UPDATE user SET createat = ? WHERE id = 1", n)
					return err
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkHistory is the time of a page of 50 messages out of the middle of a
// conversation of 5,000.
func BenchmarkHistory(b *testing.B) {
	const stored, senders = 5000, 50
	d, c := openCommitter(b)
	if err := d.Tx(b.Context(), func(s *xorm.Session) error {
		_, err := s.Insert(&model.Contact{UserID: 1, DstID: 2}, &model.Contact{UserID: 2, DstID: 1})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	messages, err := service.NewMessageService(b.Context(), d, c, &recorder{}, time.Now, time.Minute, func() {})
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for n := i; n < stored; n += senders {
				if _, err := sendWait(b.Context(), messages, model.Sender{UserID: 1}, text(2, "a line of a conversation", fmt.Sprint("c", n))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	after := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		after = (after + 37) % (stored - 50)
		list, err := messages.History(b.Context(), 2, model.KindSingle, 1, service.Page{After: &after, Limit: 50})
		if err != nil || len(list) != 50 {
			b.Fatalf("%d messages, %v", len(list), err)
		}
	}
}

// openCommitter opens an empty SQLite store and the committer on it.
func openCommitter(b *testing.B) (*db.DB, *service.Committer) {
	b.Helper()
	d, err := db.Open(dbtest.SQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	c := service.NewCommitter(d, &recorder{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	b.Cleanup(c.Close)
	return d, c
}
