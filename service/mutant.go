package service

import (
	"time"

	"hongyan/model"
	"hongyan/util/mutant"
)

// mutantDelay is how long a commit comes after what it should precede, so that a
// disk which answers at once shows the fault too.
const mutantDelay = 3 * time.Millisecond

// mutantEarly hands out what a batch is about to commit: all of it, or the
// acknowledgements alone.
func mutantEarly(c *Committer, jobs []*job) {
	for _, j := range jobs {
		for _, d := range c.outcome(j) {
			if mutant.AckBeforeCommit {
				d = model.Delivery{Origin: d.Origin, Ack: d.Ack}
			}
			c.out.Publish(d)
		}
	}
	time.Sleep(mutantDelay)
}

// mutantSwap lets two messages of a conversation change their places.
func mutantSwap(jobs []*job) {
	var last *model.Delivery
	for _, j := range jobs {
		for k := range j.deliveries {
			d := &j.deliveries[k]
			if d.Message.Seq == 0 || d.Group == 0 || d.Ack == nil {
				continue
			}
			if last != nil && last.Group == d.Group {
				last.Message.Seq, d.Message.Seq = d.Message.Seq, last.Message.Seq
				last.Ack.Seq, d.Ack.Seq = d.Ack.Seq, last.Ack.Seq
				return
			}
			last = d
		}
	}
}
