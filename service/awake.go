package service

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/guard"

	"xorm.io/xorm"
)

// Notifier is a kind of channel. Check tells which field is not as the kind
// needs it; a failure of Notify is a *model.NotifyError.
type Notifier interface {
	Check(address, secret string) error
	Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error
}

// Words gives the sentence for a key in a language.
type Words func(lang, key string, values map[string]any) string

// Pace is how soon and how often people are told.
type Pace struct {
	Delay   time.Duration // between a message and the look whether it was read
	Again   time.Duration // until the next look at somebody who is looking
	Push    time.Duration // between two pushes of a conversation to a device
	Channel time.Duration // between two notices of a conversation to a channel
	Gap     time.Duration // between any two notices to a channel
	Tick    time.Duration // how exactly all this is kept
	Backoff []time.Duration
}

// UsualPace is that of a server for people.
func UsualPace() Pace {
	return Pace{
		Delay: 2 * time.Second, Again: 30 * time.Second, Push: 3 * time.Second, Channel: time.Minute, Gap: 3 * time.Second,
		Tick: 250 * time.Millisecond, Backoff: []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute},
	}
}

// Bounds of what waits: messages that were not looked at yet, posts of one
// conversation that are told apart, conversations to look at again, and how
// often it is looked whether there is anybody to be told at all.
const (
	maxNews   = 4096
	maxPosts  = 64
	maxLater  = 20_000
	anyoneFor = time.Minute
)

// AwakeService tells people who are away that there is something for them. It
// hears of messages where they are published, after their commit, and costs a
// sender no more than a place in a queue: whom to tell, and whether they have
// read it by then, is found out a moment later by a goroutine of its own. What
// it tells is a hint; what does not fit is dropped.
type AwakeService struct {
	db        *db.DB
	now       Clock
	words     Words
	pusher    Pusher
	notifiers map[string]Notifier
	looking   *Looking
	pace      Pace
	log       *slog.Logger
	courier   *courier

	anyone audience
	news   chan posted
	rings  chan ring

	// The rest belongs to the goroutine of Run.
	batches map[pair]*batch
	later   map[laterKey]laterTurn
	told    map[toldKey]time.Time
	checked time.Time
}

// audience knows whether anybody wants to be told; safe for concurrent use.
type audience struct{ joined atomic.Int64 } // 0: nobody; else how often somebody has joined

func (a *audience) there() bool { return a.joined.Load() > 0 }

func (a *audience) join() { a.joined.Add(1) }

// count takes what the store says, unless it fails. Whoever joins while the
// store is asked stays: the answer may be older than they are.
func (a *audience) count(ask func() (int, error)) {
	before := a.joined.Load()
	n, err := ask()
	switch {
	case err != nil:
	case n == 0:
		a.joined.CompareAndSwap(before, 0)
	case before == 0:
		a.join()
	}
}

// posted is a message as far as this service remembers it.
type posted struct {
	talk   pair
	seq    int64
	sender int64
}

// batch are the posts of a conversation since it was looked at.
type batch struct {
	due   time.Time
	posts []posted
}

// laterKey names somebody who is to be looked at again; target is empty for
// all of the user's devices and channels.
type laterKey struct {
	talk   pair
	userID int64
	target string
}

type laterTurn struct {
	due  time.Time
	post posted
}

type toldKey struct {
	talk   pair
	target string
}

// NewAwakeService makes the service; Run must run for anybody to be told, and
// the committer's Publisher must be what Watch gives.
func NewAwakeService(d *db.DB, pusher Pusher, notifiers map[string]Notifier, looking *Looking, now Clock, words Words, pace Pace, logger *slog.Logger) *AwakeService {
	return &AwakeService{
		db: d, now: now, words: words, pusher: pusher, notifiers: notifiers, looking: looking, pace: pace, log: logger,
		courier: newCourier(courierBounds{atOnce: 32, lanes: 4000, queue: 32, backoff: pace.Backoff}, logger),
		news:    make(chan posted, maxNews),
		rings:   make(chan ring, maxRings),
		batches: map[pair]*batch{}, later: map[laterKey]laterTurn{}, told: map[toldKey]time.Time{},
	}
}

// Watch gives a Publisher that hands on to next and notes what there is to tell.
func (a *AwakeService) Watch(next Publisher) Publisher { return watched{next, a} }

type watched struct {
	Publisher
	awake *AwakeService
}

// Publish hands d on, and never blocks.
func (w watched) Publish(d model.Delivery) {
	w.Publisher.Publish(d)
	if m := &d.Message; w.awake.anyone.there() && m.Seq > 0 && m.IsPost() && !d.Silent && !d.Ephemeral {
		w.awake.note(&d)
	}
}

func (a *AwakeService) note(d *model.Delivery) {
	m := &d.Message
	users := d.Users
	if m.Kind != model.KindNotice {
		users = []int64{m.UserID} // one conversation, whoever it is for
	}
	for _, userID := range users {
		select {
		case a.news <- posted{talk: pairOf(m.Kind, userID, m.DstID), seq: m.Seq, sender: m.UserID}:
		default: // more than anybody reads on a lock screen
		}
	}
}

// Wake says that there is somebody who wants to be told from now on.
func (a *AwakeService) Wake() { a.anyone.join() }

// Run tells people until ctx ends.
func (a *AwakeService) Run(ctx context.Context) {
	tick := time.NewTicker(a.pace.Tick)
	defer tick.Stop()
	defer a.courier.wait()
	for {
		select {
		case p := <-a.news:
			a.gather(p)
		case r := <-a.rings:
			guard.Run(a.log, nil, "notify", func() { a.tellRing(ctx, r) })
		case <-tick.C:
			guard.Run(a.log, nil, "notify", func() { a.round(ctx) })
		case <-ctx.Done():
			return
		}
	}
}

func (a *AwakeService) gather(p posted) {
	b := a.batches[p.talk]
	if b == nil {
		b = &batch{due: time.Now().Add(a.pace.Delay)}
		a.batches[p.talk] = b
	}
	if b.posts = append(b.posts, p); len(b.posts) > maxPosts {
		b.posts = b.posts[1:]
	}
}

// round looks at what is due.
func (a *AwakeService) round(ctx context.Context) {
	now := time.Now()
	if now.Sub(a.checked) >= anyoneFor {
		a.checked = now
		a.tidy(ctx, now)
	}
	for talk, b := range a.batches {
		if now.Before(b.due) {
			continue
		}
		delete(a.batches, talk)
		a.tell(ctx, talk, b.posts, laterKey{})
	}
	for key, turn := range a.later {
		if now.Before(turn.due) {
			continue
		}
		delete(a.later, key)
		a.tell(ctx, key.talk, []posted{turn.post}, key)
	}
}

// tidy looks whether there is anybody to tell, who may have come by another
// node, and forgets what is long over.
func (a *AwakeService) tidy(ctx context.Context, now time.Time) {
	a.anyone.count(func() (n int, err error) {
		err = a.db.View(ctx, func(v *xorm.Session) error {
			_, err := v.SQL("SELECT EXISTS (SELECT 1 FROM push_subscription) + EXISTS (SELECT 1 FROM notify_channel WHERE enabled)").Get(&n)
			return err
		})
		return n, err
	})
	for key, at := range a.told {
		if now.Sub(at) > max(a.pace.Channel, a.pace.Push) {
			delete(a.told, key)
		}
	}
	a.looking.forget()
}

// again has somebody looked at once more.
func (a *AwakeService) again(key laterKey, post posted, due time.Time) {
	if turn, waits := a.later[key]; waits {
		turn.post = post
		a.later[key] = turn
	} else if len(a.later) < maxLater {
		a.later[key] = laterTurn{due: due, post: post}
	}
}
