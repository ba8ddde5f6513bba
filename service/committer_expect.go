package service

import "hongyan/model"

// Expecter hears what is about to be published here. It is told before the
// commit, after which other ways than the publisher's may bring it, and told
// again if it is not committed after all.
type Expecter interface {
	Expect(d *model.Delivery)
	Unexpect(d *model.Delivery)
}

// expect tells of a batch that is about to be committed.
func (c *Committer) expect(jobs []*job) (told []model.Delivery) {
	if c.Expecter == nil {
		return nil
	}
	for _, j := range jobs {
		if j.err != nil {
			continue
		}
		for _, d := range c.outcome(j) {
			c.Expecter.Expect(&d)
			told = append(told, d)
		}
	}
	return told
}

func (c *Committer) unexpect(told []model.Delivery) {
	for i := range told {
		c.Expecter.Unexpect(&told[i])
	}
}
