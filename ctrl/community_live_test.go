package ctrl

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"github.com/gorilla/websocket"
	"xorm.io/xorm"
)

// square is /chat and the groups' routes over a real database; users 1 and 2
// are friends, and 1 has a group with 2 in it.
type square struct {
	*chatSite
	group    int64
	one, two *talker
}

func newSquare(t *testing.T) *square {
	t.Helper()
	d, err := db.Open(dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	err = d.Tx(t.Context(), func(s *xorm.Session) error {
		_, err := s.Insert(&model.User{ID: 1, Mobile: "100001", Nickname: "一"}, &model.User{ID: 2, Mobile: "100002", Nickname: "二"},
			&model.Contact{UserID: 1, DstID: 2}, &model.Contact{UserID: 2, DstID: 1},
			&model.Session{ID: 11, UserID: 1, Hash: "1", SeenAt: time.Now().UnixMilli()}, &model.Session{ID: 22, UserID: 2, Hash: "2", SeenAt: time.Now().UnixMilli()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newChat(t, nil)
	committer := service.NewCommitter(d, s.hub, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	t.Cleanup(committer.Close)
	messages, err := service.NewMessageService(t.Context(), d, committer, s.hub, time.Now, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	groups := service.NewCommunityService(d, committer, s.hub, time.Now)
	s.server.Communities, s.server.Chat.Messages = groups, messages
	s.server.Chat.Standing = service.NewSessionService(d, s.hub, time.Now, 20).Standing
	q := &square{chatSite: s, one: s.talker("one"), two: s.talker("two")}
	g, err := groups.Create(t.Context(), 1, service.NewGroup{Name: "广场", Members: []int64{2}})
	if err != nil {
		t.Fatal(err)
	}
	q.group = g.ID
	for _, p := range []*talker{q.one, q.two} {
		p.event(model.EventGroupJoined, g.ID, 0)
	}
	return q
}

// post calls a route as the user of a token.
func (q *square) post(token, path, form string) {
	q.Helper()
	r, err := http.NewRequestWithContext(q.Context(), http.MethodPost, q.URL+path, strings.NewReader(fmt.Sprintf("dstid=%d&%s", q.group, form)))
	if err != nil {
		q.Fatal(err)
	}
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		q.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		q.Fatalf("%s: status %d", path, answer.StatusCode)
	}
}

// event reads an event of a group, with its place in the timeline if it has one.
func (p *talker) event(name string, group, seq int64) {
	p.Helper()
	if m := p.next(); m.Cmd != model.CmdEvent || m.Content != name || m.DstID != group || m.Seq != seq || (m.Kind == model.KindRoom) != (seq > 0) {
		p.Fatalf("got %+v, want %s at %d", m, name, seq)
	}
}

func speech(group int64, cid string) string {
	return fmt.Sprintf(`{"cmd":11,"dstid":%d,"media":1,"content":"hi","cid":%q}`, group, cid)
}

// Sockets enter and leave a group's fan-out with the change of membership.
func TestSocketsFollowTheMembership(t *testing.T) {
	q := newSquare(t)
	say := func(cid string, seq int64) {
		t.Helper()
		q.one.say(speech(q.group, cid))
		if m := q.one.next(); m.Cmd != model.CmdAck || m.Seq != seq {
			t.Fatalf("ack %+v, want seq %d", m, seq)
		}
	}
	say("a", 1)
	if m := q.two.next(); m.Cmd != model.CmdRoom || m.Seq != 1 || m.UserID != 1 {
		t.Errorf("got %+v", m)
	}
	q.post("one", "/community/kick", "memberid=2")
	q.one.event(model.EventGroupLeft, q.group, 2)
	q.two.event(model.EventGroupLeft, q.group, 2)
	q.two.event(model.EventGroupLeft, q.group, 0)
	say("b", 3)
	q.two.alive() // and nothing before the answer

	q.two.say(speech(q.group, "c"))
	q.two.refused(model.CodeNotMember, "c")
	q.two.say(speech(q.group+1, "c"))
	q.two.refused(model.CodeNotMember, "c")

	q.post("one", "/community/invite", "members=2") // who was sent away does not come back without consent
	q.one.event(model.EventGroupJoined, q.group, 4)
	q.two.event(model.EventGroupJoined, q.group, 4)
	q.two.event(model.EventGroupJoined, q.group, 0)
	say("d", 5)
	if m := q.two.next(); m.Cmd != model.CmdRoom || m.Seq != 5 {
		t.Errorf("got %+v", m)
	}
	late := q.talker("two")
	say("e", 6)
	for _, p := range []*talker{q.two, late} {
		if m := p.next(); m.Seq != 6 {
			t.Errorf("got %+v", m)
		}
	}
	q.post("one", "/community/dismiss", "")
	for _, p := range []*talker{q.one, q.two, late} {
		p.event(model.EventGroupDismissed, q.group, 0)
	}
	q.one.say(speech(q.group, "f"))
	q.one.refused(model.CodeNotMember, "f")
	q.two.alive()
}

// Somebody is kicked while others talk: what the socket gets is the timeline
// without a gap up to the entry that tells of it, and nothing after.
func TestKickInTheMiddleOfTheTalk(t *testing.T) {
	q := newSquare(t)
	const talk = 300
	half := make(chan struct{})
	sent := make(chan error, 1)
	go func() {
		for i := range talk {
			if i == talk/2 {
				close(half)
			}
			if err := q.one.WriteMessage(websocket.TextMessage, []byte(speech(q.group, fmt.Sprint(i)))); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	<-half
	q.post("one", "/community/kick", "memberid=2")
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	for acks := 0; acks < talk; {
		if m := q.one.next(); m.Cmd == model.CmdAck {
			acks++
		} else if m.Cmd == model.CmdError {
			t.Fatalf("refused: %+v", m)
		}
	}
	q.two.say(`{"cmd":0}`)
	var last, out int64
	for {
		m := q.two.next()
		if m.Cmd == model.CmdHeart {
			break
		}
		if m.Seq == 0 {
			continue // the event for the list
		}
		if m.Seq != last+1 || out > 0 {
			t.Fatalf("seq %d after %d, out at %d", m.Seq, last, out)
		}
		last = m.Seq
		if m.Cmd == model.CmdEvent {
			out = m.Seq
		}
	}
	if out == 0 {
		t.Errorf("never told, last seq %d", last)
	}
}

// A group that one is not in, in whatever way, is answered alike.
func TestFramesToForeignGroups(t *testing.T) {
	q := newSquare(t)
	q.post("two", "/contact/leavecommunity", "")
	q.two.event(model.EventGroupLeft, q.group, 1)
	q.two.event(model.EventGroupLeft, q.group, 0)
	q.one.event(model.EventGroupLeft, q.group, 1)
	for _, frame := range []string{speech(q.group, "x"), speech(99999, "x")} {
		q.two.say(frame)
		q.two.refused(model.CodeNotMember, "x")
	}
	for _, id := range []string{"0", "-1", "9223372036854775808"} {
		q.two.say(`{"cmd":11,"dstid":` + id + `,"media":1,"content":"hi","cid":"x"}`)
		if m := q.two.next(); m.Cmd != model.CmdError {
			t.Errorf("dstid %s: %+v", id, m)
		}
	}
	q.two.say(fmt.Sprintf(`{"cmd":14,"kind":11,"dstid":%d}`, q.group))
	if m := q.two.next(); m.Cmd != model.CmdError || m.Error != string(model.CodeNotMember) {
		t.Errorf("typing: %+v", m)
	}
	q.one.alive()
}
