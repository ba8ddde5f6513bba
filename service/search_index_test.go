package service_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// search starts a SearchService as a node has one.
func (c *chat) search() *service.SearchService {
	s := service.NewSearchService(c.db, slog.New(slog.DiscardHandler))
	c.Cleanup(s.Close)
	return s
}

// found awaits that a search gives so many messages.
func (c *chat) found(s *service.SearchService, word string, want int) {
	c.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		list, err := s.Find(c.Context(), alice, service.Query{Text: word, Limit: 200})
		if err != nil {
			c.Fatal(err)
		}
		if len(list) == want {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("%d found of %s, want %d", len(list), word, want)
		}
	}
}

// put stores a message past the committer.
func put(s *xorm.Session, seq int64, content string) error {
	_, err := s.Insert(&model.Post{ConversationID: 70, Seq: seq, UserID: bob, Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: content})
	return err
}

// TestSearchBacklog: what was said while nobody indexed is found in the end,
// and no search waits for all of it.
func TestSearchBacklog(t *testing.T) {
	onChat(t, func(c *chat) {
		const backlog = 1000
		c.exec(func(s *xorm.Session) error {
			for i := range backlog {
				if err := put(s, int64(1000+i), fmt.Sprintf("backlog n%d", i%10)); err != nil {
					return err
				}
			}
			return nil
		})
		s := c.search()
		list, err := s.Find(t.Context(), alice, service.Query{Text: "n9", Limit: 200})
		if err != nil || len(list) == backlog/10 {
			t.Errorf("the first search indexed all: %d, %v", len(list), err)
		}
		c.found(s, "n3", backlog/10)
	})
}

// TestSearchTwoNodes: two nodes index one database; nothing is missing, and
// nothing that becomes visible after what has a greater id.
func TestSearchTwoNodes(t *testing.T) {
	onChat(t, func(c *chat) {
		if c.db.Dialect == db.SQLite {
			c.Skip("a file has one node")
		}
		one, two := c.search(), c.search()
		written, release := make(chan struct{}), make(chan struct{})
		late := make(chan error, 1)
		go func() {
			var once sync.Once
			late <- c.db.Tx(context.WithoutCancel(t.Context()), func(s *xorm.Session) error {
				err := put(s, 9000, "latecomer")
				once.Do(func() { close(written) })
				<-release
				return err
			})
		}()
		<-written
		const count = 60
		var all sync.WaitGroup
		for i := range count {
			c.must(alice, room(fmt.Sprint("common ", i)))
			all.Go(func() {
				s := one
				if i%2 == 0 {
					s = two
				}
				s.Notify()
				if _, err := s.Find(t.Context(), alice, service.Query{Text: "common"}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		c.found(one, "common", count)
		c.found(two, "common", count)
		close(release)
		if err := <-late; err != nil {
			t.Fatal(err)
		}
		c.found(one, "latecomer", 1)
	})
}

// TestSendDuringSearches: any number of searches leaves the way free for those
// who talk.
func TestSendDuringSearches(t *testing.T) {
	onChat(t, func(c *chat) {
		s := c.search()
		for i := range 200 {
			c.must(alice, room(fmt.Sprint("many words ", i)))
		}
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				for ctx.Err() == nil {
					_, err := s.Find(ctx, alice, service.Query{Text: "wor"})
					if err != nil && ctx.Err() == nil && model.CodeOf(err) != model.CodeUnavailable {
						t.Error(err)
						return
					}
				}
			})
		}
		slowest := time.Duration(0)
		for i := range 50 {
			began := time.Now()
			c.must(bob, room(fmt.Sprint("meanwhile ", i)))
			slowest = max(slowest, time.Since(began))
		}
		stop()
		all.Wait()
		t.Logf("the slowest message took %v", slowest)
		if slowest > 2*time.Second {
			t.Errorf("a message took %v", slowest)
		}
	})
}
