package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
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

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// recorder is a Publisher that remembers.
type recorder struct {
	mu   sync.Mutex
	list []model.Delivery
}

func (r *recorder) Publish(d model.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, d)
}

func (r *recorder) Disconnect(int64, []int64, int, string) {}

func (r *recorder) Online(id int64) bool { return id == alice }

// take gives what was published since the last call.
func (r *recorder) take() []model.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// The people of the tests: alice and bob are friends, carol is nobody's; alice
// owns group, bob is in it.
const (
	alice = 1
	bob   = 2
	carol = 3
	group = 7
)

type chat struct {
	*testing.T
	db        *db.DB
	out       *recorder
	messages  *service.MessageService
	committer *service.Committer
	list      *service.ConversationService
	mu        sync.Mutex
	time      time.Time
}

func (c *chat) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *chat) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

func onChat(t *testing.T, fn func(c *chat)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := &chat{T: t, db: d, out: &recorder{}, time: time.UnixMilli(1_800_000_000_000)}
		committer := service.NewCommitter(d, c.out, c.now, metrics.New(), slog.New(slog.DiscardHandler))
		t.Cleanup(committer.Close)
		messages, err := service.NewMessageService(t.Context(), d, committer, c.out, c.now, 2*time.Minute, func() {})
		if err != nil {
			t.Fatal(err)
		}
		c.messages, c.committer = messages, committer
		c.list = service.NewConversationService(d, committer, c.out)
		c.seed()
		fn(c)
	})
}

func (c *chat) seed() { seedChat(c.T, c.db) }

// seedChat stores the people of the tests and their group.
func seedChat(t testing.TB, d *db.DB) {
	t.Helper()
	rows := []any{
		&model.User{ID: alice, Mobile: "100001", Nickname: "Alice"}, &model.User{ID: bob, Mobile: "100002", Nickname: "鲍勃"},
		&model.User{ID: carol, Mobile: "100003", Nickname: "Carol"},
		&model.Contact{UserID: alice, DstID: bob, Remark: "老鲍"}, &model.Contact{UserID: bob, DstID: alice},
		&model.Community{ID: group, Name: "开发群", OwnerID: alice, Size: 2},
		&model.Conversation{ID: 70, Kind: model.KindRoom, Low: group},
		&model.Member{ConversationID: 70, UserID: alice, Role: model.RoleOwner},
		&model.Member{ConversationID: 70, UserID: bob, Role: model.RoleMember},
	}
	if err := d.Tx(context.Background(), func(s *xorm.Session) error {
		for _, row := range rows {
			if _, err := s.Insert(row); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func (c *chat) exec(fn func(s *xorm.Session) error) {
	c.Helper()
	if err := c.db.Tx(context.Background(), fn); err != nil {
		c.Fatal(err)
	}
}

func (c *chat) send(from int64, m model.Message) (model.Message, error) {
	return sendWait(c.Context(), c.messages, model.Sender{UserID: from, Origin: 9}, m)
}

// sendWait sends and waits for the outcome.
func sendWait(ctx context.Context, s *service.MessageService, from model.Sender, m model.Message) (model.Message, error) {
	type outcome struct {
		ack model.Message
		err error
	}
	result := make(chan outcome, 1)
	s.Send(ctx, from, m, func(ack model.Message, err error) { result <- outcome{ack, err} })
	o := <-result
	return o.ack, o.err
}

// must sends what has to be accepted.
func (c *chat) must(from int64, m model.Message) model.Message {
	c.Helper()
	ack, err := c.send(from, m)
	if err != nil {
		c.Fatalf("send %+v: %v", m, err)
	}
	return ack
}

func text(to int64, content, cid string) model.Message {
	return model.Message{Cmd: model.CmdSingle, DstID: to, Media: model.MediaText, Content: content, CID: cid}
}

func room(content string) model.Message {
	return model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: content}
}

func (c *chat) history(user int64, kind int, dst int64, p service.Page) []model.Message {
	c.Helper()
	list, err := c.messages.History(c.Context(), user, kind, dst, p)
	if err != nil {
		c.Fatal(err)
	}
	return list
}

func (c *chat) row(user int64, kind int, dst int64) model.ConversationRow {
	c.Helper()
	row, err := c.list.One(c.Context(), user, kind, dst)
	if err != nil {
		c.Fatal(err)
	}
	return row
}

func after(seq int64) service.Page  { return service.Page{After: &seq} }
func before(seq int64) service.Page { return service.Page{Before: &seq} }

func TestSendIsStoredOnceAndDeliveredInOrder(t *testing.T) {
	onChat(t, func(c *chat) {
		first := c.must(alice, text(bob, "你好", "c1"))
		again := c.must(alice, text(bob, "你好", "c1"))
		if first.ID != again.ID || first.Seq != again.Seq || first.At != again.At {
			t.Errorf("a resend is acked as %+v, first %+v", again, first)
		}
		if first.Cmd != model.CmdAck || first.Seq != 1 || first.ID == 0 || first.DstID != bob || first.Kind != model.KindSingle || first.CID != "c1" {
			t.Errorf("ack %+v", first)
		}
		second := c.must(bob, text(alice, "hi", "c1")) // a cid is its sender's own
		if second.Seq != 2 {
			t.Errorf("seq %d, want 2", second.Seq)
		}
		if _, err := c.send(alice, text(bob, "anders", "c1")); model.CodeOf(err) != model.CodeCIDReused {
			t.Errorf("other content under a cid: %v", err)
		}
		if _, err := c.send(alice, model.Message{Cmd: model.CmdRoom, DstID: group, Media: 1, Content: "你好", CID: "c1"}); model.CodeOf(err) != model.CodeCIDReused {
			t.Errorf("other target under a cid: %v", err)
		}
		list := c.out.take()
		if len(list) != 3 || list[0].Message.UserID != alice || list[0].Ack.Seq != 1 || list[1].Users != nil || list[1].Ack.Seq != 1 || list[2].Message.Seq != 2 {
			t.Errorf("published %+v", list)
		}
		if got := c.history(bob, model.KindSingle, alice, after(0)); len(got) != 2 || got[0].Content != "你好" || got[1].UserID != bob {
			t.Errorf("history %+v", got)
		}
	})
}

// Two cids that differ in a trailing space or in case are two messages.
func TestCIDsAreComparedByteForByte(t *testing.T) {
	onChat(t, func(c *chat) {
		for i, cid := range []string{"pad", "pad ", "PAD", "päd", "pad\u3000"} {
			if ack := c.must(alice, text(bob, "好的", cid)); ack.Seq != int64(i+1) || ack.CID != cid {
				t.Errorf("%q is acked as %+v", cid, ack)
			}
		}
	})
}

// A client that lost the ack learns that its message was stored, even where it
// may not speak any more.
func TestAResendIsAckedAfterTheRightToSpeakIsGone(t *testing.T) {
	onChat(t, func(c *chat) {
		single, there := text(bob, "noch", "a"), room("da")
		there.CID = "b"
		edit := model.Message{Cmd: model.CmdEdit, Kind: 11, DstID: group, Ref: 1, Content: "dort", CID: "e"}
		first, second, third := c.must(alice, single), c.must(bob, there), c.must(bob, edit)
		c.exec(func(s *xorm.Session) error {
			_, err := s.Exec("DELETE FROM contact")
			if err == nil {
				_, err = s.Exec("DELETE FROM member WHERE conversationid = 70 AND userid = ?", bob)
			}
			return err
		})
		c.out.take()
		if ack := c.must(alice, single); ack.ID != first.ID || ack.Seq != first.Seq {
			t.Errorf("single: %+v, first %+v", ack, first)
		}
		if ack := c.must(bob, there); ack.ID != second.ID || ack.Seq != second.Seq {
			t.Errorf("room: %+v, first %+v", ack, second)
		}
		if ack := c.must(bob, edit); ack.ID != third.ID || ack.Seq != third.Seq {
			t.Errorf("edit: %+v, first %+v", ack, third)
		}
		if list := c.out.take(); len(list) != 3 || list[0].Ack == nil || list[0].Users != nil || list[1].Group != 0 {
			t.Errorf("published %+v", list)
		}
		if _, err := c.send(alice, text(bob, "anders", "a")); model.CodeOf(err) != model.CodeNotFriend {
			t.Errorf("another text under that cid: %v", err)
		}
		if _, err := c.send(alice, text(bob, "neu", "n")); model.CodeOf(err) != model.CodeNotFriend {
			t.Errorf("a new message: %v", err)
		}
	})
}

// Who is removed while a message waits for its commit does not speak.
func TestTheRightToSpeakIsLookedAtInTheCommit(t *testing.T) {
	onChat(t, func(c *chat) {
		for name, tt := range map[string]struct {
			m    model.Message
			take string
			want model.Code
		}{
			"removed":    {room("x"), "DELETE FROM member WHERE conversationid = 70 AND userid = 2", model.CodeNotMember},
			"unfriended": {text(alice, "x", ""), "DELETE FROM contact", model.CodeNotFriend},
		} {
			hold, held, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			submit := func(op service.Op) {
				if err := c.committer.Submit(t.Context(), op, func(error) {}); err != nil {
					t.Fatal(err)
				}
			}
			submit(func(*service.Tx) error { close(held); <-hold; return nil })
			<-held
			submit(func(tx *service.Tx) error { _, err := tx.Exec(tt.take); return err })
			c.messages.Send(t.Context(), model.Sender{UserID: bob}, tt.m, func(_ model.Message, err error) { result <- err })
			close(hold)
			if err := <-result; model.CodeOf(err) != tt.want {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
	})
}

// Unread stays exact wherever the cursor stops, one's own messages among them.
func TestReadingStepByStep(t *testing.T) {
	onChat(t, func(c *chat) {
		own := map[int64]bool{2: true, 3: true, 6: true, 9: true}
		for seq := int64(1); seq <= 10; seq++ {
			if own[seq] {
				c.must(alice, text(bob, "mine", ""))
			} else {
				c.must(bob, text(alice, "theirs", ""))
			}
		}
		for _, seq := range []int64{1, 2, 5, 6, 8, 10} {
			c.must(alice, model.Message{Cmd: model.CmdRead, Kind: 10, DstID: bob, Seq: seq})
			want := int64(0)
			for i := seq + 1; i <= 10; i++ {
				if !own[i] {
					want++
				}
			}
			if row := c.row(alice, 10, bob); row.Unread != want || row.ReadSeq != seq {
				t.Errorf("read to %d: %d unread, want %d", seq, row.Unread, want)
			}
		}
	})
}

func TestChangesOfAMessageAreBounded(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(bob, room("x"))
		refused := 0
		for i := range 55 {
			_, err := c.send(bob, model.Message{Cmd: model.CmdEdit, Kind: 11, DstID: group, Ref: 1, Content: fmt.Sprint(i)})
			if err != nil && model.CodeOf(err) != model.CodeConflict {
				t.Fatal(err)
			}
			if err != nil {
				refused++
			}
		}
		if refused != 5 {
			t.Errorf("%d edits refused, want 5 of 55", refused)
		}
		for i := range 25 {
			_, err := c.send(bob, model.Message{Cmd: model.CmdReact, Kind: 11, DstID: group, Ref: 1, Content: string(rune(0x1F600 + i)), Amount: 1})
			if want := i >= 20; (model.CodeOf(err) == model.CodeTooLarge) != want || err != nil && !want {
				t.Errorf("reaction %d: %v", i, err)
			}
		}
	})
}

// A message that was edited before it was recalled leaves nothing behind.
func TestRecallTakesItsEditsAlong(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(bob, room("eins"))
		c.must(bob, model.Message{Cmd: model.CmdEdit, Kind: 11, DstID: group, Ref: 1, Content: "geheim"})
		c.must(bob, model.Message{Cmd: model.CmdRecall, Kind: 11, DstID: group, Ref: 1})
		for _, m := range c.history(alice, 11, group, after(0)) {
			if m.Content != "" {
				t.Errorf("still there: %+v", m)
			}
		}
	})
}

func TestNoticesMayBeRead(t *testing.T) {
	onChat(t, func(c *chat) {
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Conversation{ID: 71, Kind: model.KindNotice, Low: bob, Seq: 3, Posts: 3},
				&model.Member{ConversationID: 71, UserID: bob})
			return err
		})
		c.must(bob, model.Message{Cmd: model.CmdRead, Kind: model.KindNotice, Seq: 3})
		if row := c.row(bob, model.KindNotice, 0); row.Unread != 0 || row.ReadSeq != 3 {
			t.Errorf("%+v", row)
		}
		if _, err := c.send(bob, model.Message{Cmd: model.CmdRecall, Kind: model.KindNotice, Ref: 1}); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("recalling a notice: %v", err)
		}
	})
}

func TestWithoutCIDEachIsAMessage(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(alice, text(bob, "x", ""))
		if ack := c.must(alice, text(bob, "x", "")); ack.Seq != 2 {
			t.Errorf("seq %d, want 2", ack.Seq)
		}
	})
}

func TestWhoMaySpeak(t *testing.T) {
	onChat(t, func(c *chat) {
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.User{ID: 4, Mobile: "100004"}, &model.Contact{UserID: alice, DstID: 4},
				&model.Contact{UserID: 4, DstID: alice}, &model.Block{UserID: 4, DstID: alice},
				&model.Member{ConversationID: 70, UserID: 4, Role: model.RoleMember, MutedUntil: c.now().Add(time.Hour).UnixMilli()})
			return err
		})
		for _, tt := range []struct {
			name string
			from int64
			m    model.Message
			want model.Code
		}{
			{"stranger", carol, text(alice, "x", ""), model.CodeNotFriend},
			{"nobody", alice, text(999, "x", ""), model.CodeNotFriend},
			{"oneself", alice, text(alice, "x", ""), model.CodeNotFriend},
			{"blocked", alice, text(4, "x", ""), model.CodeBlocked},
			{"muted", 4, room("x"), model.CodeForbidden},
			{"not a member", carol, room("x"), model.CodeNotMember},
			{"no such group", carol, model.Message{Cmd: 11, DstID: 999, Media: 1, Content: "x"}, model.CodeNotMember},
			{"no target", alice, text(0, "x", ""), model.CodeInvalid},
			{"beyond 2^53", alice, text(1<<53, "x", ""), model.CodeInvalid},
			{"no content", alice, text(bob, "", ""), model.CodeInvalid},
			{"unknown medium", alice, model.Message{Cmd: 10, DstID: bob, Media: 55, Content: "x"}, model.CodeInvalid},
			{"script url", alice, model.Message{Cmd: 10, DstID: bob, Media: 7, URL: "javascript:alert(1)"}, model.CodeInvalid},
			{"long cid", alice, text(bob, "x", strings.Repeat("x", 65)), model.CodeInvalid},
			{"unknown cmd", alice, model.Message{Cmd: 12, DstID: bob, Media: 1, Content: "x"}, model.CodeInvalid},
		} {
			if _, err := c.send(tt.from, tt.m); model.CodeOf(err) != tt.want {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		if list := c.out.take(); len(list) != 0 {
			t.Errorf("published %+v", list)
		}
	})
}

func TestUnreadCountsOthersMessagesAlone(t *testing.T) {
	onChat(t, func(c *chat) {
		for i := range 5 {
			c.must(bob, text(alice, fmt.Sprint(i), ""))
		}
		c.must(alice, text(bob, "answer", ""))                                                                                      // 6
		c.must(bob, model.Message{Cmd: model.CmdReact, Kind: 10, DstID: alice, Ref: 6, Content: "👍", Amount: 1})                    // 7
		if row := c.row(alice, 10, bob); row.Unread != 5 || row.LastSeq != 7 || row.Last.Content != "answer" || row.Title != "老鲍" { // not her own, not the reaction
			t.Errorf("alice %+v", row)
		}
		if row := c.row(bob, 10, alice); row.Unread != 1 || !row.Online {
			t.Errorf("bob %+v", row)
		}
		read := func(seq int64) { c.must(alice, model.Message{Cmd: model.CmdRead, Kind: 10, DstID: bob, Seq: seq}) }
		read(3)
		if row := c.row(alice, 10, bob); row.Unread != 2 || row.ReadSeq != 3 {
			t.Errorf("after reading 3: %+v", row)
		}
		read(2) // never back
		if row := c.row(alice, 10, bob); row.Unread != 2 || row.ReadSeq != 3 {
			t.Errorf("after reading 2: %+v", row)
		}
		read(7)
		if row := c.row(alice, 10, bob); row.Unread != 0 {
			t.Errorf("after reading all: %+v", row)
		}
		if row := c.row(bob, 10, alice); row.PeerRead != 7 {
			t.Errorf("bob sees %+v", row)
		}
		c.must(alice, text(bob, "more", ""))
		if row := c.row(alice, 10, bob); row.Unread != 0 {
			t.Errorf("after her own: %+v", row)
		}
		if _, err := c.send(alice, model.Message{Cmd: model.CmdRead, Kind: 10, DstID: bob, Seq: 99}); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("reading the future: %v", err)
		}
		if _, err := c.send(carol, model.Message{Cmd: model.CmdRead, Kind: 11, DstID: group, Seq: 0}); model.CodeOf(err) != model.CodeNotMember {
			t.Errorf("reading where one is not: %v", err)
		}
	})
}

func TestRecallEditReact(t *testing.T) {
	onChat(t, func(c *chat) {
		change := func(cmd int, ref int64, content, cid string, amount int64) model.Message {
			return model.Message{Cmd: cmd, Kind: 11, DstID: group, Ref: ref, Content: content, CID: cid, Amount: amount}
		}
		c.must(bob, room("eins"))
		c.must(bob, room("zwei"))
		if ack := c.must(bob, change(model.CmdEdit, 1, "uno", "e1", 0)); ack.Seq != 3 || ack.CID != "e1" {
			t.Errorf("edit ack %+v", ack)
		}
		if ack := c.must(bob, change(model.CmdEdit, 1, "uno", "e1", 0)); ack.Seq != 3 {
			t.Errorf("a resent edit is acked as %+v", ack)
		}
		c.must(alice, change(model.CmdReact, 1, "🎉", "", 1))
		c.must(bob, change(model.CmdReact, 1, "🎉", "", 1))
		c.must(bob, change(model.CmdReact, 1, "🎉", "", 0))
		c.must(bob, change(model.CmdRecall, 2, "", "r1", 0))
		if ack := c.must(bob, change(model.CmdRecall, 2, "", "r1", 0)); ack.Seq != 7 {
			t.Errorf("a resent recall is acked as %+v", ack)
		}
		for name, tt := range map[string]struct {
			from int64
			m    model.Message
			want model.Code
		}{
			"edit another's":   {alice, change(model.CmdEdit, 1, "x", "", 0), model.CodeForbidden},
			"edit recalled":    {bob, change(model.CmdEdit, 2, "x", "", 0), model.CodeConflict},
			"recall twice":     {bob, change(model.CmdRecall, 2, "", "", 0), model.CodeConflict},
			"recall a change":  {bob, change(model.CmdRecall, 3, "", "", 0), model.CodeNotFound},
			"recall nothing":   {bob, change(model.CmdRecall, 99, "", "", 0), model.CodeNotFound},
			"react by another": {carol, change(model.CmdReact, 1, "👍", "", 1), model.CodeNotMember},
			"react in words":   {bob, change(model.CmdReact, 1, "ok", "", 1), model.CodeInvalid},
			"react with a lot": {bob, change(model.CmdReact, 1, strings.Repeat("👍", 17), "", 1), model.CodeInvalid},
		} {
			if _, err := c.send(tt.from, tt.m); model.CodeOf(err) != tt.want {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
		got := c.history(alice, 11, group, service.Page{})
		if len(got) != 2 {
			t.Fatalf("page %+v", got)
		}
		var ext struct {
			Edited    int64
			Recalled  bool
			Reactions map[string][]int64
		}
		if err := json.Unmarshal(got[0].Ext, &ext); err != nil || got[0].Content != "uno" || ext.Edited == 0 || len(ext.Reactions["🎉"]) != 1 {
			t.Errorf("first %+v %s", got[0], got[0].Ext)
		}
		if err := json.Unmarshal(got[1].Ext, &ext); err != nil || got[1].Content != "" || !ext.Recalled {
			t.Errorf("second %+v %s", got[1], got[1].Ext)
		}
		if all := c.history(alice, 11, group, after(2)); len(all) != 5 || all[0].Cmd != model.CmdEdit || all[4].Cmd != model.CmdRecall || all[4].Seq != 7 {
			t.Errorf("since 2: %+v", all)
		}
		c.must(bob, room("drei")) // 8
		c.wait(3 * time.Minute)
		if _, err := c.send(bob, change(model.CmdRecall, 8, "", "", 0)); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("a late recall: %v", err)
		}
		c.must(alice, change(model.CmdRecall, 8, "", "", 0)) // the owner may
	})
}

func TestExtKeysOfTheServerAreNotBelieved(t *testing.T) {
	onChat(t, func(c *chat) {
		m := text(bob, "x", "")
		m.Ext = json.RawMessage(`{"recalled":true,"waveform":[1,2]}`)
		c.must(alice, m)
		if got := c.history(bob, 10, alice, service.Page{})[0]; string(got.Ext) != `{"waveform":[1,2]}` {
			t.Errorf("ext %s", got.Ext)
		}
	})
}

func TestHistoryPages(t *testing.T) {
	onChat(t, func(c *chat) {
		for i := range 60 {
			c.must(alice, text(bob, fmt.Sprint(i+1), ""))
		}
		for name, tt := range map[string]struct {
			page        service.Page
			first, last int64
		}{
			"newest":        {service.Page{}, 11, 60},
			"before":        {before(11), 1, 10},
			"after":         {after(57), 58, 60},
			"from start":    {after(0), 1, 50},
			"clamped":       {service.Page{Limit: 1e9}, 1, 60},
			"at least one":  {service.Page{Limit: -4}, 60, 60},
			"before by two": {service.Page{Before: before(60).Before, Limit: 2}, 58, 59},
		} {
			list := c.history(bob, 10, alice, tt.page)
			if len(list) == 0 || list[0].Seq != tt.first || list[len(list)-1].Seq != tt.last || int64(len(list)) != tt.last-tt.first+1 {
				t.Errorf("%s: %d rows", name, len(list))
			}
		}
		if list := c.history(bob, 10, alice, after(60)); len(list) != 0 {
			t.Errorf("after the last: %d rows", len(list))
		}
		for name, tt := range map[string]struct {
			user int64
			kind int
			dst  int64
			page service.Page
			want model.Code
		}{
			"stranger":    {carol, 10, alice, service.Page{}, model.CodeNotFriend},
			"not a user":  {carol, 10, 999, service.Page{}, model.CodeNotFriend},
			"not in":      {carol, 11, group, service.Page{}, model.CodeNotMember},
			"no group":    {carol, 11, 999, service.Page{}, model.CodeNotMember},
			"kind":        {alice, 5, bob, service.Page{}, model.CodeInvalid},
			"negative":    {alice, 10, bob, before(-1), model.CodeInvalid},
			"both":        {alice, 10, bob, service.Page{Before: before(5).Before, After: after(1).After}, model.CodeInvalid},
			"after minus": {alice, 10, bob, after(-1), model.CodeInvalid},
		} {
			if _, err := c.messages.History(t.Context(), tt.user, tt.kind, tt.dst, tt.page); model.CodeOf(err) != tt.want {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
		}
	})
}

func TestConversationListAndSettings(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(bob, text(alice, "a", ""))
		c.wait(time.Second)
		m := room("look")
		m.Ext = json.RawMessage(`{"mentions":[1]}`)
		c.must(bob, m)
		list, err := c.list.List(t.Context(), alice)
		if err != nil || len(list) != 2 || list[0].Kind != 11 || list[0].Title != "开发群" || !list[0].Mentioned || list[1].Unread != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		yes, draft := true, "morgen"
		row, err := c.list.Set(t.Context(), model.Sender{UserID: alice}, 10, bob, service.Settings{Pinned: &yes, Draft: &draft})
		if err != nil || !row.Pinned || row.Draft != draft || row.Muted {
			t.Errorf("%+v, %v", row, err)
		}
		if list, _ = c.list.List(t.Context(), alice); list[0].Kind != 10 {
			t.Errorf("the pinned one is not on top: %+v", list)
		}
		if _, err := c.list.Set(t.Context(), model.Sender{UserID: carol}, 11, group, service.Settings{Pinned: &yes}); model.CodeOf(err) != model.CodeNotMember {
			t.Errorf("settings of a foreign group: %v", err)
		}
		if list, err := c.list.List(t.Context(), carol); err != nil || len(list) != 0 {
			t.Errorf("carol has %+v, %v", list, err)
		}
	})
}

// TestOnlyWhoMayCallsEverybody: clients believe that a message calls all.
func TestOnlyWhoMayCallsEverybody(t *testing.T) {
	onChat(t, func(c *chat) {
		call := func(cid, ext string) model.Message {
			m := room("@所有人")
			m.CID, m.Ext = cid, json.RawMessage(ext)
			return m
		}
		c.must(alice, call("owner", `{"mentions":"all"}`))
		for _, ext := range []string{`{"mentions":"all"}`, `{"mentions":"\u0061ll"}`} {
			if _, err := c.send(bob, call("", ext)); model.CodeOf(err) != model.CodeForbidden {
				t.Errorf("a member with %s: %v", ext, err)
			}
		}
		c.must(bob, call("one", `{"mentions":[1]}`))
		c.must(bob, call("none", `{"mentions":"some"}`))
		list, err := c.list.List(t.Context(), bob)
		if err != nil || len(list) != 1 || !list[0].Mentioned || list[0].LastSeq != 3 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestParallelSendersGetOneGaplessOrder(t *testing.T) {
	onChat(t, func(c *chat) {
		var wg sync.WaitGroup
		for from := range 8 {
			wg.Go(func() {
				for i := range 25 {
					sender := []int64{alice, bob}[from%2]
					m := room(fmt.Sprint(i))
					m.CID = fmt.Sprintf("%d-%d", from, i/2) // each twice, half of them resends
					m.Content = fmt.Sprint(i / 2)
					if _, err := c.send(sender, m); err != nil {
						t.Errorf("send: %v", err)
					}
				}
			})
		}
		wg.Wait()
		list := c.history(alice, 11, group, service.Page{After: after(0).After, Limit: 200})
		if len(list) != 8*13 {
			t.Fatalf("%d messages, want %d", len(list), 8*13)
		}
		for i, m := range list {
			if m.Seq != int64(i+1) {
				t.Fatalf("place %d has seq %d", i+1, m.Seq)
			}
		}
		seq := int64(0)
		for _, d := range c.out.take() {
			if d.Message.Cmd != model.CmdRoom {
				continue
			}
			if d.Message.Seq != seq+1 {
				t.Fatalf("published %d after %d", d.Message.Seq, seq)
			}
			seq = d.Message.Seq
		}
	})
}

func TestTypingReachesOnlyThoseItMay(t *testing.T) {
	onChat(t, func(c *chat) {
		typing := model.Message{Cmd: model.CmdTyping, Kind: 10, DstID: bob}
		if err := c.messages.Typing(t.Context(), model.Sender{UserID: alice}, typing); err != nil {
			t.Fatal(err)
		}
		if list := c.out.take(); len(list) != 1 || !list[0].Ephemeral || len(list[0].Users) != 1 || list[0].Users[0] != bob {
			t.Errorf("published %+v", list)
		}
		if err := c.messages.Typing(t.Context(), model.Sender{UserID: carol}, typing); model.CodeOf(err) != model.CodeNotFriend {
			t.Errorf("a stranger's typing: %v", err)
		}
	})
}

// An op that fails or panics takes no other with it.
func TestOneBadOpLeavesTheRestOfItsBatch(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := service.NewCommitter(d, &recorder{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		defer c.Close()
		hold := make(chan struct{})
		results := make([]chan error, 3)
		for i := range results {
			results[i] = make(chan error, 1)
		}
		submit := func(i int, op service.Op) {
			if err := c.Submit(t.Context(), op, func(err error) { results[i] <- err }); err != nil {
				t.Fatal(err)
			}
		}
		first := make(chan error, 1)
		if err := c.Submit(t.Context(), func(*service.Tx) error { <-hold; return nil }, func(err error) { first <- err }); err != nil {
			t.Fatal(err)
		}
		insert := func(mobile string) service.Op {
			return func(tx *service.Tx) error { _, err := tx.Insert(&model.User{Mobile: mobile}); return err }
		}
		boom := errors.New("boom")
		submit(0, insert("100001"))
		submit(1, func(tx *service.Tx) error {
			if err := insert("100009")(tx); err != nil {
				return err
			}
			if d.Dialect == db.SQLite {
				panic("half way")
			}
			return boom
		})
		submit(2, insert("100002"))
		close(hold)
		if err := errors.Join(<-first, <-results[0], <-results[2]); err != nil {
			t.Fatal(err)
		}
		if err := <-results[1]; err == nil {
			t.Fatal("the bad op passed")
		}
		_ = d.View(t.Context(), func(v *xorm.Session) error {
			if n, err := v.Where("1 = 1").Count(new(model.User)); err != nil || n != 2 {
				t.Errorf("%d rows, %v; want 2", n, err)
			}
			return nil
		})
	})
}

// panicky is a Publisher with a fault for one message.
type panicky struct{ recorder }

func (p *panicky) Publish(d model.Delivery) {
	if d.Message.Content == "boom" {
		panic("in the fan-out")
	}
	p.recorder.Publish(d)
}

func TestAPanicInTheFanOutEndsNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		out := &panicky{}
		c := service.NewCommitter(d, out, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		defer c.Close()
		for _, content := range []string{"boom", "fine"} {
			if err := c.Do(t.Context(), func(tx *service.Tx) error {
				tx.Publish(model.Delivery{Message: model.Message{Content: content}})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if list := out.take(); len(list) != 1 || list[0].Message.Content != "fine" {
			t.Errorf("published %+v", list)
		}
	})
}

func TestClosedCommitterFinishesAndRefuses(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := service.NewCommitter(d, &recorder{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		done := make(chan error, 1)
		if err := c.Submit(t.Context(), func(*service.Tx) error { return nil }, func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := c.Do(t.Context(), func(*service.Tx) error { return nil }); model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("after closing: %v", err)
		}
	})
}
