package service_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"
)

// fuzzChat is alice's and bob's group on SQLite, with a few messages in it.
func fuzzChat(f *testing.F) (*service.MessageService, *service.SearchService) {
	f.Helper()
	d, err := db.Open(dbtest.SQLite(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(context.Background()); err != nil {
		f.Fatal(err)
	}
	quiet, out := slog.New(slog.NewTextHandler(io.Discard, nil)), new(recorder)
	committer := service.NewCommitter(d, out, time.Now, metrics.New(), quiet)
	f.Cleanup(committer.Close)
	messages, err := service.NewMessageService(context.Background(), d, committer, out, time.Now, time.Minute, func() {})
	if err != nil {
		f.Fatal(err)
	}
	seedChat(f, d)
	for i := range 9 {
		if _, err := sendWait(context.Background(), messages, model.Sender{UserID: alice}, room(fmt.Sprint("灰度 message ", i))); err != nil {
			f.Fatal(err)
		}
	}
	search := service.NewSearchService(d, quiet)
	f.Cleanup(search.Close)
	return messages, search
}

// FuzzHistory: whatever cursors a client makes up, it gets a page that lies
// where they say, by rising seq, or a refusal that it may hear.
func FuzzHistory(f *testing.F) {
	messages, _ := fuzzChat(f)
	f.Add(model.KindRoom, int64(group), int64(5), int64(-1), 3)
	f.Add(model.KindRoom, int64(group), int64(-1), int64(0), 0)
	f.Add(model.KindSingle, int64(bob), int64(1<<62), int64(1<<62), 1<<40)
	f.Add(model.KindNotice, int64(-1), int64(-9), int64(-9), -1)
	f.Fuzz(func(t *testing.T, kind int, dstID, before, after int64, limit int) {
		p := service.Page{Limit: limit}
		if before != -1 {
			p.Before = &before
		}
		if after != -1 {
			p.After = &after
		}
		list, err := messages.History(t.Context(), bob, kind, dstID, p)
		if err != nil {
			if model.CodeOf(err) == model.CodeInternal {
				t.Fatal(err)
			}
			return
		}
		for i, m := range list {
			if p.Before != nil && m.Seq >= before || p.After != nil && m.Seq <= after || i > 0 && m.Seq <= list[i-1].Seq || limit > 0 && i >= limit {
				t.Fatalf("%d of %d has seq %d: before %v, after %v, limit %d", i, len(list), m.Seq, before, after, limit)
			}
		}
	})
}

// FuzzFind: no words make the search's own language fail.
func FuzzFind(f *testing.F) {
	_, search := fuzzChat(f)
	for _, seed := range []string{"灰度", `"`, "message OR *", "NEAR(a b)", "content:x -y ^z", "灰", "a\x00b", "{x y}:z", "+ +", "１２"} {
		f.Add(seed, int64(0), int64(0), 0)
	}
	f.Add("", int64(1), int64(2), -1)
	f.Fuzz(func(t *testing.T, words string, from, before int64, limit int) {
		list, err := search.Find(t.Context(), bob, service.Query{Text: words, Before: before, Limit: limit, Filter: service.Filter{From: from}})
		if err != nil && model.CodeOf(err) == model.CodeInternal {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.DstID != group {
				t.Fatalf("%q finds %+v", words, m)
			}
		}
	})
}
