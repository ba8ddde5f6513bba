package service_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
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

// sharedGroups are groups of alice and bob in which each said a word; busyRounds
// is how often everything is done in each.
const (
	sharedGroups = 8
	busyRounds   = 25
)

// TestNodesLockInOneOrder: on two nodes people speak in the same groups, read,
// edit and react, the ones from the first group to the last
// and the others the other way round, and no transaction ends for another's sake.
func TestNodesLockInOneOrder(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		if d.Dialect != db.MySQL {
			t.Skip("SQLite has one writer")
		}
		groups := seedGroups(t, d)
		nodes := [2]*busyNode{newBusyNode(t, d, alice, 1), newBusyNode(t, d, bob, 2)}
		before := deadlocks(t, d)
		began := time.Now()
		var all sync.WaitGroup
		for i, n := range nodes {
			list := slices.Clone(groups)
			if i == 1 {
				slices.Reverse(list)
			}
			for hand := range 3 {
				all.Go(func() { n.work(t, list, hand) })
			}
		}
		all.Wait()
		took, count := time.Since(began).Round(time.Millisecond), deadlocks(t, d)-before
		t.Logf("%d deadlocks in %v", count, took)
		if count != 0 {
			t.Errorf("%d transactions ended in favour of others", count)
		}
	})
}

// TestNodesBeginTheSameTalks: on two nodes two people each write to each other
// for the first time, all at once and the one half in the order of the other
// turned round, and no transaction ends for another's sake.
func TestNodesBeginTheSameTalks(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		if d.Dialect != db.MySQL {
			t.Skip("SQLite has one writer")
		}
		const pairs = 400
		seedChat(t, d)
		var rows []model.Contact
		for i := range int64(2 * pairs) {
			rows = append(rows, model.Contact{UserID: 1000 + i, DstID: 1000 + i ^ 1})
		}
		if err := d.Tx(t.Context(), func(s *xorm.Session) error { _, err := s.Insert(rows); return err }); err != nil {
			t.Fatal(err)
		}
		before := deadlocks(t, d)
		var all sync.WaitGroup
		for side := range int64(2) {
			n := newBusyNode(t, d, 0, 0)
			for i := range int64(pairs) {
				if side == 1 {
					i = pairs - 1 - i
				}
				who := 1000 + 2*i + side
				all.Add(1)
				m := model.Message{Cmd: model.CmdSingle, DstID: who ^ 1, Media: model.MediaText, Content: "hello", CID: fmt.Sprint(who)}
				n.messages.Send(context.Background(), model.Sender{UserID: who}, m, func(_ model.Message, err error) {
					if err != nil {
						t.Errorf("%d: %v", who, err)
					}
					all.Done()
				})
			}
		}
		all.Wait()
		if count := deadlocks(t, d) - before; count != 0 {
			t.Errorf("%d transactions ended in favour of others", count)
		}
		var talks, seats, posts int64
		if err := d.View(t.Context(), func(s *xorm.Session) error {
			_, err := s.SQL(`SELECT (SELECT COUNT(*) FROM conversation WHERE kind = ? AND low >= 1000 AND seq = 2),
				(SELECT COUNT(*) FROM member WHERE userid >= 1000), (SELECT COUNT(*) FROM message WHERE userid >= 1000)`, model.KindSingle).Get(&talks, &seats, &posts)
			return err
		}); err != nil || talks != pairs || seats != 2*pairs || posts != 2*pairs {
			t.Errorf("%d conversations of two messages, %d seats, %d messages, %v", talks, seats, posts, err)
		}
	})
}

// seedGroups stores the people of the tests and the groups.
func seedGroups(t *testing.T, d *db.DB) (groups []int64) {
	t.Helper()
	seedChat(t, d)
	n := newBusyNode(t, d, 0, 0)
	for i := range int64(sharedGroups) {
		id := 100 + i
		groups = append(groups, id)
		if err := d.Tx(t.Context(), func(s *xorm.Session) error {
			for _, row := range []any{
				&model.Community{ID: id, Name: fmt.Sprint("group", id), OwnerID: alice, Size: 2},
				&model.Conversation{ID: id, Kind: model.KindRoom, Low: id},
				&model.Member{ConversationID: id, UserID: alice, Role: model.RoleOwner},
				&model.Member{ConversationID: id, UserID: bob, Role: model.RoleMember},
			} {
				if _, err := s.Insert(row); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, who := range []int64{alice, bob} { // alice's is 1, bob's is 2
			m := model.Message{Cmd: model.CmdRoom, DstID: id, Media: model.MediaText, Content: "first"}
			if _, err := sendWait(t.Context(), n.messages, model.Sender{UserID: who}, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	return groups
}

// busyNode is what one node does with messages, for one user whose own message
// in each group has seq own.
type busyNode struct {
	messages *service.MessageService
	user     int64
	own      int64
}

func newBusyNode(t *testing.T, d *db.DB, user, own int64) *busyNode {
	t.Helper()
	c := service.NewCommitter(d, &recorder{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	t.Cleanup(c.Close)
	messages, err := service.NewMessageService(t.Context(), d, c, &recorder{}, time.Now, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	return &busyNode{messages, user, own}
}

// work does everything in each group, in their order, and begins anew when all
// of it is done: what is submitted meanwhile is one batch.
func (n *busyNode) work(t *testing.T, groups []int64, hand int) {
	for round := range busyRounds {
		var all sync.WaitGroup
		send := func(m model.Message) {
			all.Add(1)
			n.messages.Send(context.Background(), model.Sender{UserID: n.user}, m, func(_ model.Message, err error) {
				if err != nil {
					t.Errorf("%+v: %v", m, err)
				}
				all.Done()
			})
		}
		for _, g := range groups {
			change := model.Message{Kind: model.KindRoom, DstID: g, Ref: n.own}
			switch hand {
			case 0:
				change.Cmd, change.Content = model.CmdEdit, fmt.Sprint("edit ", round)
				send(change)
			case 1:
				change.Cmd, change.Content, change.Amount = model.CmdReact, "👍", int64(round+1)%2
				send(change)
			case 2:
				change.Cmd, change.Ref, change.Seq = model.CmdRead, 0, int64(round/2)+2 // so far it has come by its own words
				send(change)
				all.Add(1)
				n.messages.Delivered(context.Background(), model.Sender{UserID: n.user}, change, func(err error) {
					if err != nil {
						t.Errorf("delivered: %v", err)
					}
					all.Done()
				})
			}
			if round%2 == 0 {
				send(model.Message{Cmd: model.CmdRoom, DstID: g, Media: model.MediaText, Content: "word", CID: fmt.Sprint(hand, " ", round, " ", g)})
			}
		}
		all.Wait()
	}
}

// deadlocks gives how many the database has seen.
func deadlocks(t *testing.T, d *db.DB) (count int64) {
	t.Helper()
	var name string
	if err := d.View(t.Context(), func(s *xorm.Session) error {
		_, err := s.SQL("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").Get(&name, &count)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if name == "" {
		t.Skip("this server does not count deadlocks")
	}
	return count
}
