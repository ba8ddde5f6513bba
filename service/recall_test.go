package service_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

func recallOf(seq int64) model.Message {
	return model.Message{Cmd: model.CmdRecall, Kind: model.KindRoom, DstID: group, Ref: seq}
}

// TestRecallsAreListed: who took back whose message and when, without the words,
// newest first and page by page.
func TestRecallsAreListed(t *testing.T) {
	onChat(t, func(c *chat) {
		said := c.now().UnixMilli()
		own, other := c.must(bob, room("mine")), c.must(bob, room("the boss will not like it"))
		c.wait(5 * time.Second)
		c.must(bob, recallOf(own.Seq))
		c.wait(5 * time.Second)
		c.must(alice, recallOf(other.Seq))
		c.must(bob, room("what stays"))
		want := []model.Recall{
			{Seq: 4, At: said + 10_000, UserID: alice, Ref: 2, AuthorID: bob, SaidAt: said, Media: model.MediaText},
			{Seq: 3, At: said + 5_000, UserID: bob, Ref: 1, AuthorID: bob, SaidAt: said, Media: model.MediaText},
		}
		list, next, err := c.messages.Recalls(c.Context(), alice, group, service.Page{})
		if err != nil || next != 0 || !slices.Equal(list, want) {
			c.Errorf("%+v, %d, %v", list, next, err)
		}
		first, next, err := c.messages.Recalls(c.Context(), alice, group, service.Page{Limit: 1})
		if err != nil || next != 4 || !slices.Equal(first, want[:1]) {
			c.Errorf("the first page: %+v, %d, %v", first, next, err)
		}
		rest, next, err := c.messages.Recalls(c.Context(), alice, group, service.Page{Limit: 2, Before: &next})
		if err != nil || next != 0 || !slices.Equal(rest, want[1:]) {
			c.Errorf("the rest: %+v, %d, %v", rest, next, err)
		}
	})
}

// TestRecallsOfALongTimeline: a look goes through so many places and says where to
// go on, also where it found nothing.
func TestRecallsOfALongTimeline(t *testing.T) {
	onChat(t, func(c *chat) {
		m := c.must(bob, room("long ago"))
		c.must(alice, recallOf(m.Seq))
		c.exec(func(s *xorm.Session) error { // as if much had been said since
			_, err := s.Exec("UPDATE conversation SET seq = 25000 WHERE id = 70")
			return err
		})
		var found []model.Recall
		var steps []int64
		for p := (service.Page{}); ; {
			list, next, err := c.messages.Recalls(c.Context(), alice, group, p)
			if err != nil {
				c.Fatal(err)
			}
			found, steps = append(found, list...), append(steps, next)
			if next == 0 {
				break
			}
			p.Before = &next
		}
		if fmt.Sprint(steps) != "[20001 15001 10001 5001 0]" || len(found) != 1 || found[0].Ref != m.Seq {
			c.Errorf("by %v: %+v", steps, found)
		}
	})
}

// TestRecallsAreForOwnerAndAdmins, and for nobody else.
func TestRecallsAreForOwnerAndAdmins(t *testing.T) {
	onChat(t, func(c *chat) {
		ask := func(user int64, p service.Page) model.Code {
			_, _, err := c.messages.Recalls(c.Context(), user, group, p)
			if err == nil {
				return ""
			}
			return model.CodeOf(err)
		}
		for role, code := range map[string]model.Code{model.RoleOwner: "", model.RoleAdmin: "", model.RoleMember: model.CodeForbidden} {
			c.exec(func(s *xorm.Session) error {
				_, err := s.Exec("UPDATE member SET role = ? WHERE conversationid = 70 AND userid = ?", role, bob)
				return err
			})
			if got := ask(bob, service.Page{}); got != code {
				c.Errorf("%s: %q, want %q", role, got, code)
			}
		}
		if got := ask(carol, service.Page{}); got != model.CodeNotMember {
			c.Errorf("a stranger: %q", got)
		}
		if got := ask(alice, before(0)); got != model.CodeInvalid {
			c.Errorf("before the beginning: %q", got)
		}
		if _, _, err := c.messages.Recalls(c.Context(), alice, group+1, service.Page{}); model.CodeOf(err) != model.CodeNotMember {
			c.Errorf("no group: %v", err)
		}
	})
}

// TestWhatWasTakenBackIsQuotedNoMore: an answer keeps its words and loses its copy
// of those that were taken back, wherever it is read; other answers keep theirs.
func TestWhatWasTakenBackIsQuotedNoMore(t *testing.T) {
	onChat(t, func(c *chat) {
		secret, open := c.must(bob, room("the password is swordfish")), c.must(bob, room("lunch?"))
		answer := func(to int64, quoted string) model.Message {
			m := room("an answer")
			m.Ref, m.Ext = to, json.RawMessage(`{"mentions":[2],"quote":{"userid":2,"text":"`+quoted+`"}}`)
			return c.must(alice, m)
		}
		first, second := answer(open.Seq, "lunch?"), answer(secret.Seq, "the password is swordfish")
		if err := c.messages.Pin(c.Context(), alice, model.KindRoom, group, second.Seq, true); err != nil {
			c.Fatal(err)
		}
		c.must(bob, recallOf(secret.Seq))

		check := func(where string, m model.Message) {
			c.Helper()
			if ext := string(m.Ext); m.Content != "an answer" || strings.Contains(ext, "swordfish") || !strings.Contains(ext, "mentions") {
				c.Errorf("%s: %q %s", where, m.Content, ext)
			}
		}
		list, err := c.messages.History(c.Context(), bob, model.KindRoom, group, service.Page{})
		if err != nil {
			c.Fatal(err)
		}
		for _, m := range list {
			switch m.Seq {
			case second.Seq:
				check("history", m)
			case first.Seq:
				if !strings.Contains(string(m.Ext), "lunch?") {
					c.Errorf("what stands is quoted no more: %s", m.Ext)
				}
			}
		}
		pins, err := c.messages.Pins(c.Context(), bob, model.KindRoom, group)
		if err != nil || len(pins) != 1 {
			c.Fatalf("%d pins, %v", len(pins), err)
		}
		check("pins", pins[0].Message)
		rows, err := c.list.List(c.Context(), bob)
		if err != nil || len(rows) == 0 || rows[0].Last == nil {
			c.Fatalf("%+v, %v", rows, err)
		}
		check("the list", *rows[0].Last)
		search := service.NewSearchService(c.db, slog.New(slog.DiscardHandler))
		c.Cleanup(search.Close)
		found, err := search.Find(c.Context(), bob, service.Query{Text: "answer"})
		if err != nil || len(found) != 2 || found[0].Seq != second.Seq {
			c.Fatalf("%+v, %v", found, err)
		}
		check("search", found[0])
	})
}
