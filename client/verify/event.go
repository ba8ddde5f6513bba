package verify

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"strconv"
)

// What happened, by the word that a history has for it. Send to Shown are about
// messages, the next about who is in a group, the rest about the run.
const (
	Send  = "send"  // a device sends a message: conv, cid, cmd, ref, hash; a cid that begins with ~ is not told to the server
	Retry = "retry" // the server asks to send it again: cid, code
	OK    = "ok"    // it is acknowledged: cid, seq, mid
	Fail  = "fail"  // it is refused for good: cid, code
	Info  = "info"  // nobody will learn whether it was stored: cid
	Recv  = "recv"  // a message comes: conv, seq, mid, cid, cmd, ref, user (its sender), hash, via
	Shown = "shown" // a device shows a message to its user: conv, seq

	Shout = "shout" // a device says something in a live room: user, hash
	Heard = "heard" // and another hears it: user (its sender), hash

	Ask   = "ask"   // a device asks for the history: conv, seq (after which)
	Page  = "page"  // and gets n messages of it, which follow: conv, seq, n, limit; or is refused: code
	List  = "list"  // a device asks for its conversations
	Row   = "row"   // and gets one: conv, seq (read up to), n (unread), last (seq)
	Read  = "read"  // that a user has read up to seq is acknowledged: user, conv, seq
	Seen  = "seen"  // a device is told how far user has read: conv, seq
	Final = "final" // a timeline as the server has it in the end, which follows: conv, n

	Joining = "joining" // somebody asks to become a member: user, conv
	Join    = "join"    // and is one
	Leaving = "leaving" // somebody leaves or is removed: user, conv
	Leave   = "leave"   // and is out: code says how

	Conn    = "conn"    // a device has a socket: user, name (the address)
	Disc    = "disc"    // it has lost it; code "clean": by a goodbye of its own
	Resync  = "resync"  // a device is told to look at a conversation, or all
	Told    = "told"    // a device is told that user is online (n 1) or not
	Present = "present" // what a device believes of user in the end

	Begin   = "begin"   // the run begins: run
	Trouble = "trouble" // a fault begins: name
	Fault   = "fault"   // a fault was there from `from` to now: name
	Quiet   = "quiet"   // nothing is sent any more; what follows settles
)

// Ways of a Recv.
const (
	Live = "live"
	Aged = "page"  // it was in a page
	Last = "final" // it was in a final timeline
)

// clean is the Code of a Disc that a device wanted.
const clean = "clean"

// Event is a line of a history. The order of the lines is the order of what
// happened as the clients saw it: a Send stands before its frame was written,
// an OK after its frame was read.
type Event struct {
	What  string `json:"e"`
	T     int64  `json:"t"`              // µs since the run began
	From  int64  `json:"from,omitempty"` // the same, of a fault's beginning
	Dev   int    `json:"dev,omitempty"`  // numbers the devices from 1
	User  int64  `json:"user,omitempty"`
	Conv  string `json:"conv,omitempty"` // single:LOW:HIGH or room:ID
	CID   string `json:"cid,omitempty"`
	Seq   int64  `json:"seq,omitempty"`
	MID   int64  `json:"mid,omitempty"`
	Cmd   int    `json:"cmd,omitempty"`
	Ref   int64  `json:"ref,omitempty"`
	Hash  uint64 `json:"hash,omitempty"` // of the content; 0 if that is empty
	Via   string `json:"via,omitempty"`
	N     int64  `json:"n,omitempty"`
	Limit int64  `json:"limit,omitempty"`
	Last  int64  `json:"last,omitempty"`
	Code  string `json:"code,omitempty"`
	Name  string `json:"name,omitempty"`
	Run   *Terms `json:"run,omitempty"`
}

// Terms are what a run is judged by, so that a recorded one needs no flags.
type Terms struct {
	Version string `json:"version"`
	Seed    uint64 `json:"seed"`
	Users   int    `json:"users"`
	Groups  int    `json:"groups"`
	Devices int    `json:"devices"` // of each user
	// MinRate is how many messages a second have to be acknowledged outside
	// faults for the run to count.
	MinRate float64 `json:"minrate"`
	// HoleMicros is how long a hole in what comes live may last; 0 on one node,
	// where there is to be none without a resync before it.
	HoleMicros int64 `json:"hole,omitempty"`
	// Faults says how often each fault has to have been there.
	Faults map[string]int `json:"faults,omitempty"`
}

// hashOf is the hash of a message's content: FNV-1a of 64 bits. It finds faults;
// it does not keep off forgers.
func hashOf(content string) uint64 {
	if content == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, content)
	return max(h.Sum64(), 1)
}

// appendLine appends the event as a line of JSON. By hand: a fast run has a
// hundred thousand of them a second.
func appendLine(b []byte, e *Event) []byte {
	b = append(b, `{"e":"`...)
	b = append(b, e.What...)
	b = append(b, `","t":`...)
	b = strconv.AppendInt(b, e.T, 10)
	for _, n := range [...]struct {
		key   string
		value int64
	}{
		{"from", e.From}, {"dev", int64(e.Dev)}, {"user", e.User}, {"seq", e.Seq}, {"mid", e.MID}, {"cmd", int64(e.Cmd)},
		{"ref", e.Ref}, {"n", e.N}, {"limit", e.Limit}, {"last", e.Last},
	} {
		if n.value != 0 {
			b = strconv.AppendInt(append(append(append(b, `,"`...), n.key...), `":`...), n.value, 10)
		}
	}
	if e.Hash != 0 {
		b = strconv.AppendUint(append(b, `,"hash":`...), e.Hash, 10)
	}
	for _, s := range [...]struct{ key, value string }{
		{"conv", e.Conv}, {"cid", e.CID}, {"via", e.Via}, {"code", e.Code}, {"name", e.Name},
	} {
		if s.value != "" {
			b = appendString(append(append(append(b, `,"`...), s.key...), `":`...), s.value)
		}
	}
	if e.Run != nil {
		if terms, err := json.Marshal(e.Run); err == nil {
			b = append(append(b, `,"run":`...), terms...)
		}
	}
	return append(b, '}', '\n')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always encodes
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// maxLine bounds a line of a history; ours have some 150 bytes.
const maxLine = 1 << 16

// parse reads a line.
func parse(line []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, err
	}
	switch {
	case e.What == "":
		return Event{}, errors.New("it does not say what happened")
	case e.T < 0 || e.From < 0 || e.Dev < 0 || e.Seq < 0 || e.MID < 0 || e.Limit < 0:
		return Event{}, errors.New("a number is negative")
	case e.What == Begin && e.Run == nil:
		return Event{}, errors.New("the run has no terms")
	}
	return e, nil
}

// Events reads a history, one JSON object a line. A line that is none ends it
// with an error that names the line.
func Events(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, maxLine), maxLine)
		n := 0
		for lines.Scan() {
			n++
			if len(lines.Bytes()) == 0 {
				continue
			}
			e, err := parse(lines.Bytes())
			if err != nil {
				yield(Event{}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Event{}, fmt.Errorf("line %d: %w", n+1, err))
		}
	}
}
