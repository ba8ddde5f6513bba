package verify

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

const (
	// kickTime is how long somebody who is out may hear what is said.
	kickTime = time.Second
	// presenceTime is how long friends may believe what was; the server waits 5 s
	// for who leaves to come back.
	presenceTime = 10 * time.Second
	// maxJump bounds how far a seq may be from the ones before to be looked at.
	maxJump = 1 << 16
)

// Judge reads a history and tells whether it keeps what reliability.md promises,
// I1 to I10, and I11: what friends believe of somebody's presence is so. It
// depends on nothing but the events; an error means that they are no history.
func Judge(events iter.Seq2[Event, error]) (*Verdict, error) {
	j := &judge{
		verdict: &Verdict{Counts: map[string]int{}, Faults: map[string]int{}, Healed: map[string]time.Duration{}},
		talks:   map[string]*talk{}, byCID: map[string]int32{}, byHash: map[uint64]int32{},
		devices: map[int]*device{}, seats: map[seatKey]*seat{}, people: map[int64]*person{}, retries: map[int64]bool{}, acks: map[int64]int64{},
		shouts: map[uint64]int64{}, delays: newDelays(),
	}
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		j.line++
		j.now = e.T
		j.event(&e)
	}
	if j.terms == nil {
		return nil, errors.New("the history has no beginning")
	}
	j.end()
	return j.verdict, nil
}

// judge is what is known after some of the events.
type judge struct {
	terms   *Terms
	verdict *Verdict
	line    int64
	now     int64 // of the event

	messages []message
	byCID    map[string]int32
	byHash   map[uint64]int32 // those without a cid
	talks    map[string]*talk
	devices  map[int]*device
	seats    map[seatKey]*seat
	people   map[int64]*person
	shouts   map[uint64]int64 // who said what in a live room, by hash
	retries  map[int64]bool   // seconds in which the server asked somebody to try again
	acks     map[int64]int64  // first acknowledgements, by tenth of a second
	windows  [][2]int64       // of faults
	holes    []*hole
	delays   *delays
	quiet    int64
}

// message is something that a device sent.
type message struct {
	cid      string
	dev      int
	user     int64
	talk     *talk
	hash     uint64
	cmd      int
	ref      int64
	sentAt   int64
	floor    int64 // what was acknowledged in its conversation before it was sent
	seq, mid int64 // once known
	state    state
	retried  bool // the server asked for it: it may come after later ones
	resent   bool // there is more than one copy on the way
	stored   bool // it is in a final timeline
	calm     bool // it was sent outside faults
	copies   copies
}

type state byte

const (
	sent state = iota
	acked
	refused
	unknown
)

// talk is a conversation.
type talk struct {
	name     string
	mids     []int64 // by seq-1
	owner    []int32 // the same: a message's number + 1, 0 if it is the server's own
	top      int64   // the highest seq that anybody was told of
	acked    int64   // the highest that was acknowledged
	final    int64   // length in the end; -1 as long as nobody has looked
	texts    map[int64][]uint64
	recalled map[int64]bool
}

// device is what one device was told.
type device struct {
	id      int
	user    int64
	node    string // where its socket is, or was
	sockets int32  // it has had
	left    bool   // it went with a goodbye
	caught  int64  // when it last asked for its conversations
	places  map[*talk]*place
	listed  map[*talk]listing // as of the last Ask for the list
	seen    map[seatKey]int64 // read cursors told on this socket
	heard   map[uint64]bool   // of shouts
}

// place is where a device is in a conversation.
type place struct {
	shown int64 // up to here, without a hole
	live  int64 // the last that came on this socket
	order []int32
	hole  *hole

	floor  int64 // top when the history was asked
	asked  int64 // when
	caught int64 // the same, of the last that was answered
	read   reading
}

// reading is a list of messages that is being gone through.
type reading struct{ next, left, size, limit int64 }

// hole is what did not come live though later ones did.
type hole struct {
	dev      int
	talk     *talk
	from, to int64
	at       int64
	healed   bool
}

type listing struct{ top, read int64 }

type seatKey struct {
	user int64
	talk *talk
}

// seat is a user's membership.
type seat struct {
	in, unsure bool
	began      int64 // of the last change
	since      int64 // when that was known to hold
	read       int64 // highest cursor that was told or acknowledged
}

// person is what is known of a user's presence.
type person struct {
	sockets int
	sure    bool // the last socket ended with a goodbye
	since   int64
	devices []int
	talks   []*talk
}

func (j *judge) event(e *Event) {
	switch e.What {
	case Begin:
		j.terms, j.verdict.Terms = e.Run, *e.Run
	case Send:
		j.send(e)
	case Retry, OK, Fail, Info:
		j.outcome(e)
	case Recv:
		j.recv(e)
	case Shown:
		j.shown(e)
	case Shout:
		j.shouts[e.Hash] = e.User
	case Heard:
		j.heard(e)
	case Ask, Page, Final:
		j.history(e)
	case List, Row:
		j.list(e)
	case Read:
		s := j.seat(e.User, j.talk(e.Conv))
		s.read = max(s.read, e.Seq)
	case Seen:
		j.seenBy(e)
	case Joining, Join, Leaving, Leave:
		j.member(e)
	case Conn, Disc, Resync:
		j.socket(e)
	case Present:
		j.present(e)
	case Trouble:
		j.delays.begins()
	case Fault:
		j.delays.ends(e.Name, e.T)
		j.windows = append(j.windows, [2]int64{e.From, e.T})
		j.verdict.Faults[e.Name]++
	case Quiet:
		j.quiet = e.T
	}
}

// break notes that a rule does not hold.
func (j *judge) broken(rule, format string, args ...any) {
	j.verdict.add(Violation{Rule: rule, Line: j.line, Seconds: float64(j.now) / 1e6, Text: fmt.Sprintf(format, args...)})
}

func (j *judge) talk(name string) *talk {
	t := j.talks[name]
	if t == nil {
		t = &talk{name: name, final: -1, texts: map[int64][]uint64{}, recalled: map[int64]bool{}}
		j.talks[name] = t
	}
	return t
}

func (j *judge) device(id int) *device {
	d := j.devices[id]
	if d == nil {
		d = &device{id: id, places: map[*talk]*place{}, listed: map[*talk]listing{}, seen: map[seatKey]int64{}, heard: map[uint64]bool{}}
		j.devices[id] = d
	}
	return d
}

func (d *device) place(t *talk) *place {
	p := d.places[t]
	if p == nil {
		p = &place{}
		d.places[t] = p
	}
	return p
}

func (j *judge) seat(user int64, t *talk) *seat {
	k := seatKey{user, t}
	s := j.seats[k]
	if s == nil {
		s = &seat{}
		j.seats[k] = s
		who := j.person(user)
		who.talks = append(who.talks, t)
	}
	return s
}

func (j *judge) person(id int64) *person {
	p := j.people[id]
	if p == nil {
		p = &person{sure: true}
		j.people[id] = p
	}
	return p
}

// outSince tells whether a user was certainly no member from a moment on.
func (s *seat) outSince(t int64) bool { return !s.in && !s.unsure && s.since <= t }

// inSince tells whether a user was certainly a member from a moment on.
func (s *seat) inSince(t int64) bool { return s.in && !s.unsure && s.since <= t }
