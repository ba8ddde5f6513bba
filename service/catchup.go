package service

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/guard"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

const (
	// lookEvery is how often the store is asked what other nodes have committed,
	// and lookGap the least between two looks when the bus has lost something.
	lookEvery = 500 * time.Millisecond
	lookGap   = 100 * time.Millisecond
	// lookLimit bounds one look.
	lookLimit = 5 * time.Second
	// onItsWay is how long a message may be on its way to the sockets.
	onItsWay = 300 * time.Millisecond
	// lookRows bounds the rows of one look; what is left comes with the next.
	lookRows = 20_000
	// checkEvery is how often the sessions of all sockets here are compared with
	// the store, and checkGap the least between two when the bus has lost something.
	checkEvery = 30 * time.Second
	checkGap   = 2 * time.Second
)

// Live is the live side of a node as catching up needs it.
type Live interface {
	// Missing tells whether somebody here may see a conversation of which less
	// is delivered than up to seq.
	Missing(kind int, low, high, seq int64) bool
	// Fill has a conversation read by Between and delivered.
	Fill(kind int, low, high, from, upto int64)
	// Seats makes those of a group's members who are here hear it.
	Seats(group int64)
	// Sessions gives the sessions of the sockets here, with their users.
	Sessions() map[int64]int64
}

// CatchUp finds what the bus has lost: it looks at what is new in the store,
// and has delivered here what is not yet. The bus makes it fast, this makes it
// sure. Run must run.
type CatchUp struct {
	db      *db.DB
	live    Live
	here    Publisher
	metrics *metrics.Metrics
	log     *slog.Logger
	lost    chan struct{}

	// The rest belongs to the goroutine of Run.
	top     int64               // the newest row that was looked at
	looks   int                 // how often
	holes   map[int64]time.Time // ids below it that were not there
	missing map[pair]span       // what was not delivered at the look before
	checked time.Time
}

// span is a part of a conversation, and when it was first seen to be missing.
type span struct {
	from, upto int64
	since      time.Time
}

// NewCatchUp makes a CatchUp that delivers to the sockets of this node. It looks
// at what comes after this call, so there must be no socket before it.
func NewCatchUp(ctx context.Context, d *db.DB, m *metrics.Metrics, logger *slog.Logger) (*CatchUp, error) {
	c := &CatchUp{db: d, metrics: m, log: logger, lost: make(chan struct{}, 1), holes: map[int64]time.Time{}, missing: map[pair]span{}}
	return c, c.begin(ctx)
}

// Serve names the live side; it comes before Run.
func (c *CatchUp) Serve(live Live, here Publisher) { c.live, c.here = live, here }

// Lost says that the bus may have lost something. It does not block.
func (c *CatchUp) Lost() {
	select {
	case c.lost <- struct{}{}:
	default:
	}
}

// Run looks until ctx ends.
func (c *CatchUp) Run(ctx context.Context) {
	next := time.NewTimer(lookEvery)
	defer next.Stop()
	c.checked = time.Now()
	for {
		lost := false
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		case <-c.lost:
			lost = true
			select { // several losses are one
			case <-time.After(lookGap):
			case <-ctx.Done():
				return
			}
		}
		guard.Run(c.log, c.metrics.Panics.WithLabelValues("catchup").Inc, "catchup", func() { c.round(ctx, lost) })
		if len(c.missing) > 0 {
			next.Reset(onItsWay) // then it is fetched if it is missing still
		} else {
			next.Reset(lookEvery)
		}
	}
}

func (c *CatchUp) round(ctx context.Context, lost bool) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	if err := c.look(ctx); err != nil && ctx.Err() == nil {
		c.log.WarnContext(ctx, "what other nodes committed is not looked at", "error", err)
	}
	if since := time.Since(c.checked); since > checkEvery || lost && since > checkGap {
		c.checked = time.Now()
		if err := c.check(ctx); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "sessions not compared", "error", err)
		}
	}
}

// sight is a row as a look sees it.
type sight struct {
	ID   int64 `xorm:"'id'"`
	Kind int
	Low  int64
	High int64
	Seq  int64
	// Joined says that people came into a group with it.
	Joined bool
}

const sightColumns = `SELECT m.id, c.kind, c.low, c.high, m.seq, m.seq = 1 OR m.cmd = 19 AND m.content = 'group_joined' AS joined FROM message m JOIN conversation c ON c.id = m.conversationid WHERE m.id `

// look reads what is new. What is still missing here after a while is filled in:
// a message needs a moment from its commit to the sockets.
func (c *CatchUp) look(ctx context.Context) error {
	var rows []sight
	err := c.db.View(ctx, func(v *xorm.Session) error {
		if err := v.SQL(sightColumns+"> ? ORDER BY m.id LIMIT ?", c.top, lookRows).Find(&rows); err != nil {
			return err
		}
		return c.lookAgain(v, &rows)
	})
	if err != nil {
		return err
	}
	for p, s := range c.missing {
		if time.Since(s.since) < onItsWay {
			continue
		}
		delete(c.missing, p)
		if c.live.Missing(p.kind, p.low, p.high, s.from) || c.live.Missing(p.kind, p.low, p.high, s.upto) {
			c.live.Fill(p.kind, p.low, p.high, s.from, s.upto)
		}
	}
	seated := map[int64]bool{}
	for _, r := range rows {
		p := pair{r.Kind, r.Low, r.High}
		if r.Kind == model.KindRoom && r.Joined && !seated[r.Low] {
			seated[r.Low] = true
			c.live.Seats(r.Low)
		}
		if !c.live.Missing(r.Kind, r.Low, r.High, r.Seq) {
			continue
		}
		s, ok := c.missing[p]
		if !ok {
			s = span{r.Seq, r.Seq, time.Now()}
		}
		c.missing[p] = span{min(s.from, r.Seq), max(s.upto, r.Seq), s.since}
	}
	return nil
}

// Members gives who is in a group, and up to which seq of it that holds.
func (c *CatchUp) Members(ctx context.Context, group int64) (members []int64, seq int64, err error) {
	err = c.db.View(ctx, func(v *xorm.Session) error {
		var before int64
		for { // until nothing has changed between two looks at the seq
			query := "SELECT seq FROM conversation WHERE kind = ? AND low = ? AND high = 0"
			if _, err := v.SQL(query, model.KindRoom, group).Get(&before); err != nil {
				return err
			}
			members = nil
			err := v.SQL(`SELECT m.userid FROM member m JOIN conversation c ON c.id = m.conversationid WHERE c.kind = ? AND c.low = ? AND c.high = 0`,
				model.KindRoom, group).Find(&members)
			if err != nil {
				return err
			}
			if _, err := v.SQL(query, model.KindRoom, group).Get(&seq); err != nil || seq == before {
				return err
			}
		}
	})
	return members, seq, err
}

// check closes the sockets of sessions that have ended.
func (c *CatchUp) check(ctx context.Context) error {
	list := c.live.Sessions()
	ids := make([]int64, 0, len(list))
	for id := range list {
		ids = append(ids, id)
	}
	for part := range slices.Chunk(ids, chunk) {
		var alive []int64
		err := c.db.View(ctx, func(v *xorm.Session) error {
			return v.Table("session").In("id", part).Cols("id").Find(&alive)
		})
		if err != nil {
			return err
		}
		for _, id := range part {
			if !slices.Contains(alive, id) {
				c.here.Disconnect(list[id], []int64{id}, CloseSessionEnded, "session ended")
			}
		}
	}
	return nil
}

// Between gives what a conversation has after one seq and up to another,
// addressed as it was when it was sent.
func (c *CatchUp) Between(ctx context.Context, kind int, low, high, after, upto int64) ([]model.Delivery, error) {
	var rows []model.Post
	err := c.db.View(ctx, func(v *xorm.Session) error {
		return v.SQL(`SELECT m.* FROM message m JOIN conversation c ON c.id = m.conversationid
			WHERE c.kind = ? AND c.low = ? AND c.high = ? AND m.seq > ? AND m.seq <= ? ORDER BY m.seq LIMIT ?`,
			kind, low, high, after, upto, maxPage).Find(&rows)
	})
	if err != nil {
		return nil, err
	}
	list := make([]model.Delivery, 0, len(rows))
	for i := range rows {
		m := messageOf(&rows[i], kind)
		d := delivery(model.Sender{}, m, nil)
		if kind == model.KindNotice {
			d.Users = []int64{low}
		}
		if kind == model.KindRoom && m.Cmd == model.CmdEvent {
			d.Subscribe, d.Unsubscribe = moved(&m)
		}
		list = append(list, d)
	}
	return list, nil
}

// moved tells who enters or leaves a group's fan-out with an entry of its timeline.
func moved(m *model.Message) (in, out []int64) {
	var e entry
	if json.Unmarshal(m.Ext, &e) != nil {
		return nil, nil
	}
	switch m.Content {
	case model.EventGroupJoined:
		return e.Members, nil
	case model.EventGroupLeft:
		return nil, e.Members
	}
	return nil, nil
}

// marks gives n placeholders of a statement.
func marks(n int) string {
	b := make([]byte, 0, 2*n)
	for range n {
		b = append(b, '?', ',')
	}
	return string(b[:max(len(b)-1, 0)])
}

func anys(ids []int64) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}
