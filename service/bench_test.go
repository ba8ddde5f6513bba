//go:build unix

package service_test

import (
	"fmt"
	"log/slog"
	"sync"
	"syscall"
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
// of people, as in performance.md's one-to-one: each has as many messages
// outstanding as the name says. The processor's time is this process's own.
func BenchmarkSend(b *testing.B) {
	for _, window := range []int{1, 16} {
		b.Run(fmt.Sprintf("sqlite/W=%d", window), func(b *testing.B) { benchmarkSend(b, dbtest.SQLite(b), window) })
		b.Run(fmt.Sprintf("mysql/W=%d", window), func(b *testing.B) { benchmarkSend(b, dbtest.MySQL(b), window) })
	}
}

// processor is the time that this process has had of the processors.
func processor(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func benchmarkSend(b *testing.B, source string, window int) {
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
	began := processor(b)
	defer func() { b.ReportMetric(float64((processor(b)-began).Microseconds())/float64(b.N), "cpu-µs/op") }()
	var wg sync.WaitGroup
	for i := range pairs * window {
		wg.Go(func() {
			from := model.Sender{UserID: int64(2*(i%pairs) + 1)}
			for n := i; n < b.N; n += pairs * window {
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
