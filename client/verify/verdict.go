package verify

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// What a verdict that is no success is, as an error.
var (
	// ErrBroken says that a promise was not kept.
	ErrBroken = errors.New("the delivery has faults")
	// ErrVoid says that the run proves nothing.
	ErrVoid = errors.New("the run is void")
)

// maxNamed bounds the violations of a rule that are kept; all are counted.
const maxNamed = 10

// Violation is a rule that does not hold, and what shows it.
type Violation struct {
	Rule    string // I1 to I11
	Line    int64  // of the history, from 1
	Seconds float64
	Text    string
}

// Verdict is what a history shows.
type Verdict struct {
	Terms Terms
	// Sent counts the messages that were not refused, each once; Acked those of them that were acknowledged, Stored those in the
	// final timelines, Received those that every device has whose user is a member.
	Sent, Acked, Stored, Received int64
	Refused                       int64 // as they must be, or Violations says so
	Unknown                       int64 // sent without a cid, so not again when the answer was lost; not in Sent
	Shown                         int64 // messages on screens: one for each device
	Seconds                       float64
	Rate                          float64       // acknowledged a second outside faults
	Silence                       float64       // the longest time in seconds in which nothing was acknowledged
	Waited                        time.Duration // the longest from sending a message to its acknowledgement, whatever happened meanwhile
	// SameNode and OtherNode are how long what was sent outside faults took to the screens of other devices, by whether those are
	// at the node of the sender's.
	SameNode, OtherNode Delay
	Healed              map[string]time.Duration // how long after the end of a fault the last screen showed what is from before it
	Faults              map[string]int
	Counts              map[string]int // of violations, by rule
	Violations          []Violation
	Void                []string
}

func (v *Verdict) add(violation Violation) {
	if v.Counts[violation.Rule]++; v.Counts[violation.Rule] <= maxNamed {
		v.Violations = append(v.Violations, violation)
	}
}

// Err is nil if all promises were kept, else wraps ErrBroken or ErrVoid.
func (v *Verdict) Err() error {
	switch {
	case len(v.Violations) > 0:
		return fmt.Errorf("%w: %s", ErrBroken, counted(v.Counts))
	case len(v.Void) > 0:
		return fmt.Errorf("%w: %s", ErrVoid, strings.Join(v.Void, "; "))
	}
	return nil
}

// Print writes the verdict for people.
func (v *Verdict) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d users, %d groups, %d devices each, %.1f s, %.0f acknowledged/s outside faults, seed %d\n",
		v.Terms.Users, v.Terms.Groups, v.Terms.Devices, v.Seconds, v.Rate, v.Terms.Seed)
	if len(v.Faults) > 0 {
		fmt.Fprintf(&b, "faults: %s\n", counted(v.Faults))
	}
	fmt.Fprintf(&b, "sent %d %s acked %d %s stored %d %s received %d\n", v.Sent, sign(v.Sent, v.Acked), v.Acked,
		sign(v.Acked, v.Stored), v.Stored, sign(v.Stored, v.Received), v.Received)
	fmt.Fprintf(&b, "shown %d times on all devices; refused as they must be: %d; unanswered and without a cid: %d; longest time without an acknowledgement: %.1f s, until a message had its own: %s\n",
		v.Shown, v.Refused, v.Unknown, v.Silence, brief(v.Waited))
	v.printTimes(&b)
	for _, violation := range v.Violations {
		fmt.Fprintf(&b, "%-4s line %d, %.3f s: %s\n", violation.Rule, violation.Line, violation.Seconds, violation.Text)
	}
	if len(v.Violations) > 0 {
		fmt.Fprintf(&b, "BROKEN: %s\n", counted(v.Counts))
	}
	for _, why := range v.Void {
		fmt.Fprintf(&b, "VOID: %s\n", why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printTimes writes how long things took.
func (v *Verdict) printTimes(b *strings.Builder) {
	for _, way := range []struct {
		name string
		Delay
	}{{"at the same node", v.SameNode}, {"at another node", v.OtherNode}} {
		if way.Count > 0 {
			fmt.Fprintf(b, "from sending to other screens %s, outside faults: p50 %s, p99 %s, longest %s of %d\n",
				way.name, brief(way.P50), brief(way.P99), brief(way.Max), way.Count)
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(v.Healed)) {
		list = append(list, fmt.Sprintf("%s %s", name, brief(v.Healed[name])))
	}
	if len(list) > 0 {
		fmt.Fprintf(b, "in step again after, at the longest: %s\n", strings.Join(list, ", "))
	}
}

func brief(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1e3)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func sign(a, b int64) string {
	if a == b {
		return "="
	}
	return "≠"
}

func counted(counts map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(list, ", ")
}
