package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// end draws the sum.
func (j *judge) end() {
	v := j.verdict
	for i := range j.messages {
		m := &j.messages[i]
		switch m.state {
		case refused:
			v.Refused++
			continue
		case unknown:
			v.Unknown++
			continue
		case acked:
			v.Acked++
		case sent:
			j.broken("I10", "cid %s never got an answer", m.cid)
		}
		v.Sent++
		if m.stored {
			v.Stored++
		}
		if m.state == acked && !m.stored && m.talk.final >= 0 {
			j.broken("I1", "cid %s was acknowledged at seq %d of %s and is not there in the end", m.cid, m.seq, m.talk.name)
		}
	}
	for _, t := range j.talks {
		if t.final < 0 && t.acked > 0 {
			j.broken("I1", "nobody could read %s in the end, where seq %d was acknowledged", t.name, t.acked)
		}
	}
	j.delivered()
	for _, d := range j.devices {
		for t, p := range d.places {
			j.fifo(d, t, p)
		}
	}
	for _, h := range j.holes {
		if !h.healed && j.now-h.at > j.terms.HoleMicros {
			j.broken("I8", "device %d was not told in time that it lacks seq %d to %d of %s", h.dev, h.from, h.to, h.talk.name)
		}
	}
	j.liveness()
	v.SameNode, v.OtherNode = delay(j.delays.near), delay(j.delays.far)
}

// delivered looks whether each device of each member has all.
func (j *judge) delivered() {
	least := map[*talk]int64{}
	for k, s := range j.seats {
		if !s.in || s.unsure || k.talk.final < 0 {
			continue
		}
		who := j.people[k.user]
		if who == nil {
			continue
		}
		for _, id := range who.devices {
			d := j.devices[id]
			shown := d.place(k.talk).shown
			if d.left { // for good, as those do whose presence is watched
				continue
			}
			if shown < k.talk.final {
				j.broken("I1", "device %d of user %d has %s up to seq %d, and it goes up to %d", id, k.user, k.talk.name, shown, k.talk.final)
			}
			if before, any := least[k.talk]; !any || shown < before {
				least[k.talk] = shown
			}
		}
	}
	for i := range j.messages {
		m := &j.messages[i]
		if shown, any := least[m.talk]; m.stored && m.state != unknown && (!any || m.seq <= shown) {
			j.verdict.Received++
		}
	}
}

// fifo looks whether what a device said in a conversation is there in the order
// in which it said it.
func (j *judge) fifo(d *device, t *talk, p *place) {
	last := int64(0)
	for _, n := range p.order {
		m := &j.messages[n]
		if m.seq == 0 || m.retried || m.resent && j.refusing(m.sentAt) {
			continue
		}
		if m.seq < last {
			j.broken("I5", "device %d sent cid %s after what is at seq %d of %s, and it is at %d", d.id, m.cid, last, t.name, m.seq)
		}
		last = max(last, m.seq)
	}
}

// liveness looks whether there was anything to judge.
func (j *judge) liveness() {
	v, end := j.verdict, j.quiet
	if end == 0 {
		end = j.now
	}
	v.Seconds = float64(end) / 1e6
	calm, count := j.calm(end)
	bins := slices.Sorted(maps.Keys(j.acks))
	for i := range len(bins) - 1 {
		v.Silence = max(v.Silence, float64(bins[i+1]-bins[i])/10)
	}
	if calm > 0 {
		v.Rate = float64(count) * 1e6 / float64(calm)
	}
	if v.Acked == 0 {
		v.Void = append(v.Void, "I10: nothing was acknowledged")
	} else if calm >= 1e6 && v.Rate < j.terms.MinRate {
		v.Void = append(v.Void, fmt.Sprintf("I10: %.1f messages a second were acknowledged outside faults, and %.1f are wanted", v.Rate, j.terms.MinRate))
	}
	for name, want := range j.terms.Faults {
		if v.Faults[name] < want {
			v.Void = append(v.Void, fmt.Sprintf("the fault %s was there %d times, and %d are wanted", name, v.Faults[name], want))
		}
	}
	slices.Sort(v.Void)
	if j.quiet == 0 {
		v.Void = append(v.Void, "the history breaks off before it came to rest")
	}
}

// calm gives the time outside faults, in µs, and what was acknowledged in it.
func (j *judge) calm(end int64) (calm, count int64) {
	slices.SortFunc(j.windows, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	calm, last := end, int64(0)
	for _, w := range j.windows {
		if from, to := max(w[0], last), min(w[1], end); to > from {
			calm -= to - from
			last = to
		}
	}
	for bin, n := range j.acks {
		at := bin * 100_000
		if !slices.ContainsFunc(j.windows, func(w [2]int64) bool { return at+100_000 > w[0] && at < w[1] }) {
			count += n
		}
	}
	return calm, count
}
