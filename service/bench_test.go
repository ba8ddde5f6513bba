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

// BenchmarkSend is the time of a stored and acknowledged message with 200 pairs
// of people who each wait for their ack, as in performance.md's one-to-one W=1.
func BenchmarkSend(b *testing.B) {
	for dialect, source := range map[string]func(testing.TB) string{db.SQLite: dbtest.SQLite, db.MySQL: dbtest.MySQL} {
		b.Run(dialect, func(b *testing.B) { benchmarkSend(b, source(b)) })
	}
}

func benchmarkSend(b *testing.B, source string) {
	const pairs = 200
	d, err := db.Open(source)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := d.Tx(b.Context(), func(s *xorm.Session) error {
		for i := range int64(pairs) {
			if _, err := s.Insert(&model.Contact{UserID: 2*i + 1, DstID: 2*i + 2}, &model.Contact{UserID: 2*i + 2, DstID: 2*i + 1}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	c := service.NewCommitter(d, &recorder{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	defer c.Close()
	messages, err := service.NewMessageService(b.Context(), d, c, &recorder{}, time.Now, time.Minute, func() {})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range pairs {
		wg.Go(func() {
			from := model.Sender{UserID: int64(2*i + 1)}
			for n := i; n < b.N; n += pairs {
				m := text(from.UserID+1, "a line of about the length that people write to each other in a chat", fmt.Sprint("c", n))
				if _, err := sendWait(b.Context(), messages, from, m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
