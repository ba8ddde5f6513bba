package verify

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"hongyan/model"
)

const (
	pair  = "single:1:2"
	group = "room:9"
)

// story is a history in the making; each event is a millisecond after the last.
type story []Event

func (s story) add(events ...Event) story {
	for _, e := range events {
		if e.T == 0 && len(s) > 0 {
			e.T = s[len(s)-1].T + 1000
		}
		s = append(s, e)
	}
	return s
}

func (s story) events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for _, e := range s {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func says(dev int, user int64, conv, cid string) Event {
	return Event{What: Send, Dev: dev, User: user, Conv: conv, CID: cid, Cmd: cmdOf(conv), Hash: hashOf(cid)}
}

func cmdOf(conv string) int {
	if strings.HasPrefix(conv, "room") {
		return model.CmdRoom
	}
	return model.CmdSingle
}

func got(dev int, user int64, conv, cid string, seq int64, via string) Event {
	return Event{What: Recv, Dev: dev, User: user, Conv: conv, CID: cid, Cmd: cmdOf(conv), Seq: seq, MID: seq + 10, Hash: hashOf(cid), Via: via}
}

// shouted is a history in which device 2 hears what user 1 says as from another.
func shouted(from int64) story {
	return opening().add(Event{What: Shout, Dev: 1, User: 1, Hash: 5}, Event{What: Heard, Dev: 2, User: from, Hash: 5})
}

func shows(dev int, conv string, seq int64) Event {
	return Event{What: Shown, Dev: dev, Conv: conv, Seq: seq}
}

func ok(dev int, cid string, seq int64) Event {
	return Event{What: OK, Dev: dev, CID: cid, Seq: seq, MID: seq + 10}
}

// opening has two users with a device each, who are friends and share a group.
func opening() story {
	s := story{}.add(Event{What: Begin, Run: &Terms{}})
	for user := range int64(2) {
		for _, conv := range []string{pair, group} {
			s = s.add(Event{What: Joining, User: user + 1, Conv: conv}, Event{What: Join, User: user + 1, Conv: conv})
		}
	}
	return s.add(Event{What: Conn, Dev: 1, User: 1}, Event{What: Conn, Dev: 2, User: 2},
		Event{What: List, Dev: 1, User: 1}, Event{What: List, Dev: 2, User: 2})
}

// middle is a talk of two messages each way.
func middle() story {
	return opening().add(
		says(1, 1, pair, "a"), ok(1, "a", 1), shows(1, pair, 1), got(2, 1, pair, "a", 1, Live), shows(2, pair, 1),
		says(2, 2, pair, "b"), ok(2, "b", 2), shows(2, pair, 2), got(1, 2, pair, "b", 2, Live), shows(1, pair, 2),
		says(1, 1, pair, "a"), ok(1, "a", 1), // a resend is the same message
	)
}

// ending lets it come to rest.
func ending(s story) story {
	return s.add(Event{What: Quiet}, Event{What: Final, Dev: 3, User: 1, Conv: pair, N: 2}, got(3, 1, pair, "a", 1, Last), got(3, 2, pair, "b", 2, Last))
}

func TestGoodHistories(t *testing.T) {
	for name, s := range map[string]story{
		"two messages": ending(middle()),
		"without a cid": ending(opening().add(says(1, 1, pair, "~a"), ok(1, "~a", 1), shows(1, pair, 1)).
			add(Event{What: Recv, Dev: 2, User: 1, Conv: pair, Cmd: 10, Seq: 1, MID: 11, Hash: hashOf("~a"), Via: Live}, shows(2, pair, 1))).
			replace(Final, Event{N: 1}).drop(2).replaceRow("a", Event{CID: "", Hash: hashOf("~a")}),
		"one copy refused, and one accepted after the sender came in": opening().add(
			Event{What: Leaving, User: 2, Conv: group}, Event{What: Leave, User: 2, Conv: group, Code: "kick"},
			says(2, 2, group, "x"), Event{What: Retry, Dev: 2, CID: "x", Code: "unavailable"}, says(2, 2, group, "x"),
			Event{What: Joining, User: 2, Conv: group}, Event{What: Fail, Dev: 2, CID: "x", Code: "not_member"}, Event{What: Join, User: 2, Conv: group},
			got(1, 2, group, "x", 1, Live), shows(1, group, 1), ok(2, "x", 1), shows(2, group, 1),
			Event{What: Quiet}, Event{What: Final, Dev: 3, User: 1, Conv: group, N: 1}, got(3, 2, group, "x", 1, Last)),
		"the refusal of a copy is read late": opening().add(
			Event{What: Leaving, User: 2, Conv: group}, Event{What: Leave, User: 2, Conv: group, Code: "kick"},
			says(2, 2, group, "x"), Event{What: Joining, User: 2, Conv: group}, Event{What: Join, User: 2, Conv: group}, says(2, 2, group, "x"),
			got(1, 2, group, "x", 1, Live), shows(1, group, 1), Event{What: Fail, Dev: 2, CID: "x", Code: "not_member"}, ok(2, "x", 1), shows(2, group, 1),
			Event{What: Quiet}, Event{What: Final, Dev: 3, User: 1, Conv: group, N: 1}, got(3, 2, group, "x", 1, Last)),
		"refused while out, and never heard it": opening().add(
			Event{What: Leaving, User: 2, Conv: group}, Event{What: Leave, User: 2, Conv: group, Code: "kick"}, says(2, 2, group, "x"),
			Event{What: Joining, User: 2, Conv: group}, Event{What: Join, User: 2, Conv: group}, says(2, 2, group, "y"), ok(2, "y", 1), shows(2, group, 1),
			got(1, 2, group, "y", 1, Live), shows(1, group, 1), Event{What: Disc, Dev: 2}, Event{What: Conn, Dev: 2, User: 2}, says(2, 2, group, "x"),
			ok(2, "x", 2), shows(2, group, 2), got(1, 2, group, "x", 2, Live), shows(1, group, 2),
			Event{What: Quiet}, Event{What: Final, Dev: 3, User: 1, Conv: group, N: 2}, got(3, 2, group, "y", 1, Last), got(3, 2, group, "x", 2, Last)),
		"asked to try again, and never heard it": opening().add(
			says(1, 1, pair, "a"), says(1, 1, pair, "b"), says(2, 2, group, "c"), Event{What: Retry, Dev: 2, CID: "c", Code: "unavailable"}, ok(1, "b", 1), shows(1, pair, 1),
			got(2, 1, pair, "b", 1, Live), shows(2, pair, 1), Event{What: Disc, Dev: 1}, Event{What: Conn, Dev: 1, User: 1}, says(1, 1, pair, "a"), ok(1, "a", 2), shows(1, pair, 2),
			got(2, 1, pair, "a", 2, Live), shows(2, pair, 2), says(2, 2, group, "c"), ok(2, "c", 1), shows(2, group, 1), got(1, 2, group, "c", 1, Live), shows(1, group, 1),
			Event{What: Quiet}, Event{What: Final, Dev: 3, User: 1, Conv: pair, N: 2}, got(3, 1, pair, "b", 1, Last), got(3, 1, pair, "a", 2, Last),
			Event{What: Final, Dev: 3, User: 1, Conv: group, N: 1}, got(3, 2, group, "c", 1, Last)),
		"an edit and a recall": opening().add(
			says(1, 1, pair, "a"), ok(1, "a", 1), shows(1, pair, 1), got(2, 1, pair, "a", 1, Live), shows(2, pair, 1),
			Event{What: Send, Dev: 1, User: 1, Conv: pair, CID: "e", Cmd: model.CmdEdit, Ref: 1, Hash: 5}, ok(1, "e", 2), shows(1, pair, 2),
			Event{What: Recv, Dev: 2, User: 1, Conv: pair, CID: "e", Cmd: model.CmdEdit, Ref: 1, Hash: 5, Seq: 2, MID: 12, Via: Live}, shows(2, pair, 2),
			Event{What: Ask, Dev: 4, User: 2, Conv: pair}, Event{What: Page, Dev: 4, User: 2, Conv: pair, N: 2, Limit: 20},
			Event{What: Recv, Dev: 4, User: 1, Conv: pair, CID: "a", Cmd: 10, Hash: 5, Seq: 1, MID: 11, Via: Aged},
			Event{What: Recv, Dev: 4, User: 1, Conv: pair, CID: "e", Cmd: model.CmdEdit, Ref: 1, Hash: 5, Seq: 2, MID: 12, Via: Aged},
			Event{What: Send, Dev: 1, User: 1, Conv: pair, CID: "r", Cmd: model.CmdRecall, Ref: 1}, ok(1, "r", 3), shows(1, pair, 3),
			Event{What: Recv, Dev: 2, User: 1, Conv: pair, CID: "r", Cmd: model.CmdRecall, Ref: 1, Seq: 3, MID: 13, Via: Live}, shows(2, pair, 3),
			Event{What: Quiet}, Event{What: Final, Dev: 3, User: 1, Conv: pair, N: 3},
			Event{What: Recv, Dev: 3, User: 1, Conv: pair, CID: "a", Cmd: 10, Seq: 1, MID: 11, Via: Last},
			Event{What: Recv, Dev: 3, User: 1, Conv: pair, CID: "e", Cmd: model.CmdEdit, Ref: 1, Seq: 2, MID: 12, Via: Last},
			Event{What: Recv, Dev: 3, User: 1, Conv: pair, CID: "r", Cmd: model.CmdRecall, Ref: 1, Seq: 3, MID: 13, Via: Last}),
	} {
		t.Run(name, func(t *testing.T) {
			v, err := Judge(s.events())
			if err != nil || v.Err() != nil || v.Sent != v.Acked || v.Acked != v.Stored || v.Stored != v.Received || v.Sent == 0 {
				t.Errorf("%v %+v", err, v)
			}
		})
	}
}

// replace gives the fields of change to the events of a kind.
func (s story) replace(what string, change Event) story {
	for i := range s {
		if s[i].What == what {
			s[i].N = change.N
		}
	}
	return s
}

func (s story) replaceRow(cid string, change Event) story {
	for i := range s {
		if s[i].CID == cid && s[i].Via == Last {
			s[i].CID, s[i].Hash = change.CID, change.Hash
		}
	}
	return s
}

// drop takes the final rows from seq on away.
func (s story) drop(seq int64) story {
	return slices.DeleteFunc(s, func(e Event) bool { return e.Via == Last && e.Seq >= seq })
}

func TestBrokenHistories(t *testing.T) {
	out := opening().add(Event{What: Leaving, User: 2, Conv: group}, Event{What: Leave, User: 2, Conv: group, Code: "kick"})
	late := Event{What: Send, Dev: 1, User: 1, Conv: group, CID: "x", Cmd: 11, Hash: hashOf("x"), T: out[len(out)-1].T + 2*kickTime.Microseconds()}
	row := func(seq, n, last int64) []Event {
		return []Event{{What: List, Dev: 5, User: 2}, {What: Row, Dev: 5, User: 2, Conv: pair, Seq: seq, N: n, Last: last}}
	}
	asked := []Event{{What: Ask, Dev: 5, User: 2, Conv: pair}}
	for _, c := range []struct {
		name, rule, text string
		s                story
	}{
		{"acknowledged and not stored", "I1", "cid b was acknowledged at seq 2", ending(middle()).replace(Final, Event{N: 1}).drop(2)},
		{"stored and not on a device", "I1", "device 2 of user 2 has single:1:2 up to seq 1", ending(slices.DeleteFunc(middle(), func(e Event) bool {
			return e.What == Shown && e.Dev == 2 && e.Seq == 2
		}))},
		{"a timeline nobody can read", "I1", "nobody could read", middle().add(Event{What: Quiet})},
		{"nobody sent it", "I2", "which nobody sent", ending(middle().add(got(2, 1, pair, "ghost", 3, Live)))},
		{"other content", "I2", "another content", ending(middle().add(Event{What: Recv, Dev: 4, User: 1, Conv: pair, CID: "a", Cmd: 10, Seq: 1, MID: 11, Hash: 7, Via: Live}))},
		{"refused and delivered", "I2", "was refused and is delivered", ending(middle().add(says(1, 1, group, "no"),
			Event{What: Fail, Dev: 1, CID: "no", Code: "forbidden"}, got(2, 1, group, "no", 1, Live)))},
		{"stored twice", "I3", "cid a is seq 1 id 11 of single:1:2, and seq 3 id 13", ending(middle().add(got(2, 1, pair, "a", 3, Live)))},
		{"acknowledged twice, differently", "I3", "and seq 4", ending(middle().add(ok(1, "a", 4)))},
		{"shown twice", "I3", "device 2 shows seq 2 of single:1:2 twice", ending(middle().add(shows(2, pair, 2)))},
		{"twice on a socket", "I3", "twice on one socket", ending(middle().add(got(1, 2, pair, "b", 2, Live)))},
		{"heard and not said", "I2", "what nobody said", opening().add(Event{What: Heard, Dev: 2, User: 1, Hash: 5})},
		{"heard twice", "I3", "hears twice", shouted(1).add(Event{What: Heard, Dev: 2, User: 1, Hash: 5})},
		{"heard of another", "I7", "what user 1 said", shouted(2)},
		{"two in a place", "I4", "seq 2 of single:1:2 is message 12 (cid b) to one and 12 (cid c) to another", ending(middle().add(says(1, 1, pair, "c"), ok(1, "c", 2)))},
		{"later, and before", "I4", "though seq 1 was acknowledged before", opening().add(says(1, 1, group, "a"), ok(1, "a", 1), says(2, 2, group, "b"), ok(2, "b", 1))},
		{"out of order on a socket", "I4", "after 2 on one socket", ending(middle().add(got(1, 1, pair, "a", 1, Live)))},
		{"a jump", "I4", "is far from", ending(middle().add(says(1, 1, group, "j"), ok(1, "j", 1<<40)))},
		{"one's own order", "I5", "device 1 sent cid b after", opening().add(says(1, 1, group, "a"), says(1, 1, group, "b"), ok(1, "b", 1), ok(1, "a", 2))},
		{"one's own order, sent again", "I5", "device 1 sent cid b after", opening().add(says(1, 1, group, "a"), says(1, 1, group, "b"), says(1, 1, group, "a"), ok(1, "b", 1), ok(1, "a", 2))},
		{"refused again", "I3", "is refused (not_member) after it was stored", ending(middle().add(says(1, 1, pair, "a"), Event{What: Fail, Dev: 1, CID: "a", Code: "not_member"}))},
		{"refused on the next socket", "I3", "is refused (not_member) after it was stored", ending(opening().add(says(1, 1, pair, "a"), says(1, 1, pair, "a"),
			got(2, 1, pair, "a", 1, Live), shows(2, pair, 1), Event{What: Disc, Dev: 1}, Event{What: Conn, Dev: 1, User: 1}, says(1, 1, pair, "a"), Event{What: Fail, Dev: 1, CID: "a", Code: "not_member"}))},
		{"heard outside", "I6", "s after it was out", slices.Clone(out).add(late, got(2, 1, group, "x", 1, Live))},
		{"spoke outside", "I6", "who is not in room:9, is acknowledged", slices.Clone(out).add(says(2, 2, group, "x"), ok(2, "x", 1))},
		{"read outside", "I6", "may read it", slices.Clone(out).add(Event{What: Ask, Dev: 5, User: 2, Conv: group}, Event{What: Page, Dev: 5, User: 2, Conv: group, Limit: 20})},
		{"refused inside", "I6", "is refused: not_member", opening().add(says(2, 2, group, "x"), Event{What: Fail, Dev: 2, CID: "x", Code: "not_member"})},
		{"another's name", "I7", "sent by user 1 and comes as from user 2", ending(middle().add(got(4, 2, pair, "a", 1, Live)))},
		{"a hole", "I8", "device 2 got seq 2 of room:9 after 0", opening().add(says(1, 1, group, "a"), ok(1, "a", 1), shows(1, group, 1),
			says(1, 1, group, "b"), ok(1, "b", 2), got(2, 1, group, "b", 2, Live))},
		{"a page that begins late", "I8", "reads seq 2 of single:1:2 where 1 comes next", middle().add(asked...).
			add(Event{What: Page, Dev: 5, User: 2, Conv: pair, N: 1, Limit: 20}, got(5, 2, pair, "b", 2, Aged))},
		{"a page that lacks what was told", "I8", "though 2 had been told before", middle().add(asked...).
			add(Event{What: Page, Dev: 5, User: 2, Conv: pair, N: 1, Limit: 20}, got(5, 1, pair, "a", 1, Aged))},
		{"a cursor that goes back", "I9", "had read single:1:2 up to seq 2, and now up to 1", middle().add(row(2, 0, 2)...).add(row(1, 0, 2)...)},
		{"unread below nothing", "I9", "-1 unread", middle().add(row(2, -1, 2)...)},
		{"a list that is behind", "I9", "ends at seq 1, though 2", middle().add(row(0, 1, 1)...)},
		{"a receipt that goes back", "I9", "has read single:1:2 up to seq 2, and then 1", middle().
			add(Event{What: Seen, Dev: 1, User: 2, Conv: pair, Seq: 2}, Event{What: Seen, Dev: 1, User: 2, Conv: pair, Seq: 1})},
		{"unread that does not add up", "I9", "there are 1", ending(middle()).add(Event{What: List, Dev: 5, User: 2},
			Event{What: Row, Dev: 5, User: 2, Conv: pair, N: 2, Last: 2, Name: Last})},
		{"no answer", "I10", "never got an answer", ending(middle().add(says(1, 1, group, "x")))},
		{"a ghost of a friend", "I11", "believes that user 2 is online: true", ending(middle().add(Event{What: Disc, Dev: 2, Code: clean})).
			add(Event{What: Present, Dev: 1, User: 2, N: 1, T: 2 * presenceTime.Microseconds()})},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Judge(c.s.events())
			if err != nil {
				t.Fatal(err)
			}
			if !errors.Is(v.Err(), ErrBroken) || !slices.ContainsFunc(v.Violations, func(x Violation) bool {
				return x.Rule == c.rule && strings.Contains(x.Text, c.text)
			}) {
				t.Errorf("want %s %q, got %+v", c.rule, c.text, v.Violations)
			}
		})
	}
}

// A run that proves nothing says so.
func TestVoidHistories(t *testing.T) {
	slow := ending(middle())
	slow[0].Run = &Terms{MinRate: 100}
	slow[len(slow)-4].T = 10 * time.Second.Microseconds()
	unharmed := ending(middle())
	unharmed[0].Run = &Terms{Faults: map[string]int{"kill": 1}}
	for text, s := range map[string]story{
		"nothing was acknowledged":         opening().add(Event{What: Quiet}),
		"breaks off":                       middle().add(Event{What: Final, Dev: 3, User: 1, Conv: pair, N: 2}, got(3, 1, pair, "a", 1, Last), got(3, 2, pair, "b", 2, Last)),
		"100.0 are wanted":                 slow,
		"the fault kill was there 0 times": unharmed,
	} {
		v, err := Judge(s.events())
		if err != nil || !errors.Is(v.Err(), ErrVoid) || !strings.Contains(v.Err().Error(), text) {
			t.Errorf("want %q, got %v %v", text, err, v.Err())
		}
	}
}

// In a cluster a hole may last for a while, if the device is told of it.
func TestHolesOfAWhile(t *testing.T) {
	for name, c := range map[string]struct {
		told Event
		want bool
	}{
		"told in time": {Event{What: Resync, Dev: 2, Conv: group}, true},
		"told late":    {Event{What: Resync, Dev: 2, Conv: group, T: 5e6}, false},
		"never told":   {Event{What: Quiet, T: 5e6}, false},
	} {
		s := opening()
		s[0].Run = &Terms{HoleMicros: 2e6}
		s = s.add(says(1, 1, group, "a"), ok(1, "a", 1), shows(1, group, 1), says(1, 1, group, "b"), ok(1, "b", 2), shows(1, group, 2),
			got(2, 1, group, "b", 2, Live), c.told, Event{What: Quiet}).add(Event{What: Quiet, T: 6e6})
		v, err := Judge(s.events())
		if err != nil || (v.Counts["I8"] == 0) != c.want {
			t.Errorf("%s: %v %+v", name, err, v.Violations)
		}
	}
}

// What is written is read as it was.
func TestLines(t *testing.T) {
	s := ending(middle()).add(Event{What: Fault, Name: `"quoted" 雁`, From: 3, Limit: 4, Last: 5, Ref: 6, Via: Live, Code: "x"})
	var b []byte
	for i := range s {
		b = appendLine(b, &s[i])
	}
	i := 0
	for e, err := range Events(bytes.NewReader(b)) {
		if err != nil {
			t.Fatal(err)
		}
		want := s[i]
		if want.Run != nil {
			if e.Run == nil || e.Run.Seed != want.Run.Seed {
				t.Errorf("terms %+v", e.Run)
			}
			e.Run, want.Run = nil, nil
		}
		if e != want {
			t.Errorf("line %d: %+v, want %+v", i+1, e, want)
		}
		i++
	}
	if i != len(s) {
		t.Errorf("%d of %d lines", i, len(s))
	}
	for _, text := range []string{"{", `{"t":1}`, `{"e":"recv","seq":-1}`, `{"e":"begin","t":0}`} {
		if _, err := Judge(Events(strings.NewReader(text))); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Judge(Events(strings.NewReader(""))); err == nil {
		t.Error("an empty history is judged")
	}
}

// Whatever a history says, it is judged or refused.
func FuzzJudge(f *testing.F) {
	var b []byte
	for i, s := range []story{ending(middle()), opening()} {
		b = b[:0]
		for i := range s {
			b = appendLine(b, &s[i])
		}
		f.Add(slices.Clone(b))
		f.Add(slices.Clone(b[:len(b)-7*i]))
	}
	f.Add([]byte(`{"e":"begin","t":0,"run":{}}` + "\n" + `{"e":"ok","t":-9223372036854775808,"dev":1,"cid":"a","seq":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Judge(Events(bytes.NewReader(b)))
		if err == nil {
			if err := v.Print(&bytes.Buffer{}); err != nil {
				t.Error(err)
			}
		}
	})
}

// What is sent outside faults counts by the nodes of both devices, what a fault
// held up counts from its end, and what a new member reads does not count.
func TestTimesOfAHistory(t *testing.T) {
	at := func(ms int64, e Event) Event { e.T = ms * 1000; return e }
	s := opening().add(
		Event{What: Conn, Dev: 3, User: 2, Name: "b"}, Event{What: List, Dev: 3, User: 2},
		at(100, says(1, 1, pair, "a")), at(104, ok(1, "a", 1)),
		at(105, got(2, 1, pair, "a", 1, Live)), at(106, shows(2, pair, 1)), at(109, got(3, 1, pair, "a", 1, Live)), at(110, shows(3, pair, 1)),
		at(200, Event{What: Trouble, Name: "kill"}), at(300, says(1, 1, pair, "b")), Event{What: Fault, From: 200_000, T: 500_000, Name: "kill"},
		at(600, ok(1, "b", 2)), at(700, got(2, 1, pair, "b", 2, Aged)), at(701, shows(2, pair, 2)),
		at(700, says(1, 1, group, "old")), at(701, ok(1, "old", 1)), at(4000, Event{What: Conn, Dev: 4, User: 3}),
		at(4001, Event{What: Joining, User: 3, Conv: group}), at(4002, Event{What: Join, User: 3, Conv: group}),
		at(4003, got(4, 1, group, "old", 1, Aged)), at(4004, shows(4, group, 1)),
	)
	v, err := Judge(s.events())
	if err != nil {
		t.Fatal(err)
	}
	if v.SameNode.Count != 1 || v.SameNode.P99.Round(time.Millisecond) != 6*time.Millisecond {
		t.Errorf("at the same node %+v", v.SameNode)
	}
	if v.OtherNode.Count != 1 || v.OtherNode.P50.Round(time.Millisecond) != 10*time.Millisecond {
		t.Errorf("at another node %+v", v.OtherNode)
	}
	if len(v.Healed) != 1 || v.Healed["kill"] != 201*time.Millisecond {
		t.Errorf("healed after %v", v.Healed)
	}
	var b bytes.Buffer
	if err := v.Print(&b); err != nil || !strings.Contains(b.String(), "in step again after, at the longest: kill 201.0 ms\n") {
		t.Errorf("%v:\n%s", err, &b)
	}
}
