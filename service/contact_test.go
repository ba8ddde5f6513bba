package service_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

// ask asks for a friendship and gives the status or the code of the failure.
func (w *town) ask(userID, dstID int64) string {
	status, err := w.contacts.Ask(w.Context(), userID, dstID, "", "你好")
	if err != nil {
		return string(model.CodeOf(err))
	}
	return status
}

// befriend makes friends by crossing requests.
func (w *town) befriend(a, b int64) {
	w.Helper()
	if first, second := w.ask(a, b), w.ask(b, a); first != "requested" || second != "friend" {
		w.Fatalf("%s, then %s", first, second)
	}
}

func (w *town) addable(id int64, how string) {
	w.Helper()
	_, err := w.users.Update(w.Context(), id, service.Profile{Addable: &how})
	w.ok(err)
	w.wire.take()
}

// pending gives what waits for a user's answer.
func (w *town) pending(userID int64) []model.RequestRow {
	w.Helper()
	rows, err := w.contacts.Requests(w.Context(), userID)
	w.ok(err)
	return rows
}

func (w *town) sees(want ...string) {
	w.Helper()
	if got := w.wire.take(); !slices.Equal(got, want) {
		w.Errorf("events %v, want %v", got, want)
	}
}

// has tells whether there is a row like the one given.
func (w *town) has(row any) (found bool) {
	w.Helper()
	w.ok(w.db.View(w.Context(), func(s *xorm.Session) (err error) {
		found, err = s.Exist(row)
		return err
	}))
	return found
}

func (w *town) friends(a, b int64) bool {
	w.Helper()
	one, two := w.has(&model.Contact{UserID: a, DstID: b}), w.has(&model.Contact{UserID: b, DstID: a})
	if one != two {
		w.Errorf("%d and %d are friends by half", a, b)
	}
	return one
}

func TestFriendRequest(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		if got := w.ask(1, 2); got != "requested" {
			t.Fatal(got)
		}
		w.sees("friend_request 1>2")
		if got := w.ask(1, 2); got != "requested" {
			t.Fatal(got)
		}
		w.sees() // the same again is no news
		rows := w.pending(2)
		if len(rows) != 1 || rows[0].User.ID != 1 || rows[0].Memo != "你好" || rows[0].Kind != 10 || rows[0].User.Online {
			t.Fatalf("requests %+v", rows)
		}
		if w.friends(1, 2) || len(w.pending(1)) != 0 {
			t.Error("friends without consent")
		}
		for _, foreign := range []int64{1, 3} {
			w.fails(w.contacts.Accept(w.Context(), foreign, rows[0].ID), model.CodeNotFound, "")
			w.fails(w.contacts.Reject(w.Context(), foreign, rows[0].ID, ""), model.CodeNotFound, "")
		}
		w.ok(w.contacts.Reject(w.Context(), 2, rows[0].ID, ""))
		w.sees("contact_changed 1>2") // to the other devices of who said no, and to nobody else
		w.fails(w.contacts.Accept(w.Context(), 2, rows[0].ID), model.CodeConflict, "handled")
		if len(w.pending(2)) != 0 {
			t.Error("a rejected request is still shown")
		}
		if got := w.ask(1, 2); got != "requested" { // asked anew, in place
			t.Fatal(got)
		}
		w.sees("friend_request 1>2")
		if again := w.pending(2); len(again) != 1 || again[0].ID != rows[0].ID {
			t.Errorf("requests %+v", again)
		}
		won, failed := storm(20, func() error { return w.contacts.Accept(w.Context(), 2, rows[0].ID) })
		if won != 1 || failed[model.CodeConflict] != 19 || !w.friends(1, 2) {
			t.Errorf("%d accepted, %v", won, failed)
		}
		w.sees("friend_added 1>2", "friend_added 2>1")
		if got := w.ask(2, 1); got != "already_friend" {
			t.Error(got)
		}
	})
}

func TestAskByPolicyAndMobile(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		w.addable(2, model.AddOpen)
		w.addable(3, model.AddClosed)
		if got := w.ask(1, 2); got != "friend" || !w.friends(1, 2) {
			t.Errorf("open: %s", got)
		}
		w.sees("friend_added 2>1", "friend_added 1>2")
		if got := w.ask(1, 3); got != "forbidden" || len(w.pending(3)) != 0 {
			t.Errorf("closed: %s", got)
		}
		w.addable(2, model.AddApproval)
		if got := w.ask(3, 2); got != "requested" {
			t.Fatal(got)
		}
		if got := w.ask(2, 3); got != "friend" { // who asked first cannot be closed to the answer
			t.Errorf("crossing: %s", got)
		}
		for _, tt := range []struct {
			id     int64
			mobile string
			memo   string
			code   model.Code
			key    string
		}{
			{1, "", "", model.CodeInvalid, "dstid"},
			{0, "", "", model.CodeInvalid, "dstid"},
			{-4, "", "", model.CodeInvalid, "dstid"},
			{0, "100001", "", model.CodeInvalid, "dstid"},
			{99, "", "", model.CodeNotFound, ""},
			{0, "999999", "", model.CodeNotFound, ""},
			{0, "' OR '1'='1", "", model.CodeInvalid, "mobile"},
			{2, "", strings.Repeat("好", 141), model.CodeInvalid, "memo"},
		} {
			_, err := w.contacts.Ask(w.Context(), 1, tt.id, tt.mobile, tt.memo)
			w.fails(err, tt.code, tt.key)
		}
	})
}

func TestManyAskAtOnce(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(4)
		won, failed := storm(50, func() error {
			_, err := w.contacts.Ask(w.Context(), 1, 2, "", "hi")
			return err
		})
		if won != 50 || w.count(new(model.Request)) != 1 || len(w.wire.take()) != 1 {
			t.Errorf("%d asked, %v, %d rows", won, failed, w.count(new(model.Request)))
		}
		turn := make(chan int64, 20)
		for i := range 20 {
			turn <- int64(3 + i%2)
		}
		_, failed = storm(20, func() error { // both ask each other
			from := <-turn
			_, err := w.contacts.Ask(w.Context(), from, 7-from, "", "")
			return err
		})
		if !w.friends(3, 4) || w.count(new(model.Contact)) != 2 {
			t.Errorf("crossing: %v, %d rows", failed, w.count(new(model.Contact)))
		}
		if len(failed) > 1 || failed[model.CodeInternal] > 0 {
			t.Errorf("crossing: %v", failed)
		}
		events := w.wire.take() // each of them published by who committed it, in any order
		slices.Sort(events)
		if len(events) != 3 || events[0] != "friend_added 3>4" || events[1] != "friend_added 4>3" {
			t.Errorf("events %v", events)
		}
	})
}

func TestFriendsRemarkAndRemove(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(4)
		w.befriend(2, 1)
		w.befriend(3, 1)
		w.wire.take()
		w.ok(w.contacts.Remark(w.Context(), 1, 2, "老张"))
		w.ok(w.contacts.Remark(w.Context(), 1, 2, "老张")) // the same value is no miss
		w.fails(w.contacts.Remark(w.Context(), 1, 4, "x"), model.CodeNotFound, "")
		w.fails(w.contacts.Remark(w.Context(), 1, 99, "x"), model.CodeNotFound, "")
		w.fails(w.contacts.Remark(w.Context(), 1, 2, "a\nb"), model.CodeInvalid, "memo")
		list, err := w.contacts.Friends(w.Context(), 1)
		w.ok(err)
		if len(list) != 2 || list[0].ID != 2 || list[0].Remark != "老张" || list[1].ID != 3 {
			t.Errorf("friends %+v", list)
		}
		w.ok(w.contacts.Remark(w.Context(), 1, 2, ""))
		if list, _ := w.contacts.Friends(w.Context(), 2); len(list) != 1 || !list[0].Online || list[0].Remark != "" {
			t.Errorf("friends of 2: %+v", list)
		}
		w.wire.take()
		w.ok(w.contacts.Remove(w.Context(), 2, 1))
		w.sees("friend_removed 1>2", "friend_removed 2>1")
		w.fails(w.contacts.Remove(w.Context(), 2, 1), model.CodeNotFound, "")
		w.fails(w.contacts.Remove(w.Context(), 2, 99), model.CodeNotFound, "")
		ids, err := w.contacts.FriendIDs(w.Context(), 1)
		if err != nil || !slices.Equal(ids, []int64{3}) || w.friends(1, 2) {
			t.Errorf("friends of 1: %v, %v", ids, err)
		}
		if got := w.ask(2, 1); got != "requested" || len(w.pending(1)) != 1 {
			t.Errorf("after the end: %s", got)
		}
	})
}

// TestBlockedSeeNoPresence: user 1, who is there, seems away to a friend that
// they blocked, and is announced to the others alone.
func TestBlockedSeeNoPresence(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		w.befriend(1, 2)
		w.befriend(1, 3)
		look := func(want bool, audience ...int64) {
			t.Helper()
			ids, err := w.contacts.FriendIDs(w.Context(), 1)
			w.ok(err)
			if !slices.Equal(ids, audience) {
				t.Errorf("told are %v, want %v", ids, audience)
			}
			list, err := w.contacts.Friends(w.Context(), 2)
			w.ok(err)
			if len(list) != 1 || list[0].Online != want {
				t.Errorf("friends of 2: %+v, want online %v", list, want)
			}
			found, err := w.users.Find(w.Context(), 2, 1, "")
			w.ok(err)
			if found.Online != want {
				t.Errorf("2 finds 1 online %v, want %v", found.Online, want)
			}
		}
		look(true, 2, 3)
		w.ok(w.contacts.Block(w.Context(), 2, 1)) // whom 1 did not block may know
		look(true, 2, 3)
		w.ok(w.contacts.Block(w.Context(), 1, 2))
		look(false, 3)
		w.ok(w.contacts.Unblock(w.Context(), 1, 2))
		look(true, 2, 3)
	})
}

func TestBlock(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(4)
		w.befriend(1, 2)
		if got := w.ask(3, 1); got != "requested" {
			t.Fatal(got)
		}
		w.wire.take()
		w.ok(w.contacts.Block(w.Context(), 1, 3))
		w.ok(w.contacts.Block(w.Context(), 1, 3))
		w.ok(w.contacts.Block(w.Context(), 1, 2))
		w.sees("contact_changed 3>1", "contact_changed 3>1", "contact_changed 2>1")
		w.fails(w.contacts.Block(w.Context(), 1, 1), model.CodeInvalid, "dstid")
		w.fails(w.contacts.Block(w.Context(), 1, 99), model.CodeNotFound, "")
		if !w.friends(1, 2) {
			t.Error("a block ended the friendship")
		}
		for range 2 { // like anybody else, and never seen
			if got := w.ask(3, 1); got != "requested" {
				t.Error(got)
			}
		}
		w.sees()
		if rows := w.pending(1); len(rows) != 0 {
			t.Errorf("the blocker sees %+v", rows)
		}
		if got := w.ask(1, 3); got != "conflict" {
			t.Errorf("asking whom one blocked: %s", got)
		}
		list, err := w.contacts.Blocked(w.Context(), 1)
		if err != nil || len(list) != 2 || list[0].ID != 2 || list[1].ID != 3 {
			t.Errorf("blocked %+v, %v", list, err)
		}
		if !w.has(&model.Block{UserID: 1, DstID: 3}) {
			t.Error("not blocked")
		}
		if w.has(&model.Block{UserID: 3, DstID: 1}) {
			t.Error("blocked the wrong way round")
		}
		open := model.AddOpen
		if _, err := w.users.Update(w.Context(), 1, service.Profile{Addable: &open}); err != nil {
			t.Fatal(err)
		}
		w.ok(w.contacts.Block(w.Context(), 1, 4))
		w.wire.take()
		if first, second := w.ask(4, 1), w.ask(4, 1); first != "friend" || second != "already_friend" {
			t.Errorf("an open account that blocks answers %s, then %s", first, second)
		}
		w.sees()
		if w.friends(1, 4) {
			t.Error("a block made friends")
		}
		w.ok(w.contacts.Unblock(w.Context(), 1, 3))
		w.ok(w.contacts.Unblock(w.Context(), 1, 3))
		if len(w.pending(1)) != 0 {
			t.Error("what was asked during the block came up after it")
		}
		if got := w.ask(1, 3); got != "requested" {
			t.Errorf("after the block: %s", got)
		}
	})
}

// groupJudge stands for the groups: it has one request, 77.
type groupJudge struct{ calls []string }

func (g *groupJudge) Accept(_ context.Context, _, id int64) error { return g.note("accept", id) }
func (g *groupJudge) Reject(_ context.Context, _, id int64, _ string) error {
	return g.note("reject", id)
}
func (g *groupJudge) Requests(context.Context, int64) ([]model.RequestRow, error) {
	return []model.RequestRow{{ID: 77, Kind: model.KindRoom, CreateAt: 1}}, nil
}

func (g *groupJudge) note(what string, id int64) error {
	if id != 77 {
		return model.Fail(model.CodeInternal)
	}
	g.calls = append(g.calls, what)
	return nil
}

func TestRequestsOfBothKinds(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(2)
		judge := &groupJudge{}
		requests := service.NewRequestService(w.db, w.contacts, judge)
		w.ok(w.db.Tx(w.Context(), func(s *xorm.Session) error {
			_, err := s.Insert(&model.Request{ID: 77, Kind: model.KindRoom, UserID: 2, DstID: 5, Status: model.RequestPending})
			return err
		}))
		w.ask(2, 1)
		rows, err := requests.List(w.Context(), 1)
		if err != nil || len(rows) != 2 || rows[0].Kind != 10 || rows[1].ID != 77 {
			t.Fatalf("%+v, %v", rows, err)
		}
		w.ok(requests.Accept(w.Context(), 1, rows[0].ID))
		w.ok(requests.Accept(w.Context(), 1, 77))
		w.ok(requests.Reject(w.Context(), 1, 77, ""))
		if !w.friends(1, 2) || !slices.Equal(judge.calls, []string{"accept", "reject"}) {
			t.Errorf("groups heard %v", judge.calls)
		}
		w.fails(requests.Accept(w.Context(), 1, 999), model.CodeNotFound, "")
		w.fails(requests.Reject(w.Context(), 1, 0, ""), model.CodeInvalid, "id")
	})
}

// A star is one's own: the other does not see it, one's own devices hear of it.
func TestStar(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		w.befriend(1, 2)
		w.wire.take()
		w.ok(w.contacts.Star(w.Context(), 1, 2, true))
		w.ok(w.contacts.Star(w.Context(), 1, 2, true))
		w.sees("contact_changed 2>1", "contact_changed 2>1")
		if list, err := w.contacts.Friends(w.Context(), 1); err != nil || len(list) != 1 || !list[0].Starred {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := w.contacts.Friends(w.Context(), 2); err != nil || len(list) != 1 || list[0].Starred {
			t.Errorf("the other sees %+v, %v", list, err)
		}
		w.ok(w.contacts.Star(w.Context(), 1, 2, false))
		if list, _ := w.contacts.Friends(w.Context(), 1); list[0].Starred {
			t.Error("still starred")
		}
		w.fails(w.contacts.Star(w.Context(), 1, 3, true), model.CodeNotFound, "")
		w.fails(w.contacts.Star(w.Context(), 1, 0, true), model.CodeInvalid, "dstid")
	})
}

// Who is turned down hears of it if there is a reason, and of nothing else, until they ask again.
func TestRejectWithReason(t *testing.T) {
	inTown(t, func(w *town) {
		w.settle(3)
		requests := service.NewRequestService(w.db, w.contacts, &groupJudge{})
		own := func(user int64) (out []model.RequestRow) {
			t.Helper()
			rows, err := requests.List(w.Context(), user)
			w.ok(err)
			for _, row := range rows {
				if row.Own {
					out = append(out, row)
				}
			}
			return out
		}
		w.ask(1, 2)
		w.ok(requests.Reject(w.Context(), 2, w.pending(2)[0].ID, ""))
		if rows := own(1); len(rows) != 0 {
			t.Errorf("without a reason: %+v", rows)
		}
		w.ask(1, 2)
		w.wire.take()
		w.fails(requests.Reject(w.Context(), 2, w.pending(2)[0].ID, strings.Repeat("长", 141)), model.CodeInvalid, "memo")
		w.ok(requests.Reject(w.Context(), 2, w.pending(2)[0].ID, "我们认识吗？"))
		w.sees("contact_changed 1>2", "friend_request 2>1")
		rows := own(1)
		if len(rows) != 1 || rows[0].User.ID != 2 || rows[0].Answer != "我们认识吗？" || rows[0].Status != model.RequestRejected {
			t.Fatalf("%+v", rows)
		}
		if len(own(2)) != 0 || len(own(3)) != 0 {
			t.Error("others see it")
		}
		w.fails(requests.Accept(w.Context(), 1, rows[0].ID), model.CodeNotFound, "") // it is no request to them
		w.ask(1, 2)
		if rows := own(1); len(rows) != 0 {
			t.Errorf("asked again: %+v", rows)
		}
		w.ok(requests.Reject(w.Context(), 2, w.pending(2)[0].ID, "还是不认识"))
		w.wait(31 * 24 * time.Hour)
		if rows := own(1); len(rows) != 0 {
			t.Errorf("for ever: %+v", rows)
		}
	})
}
