package verify

import (
	"context"
	"math/rand/v2"
)

// probeOneIn is how many of what is told are looked up at once: what is told is
// stored by then.
const probeOneIn = 6

// probe is something to look up; without a seq it is the list.
type probe struct {
	talk talkID
	seq  int64
}

// check may have an account look up what one of its devices was just told.
func (r *run) check(a *account, t talkID, seq int64) {
	if rand.IntN(probeOneIn) == 0 { //nolint:gosec // a sample
		r.ask(a, probe{t, seq})
	}
}

// ask hands an account something to look up, unless it is busy.
func (r *run) ask(a *account, what probe) {
	select {
	case a.probes <- what:
	default:
	}
}

// reader is the number of the device by which an account looks things up.
func (r *run) reader(a *account) int { return len(r.phones) + 1 + a.number }

// auditor is the number of the device by which it reads what is there in the end.
func (r *run) auditor(a *account) int { return r.reader(a) + len(r.accounts) }

// probe looks up what an account is given to look up.
func (r *run) probe(ctx context.Context, a *account) {
	for {
		select {
		case <-ctx.Done():
			return
		case what := <-a.probes:
			if what.seq == 0 {
				_, _ = a.link.list(ctx, r.reader(a), a.id, "") // a fault that is under way fails it
				continue
			}
			_, _ = a.link.page(ctx, r.reader(a), a.id, what.talk, what.seq-1, 20)
		}
	}
}
