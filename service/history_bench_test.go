package service_test

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// talks is how many conversations the rows of the following benchmarks are in,
// all of them alice's.
const talks = 100

// large fills a store with n messages of talks conversations in turn, and says
// from where.
func large(b *testing.B, n int) (source string) {
	b.Helper()
	source = dbtest.SQLite(b)
	d, err := db.Open(source)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	per := n / talks
	err = d.Tx(b.Context(), func(s *xorm.Session) error {
		for _, fill := range []string{
			fmt.Sprintf(`WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < %d)
				INSERT INTO conversation (id, kind, low, high, seq, posts, lastpost, lastat) SELECT i + 1, 10, 1, i + 2, %d, %d, %d, 0 FROM k`, talks-1, per, per, per),
			`INSERT INTO member (conversationid, userid, peerid, role, muteduntil, readseq, readposts, own, delivered, mentionseq, pinned, muted, draft, createat)
				SELECT id, 1, high, 'member', 0, 0, 0, 0, 0, 0, FALSE, FALSE, '', 0 FROM conversation
				UNION ALL SELECT id, high, 1, 'member', 0, 0, 0, 0, 0, 0, FALSE, FALSE, '', 0 FROM conversation`,
			`INSERT INTO contact (userid, dstid, remark, createat) SELECT 1, high, '', 0 FROM conversation`,
			fmt.Sprintf(`WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < %d)
				INSERT INTO message (conversationid, seq, posts, userid, cid, digest, cmd, dstid, media, content, pic, url, memo, amount, ref, at, ext)
				SELECT i %% %d + 1, i / %d + 1, i / %d + 1, i %% %d + 2, 'c' || i, 0, 10, 1, 1,
				'a line of about the length that people write to each other in a chat', '', '', '', 0, 0, 0, '' FROM k`, per*talks-1, talks, talks, talks, talks),
			"UPDATE state SET value = (SELECT MAX(id) FROM message) WHERE name = 'search'",
		} {
			if _, err := s.Exec(fill); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return source
}

// rows are the sizes of the stores: 10^4 and 10^5, and what HONGYAN_BENCH_ROWS
// names beyond (1000000 takes a quarter of a minute to fill, 10000000 minutes and
// 3 GB).
func rows(b *testing.B) []int {
	list := []int{10_000, 100_000}
	if more := os.Getenv("HONGYAN_BENCH_ROWS"); more != "" {
		n, err := strconv.Atoi(more)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// BenchmarkLargeStore is the time of what people do, by the number of messages
// in the store: a page of history at the end and before it, the list of 100
// conversations with their unread counts, and a start to the first ack.
func BenchmarkLargeStore(b *testing.B) {
	for _, n := range rows(b) {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			source := large(b, n)
			d, err := db.Open(source)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			out := &recorder{}
			c := service.NewCommitter(d, out, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
			defer c.Close()
			messages, err := service.NewMessageService(b.Context(), d, c, out, time.Now, time.Minute, func() {})
			if err != nil {
				b.Fatal(err)
			}
			list := service.NewConversationService(d, c, out)
			page := func(p service.Page) func(b *testing.B) {
				return func(b *testing.B) {
					for b.Loop() {
						got, err := messages.History(b.Context(), alice, model.KindSingle, bob, p)
						if err != nil || len(got) != 50 {
							b.Fatal(len(got), err)
						}
					}
				}
			}
			b.Run("history/newest", page(service.Page{}))
			b.Run("history/middle", page(service.Page{Before: new(int64(n / talks * 3 / 4))}))
			b.Run("history/after", page(service.Page{After: new(int64(n / talks / 2))}))
			b.Run("conversations", func(b *testing.B) {
				for b.Loop() {
					got, err := list.List(b.Context(), alice)
					if err != nil || len(got) != talks || got[0].Unread == 0 || got[0].Last == nil {
						b.Fatal(len(got), err)
					}
				}
			})
			b.Run("restart", func(b *testing.B) {
				for b.Loop() {
					restart(b, source)
				}
			})
		})
	}
}

// restart opens a store as a start does, up to the first acknowledged message.
func restart(b *testing.B, source string) {
	d, err := db.Open(source)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := d.Inspect(b.Context(), 500*time.Millisecond); err != nil {
		b.Fatal(err)
	}
	c := service.NewCommitter(d, &recorder{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	defer c.Close()
	messages, err := service.NewMessageService(b.Context(), d, c, &recorder{}, time.Now, time.Minute, func() {})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := sendWait(b.Context(), messages, model.Sender{UserID: alice}, text(bob, "the first after the start", "")); err != nil {
		b.Fatal(err)
	}
}
