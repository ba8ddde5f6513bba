package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/util/guard"
	"hongyan/util/metrics"
)

const (
	// presenceGrace is how long somebody may be away unnoticed: a reload of a
	// page, or a phone that changes from one network to another.
	presenceGrace = 5 * time.Second
	// friendsTime bounds the reading of the friends of one user.
	friendsTime = 5 * time.Second
	// presencePause is what a store that does not answer is left, and presenceLife
	// how long it is tried: after that, friends have read the lists again.
	presencePause = time.Second
	presenceLife  = 10 * time.Minute
)

// PresenceService tells friends who comes and goes. It is never stored; if the
// store does not answer, they are told later what holds then.
// On several nodes each tells those who are with itself, from the sockets that
// all of them have.
type PresenceService struct {
	live    Presence
	out     PresencePublisher
	friends func(ctx context.Context, userID int64) ([]int64, error)
	metrics *metrics.Metrics
	log     *slog.Logger

	mu      sync.Mutex // guards the following; held while live is asked
	told    map[int64]bool
	leaving map[int64]*time.Timer
	queue   []int64
	since   map[int64]time.Time // who is queued, and since when
	wake    chan struct{}
}

// PresencePublisher reaches the sockets of this node.
type PresencePublisher interface{ Publish(d model.Delivery) }

// NewPresenceService makes the service; friends gives who may know of a user.
// Run must run for anybody to be told.
func NewPresenceService(
	live Presence, out PresencePublisher, friends func(ctx context.Context, userID int64) ([]int64, error), m *metrics.Metrics,
	logger *slog.Logger,
) *PresenceService {
	return &PresenceService{
		live: live, out: out, friends: friends, metrics: m, log: logger,
		told: map[int64]bool{}, leaving: map[int64]*time.Timer{}, since: map[int64]time.Time{}, wake: make(chan struct{}, 1),
	}
}

// Changed is called after a user's first socket on some node has opened or the
// last one there closed. It does not block.
func (p *PresenceService) Changed(userID int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	timer := p.leaving[userID]
	switch online := p.live.Online(userID); {
	case online && timer != nil:
		timer.Stop()
		delete(p.leaving, userID)
	case online && !p.told[userID]:
		p.told[userID] = true
		p.tell(userID, time.Now())
	case !online && p.told[userID] && timer == nil:
		p.leaving[userID] = time.AfterFunc(presenceGrace, func() { p.guard(func() { p.left(userID) }) })
	}
}

// Online says what friends have been told: whoever is away within the time of
// grace still counts as there, since nobody is told when they are back.
func (p *PresenceService) Online(userID int64) bool {
	if p.live.Online(userID) {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told[userID]
}

// left is called when a user has stayed away for the time of grace.
func (p *PresenceService) left(userID int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.leaving, userID)
	if p.told[userID] && !p.live.Online(userID) {
		delete(p.told, userID)
		p.tell(userID, time.Now())
	}
}

// tell queues a user whose presence changed, once, for who holds mu.
func (p *PresenceService) tell(userID int64, since time.Time) {
	if _, queued := p.since[userID]; queued {
		return
	}
	p.since[userID] = since
	p.queue = append(p.queue, userID)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run tells friends until ctx ends.
func (p *PresenceService) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			p.stop()
			return
		case <-p.wake:
		}
		for n, ok := p.next(); ok && ctx.Err() == nil; n, ok = p.next() {
			p.guard(func() {
				if err := p.announce(ctx, n); err != nil {
					p.again(ctx, n, err)
				}
			})
		}
	}
}

// again queues what could not be told, and waits a moment: the store would not
// answer for others either.
func (p *PresenceService) again(ctx context.Context, n news, cause error) {
	if time.Since(n.since) >= presenceLife {
		p.log.WarnContext(ctx, "presence not told", "user", n.userID, "error", cause)
		return
	}
	p.mu.Lock()
	p.tell(n.userID, n.since)
	p.mu.Unlock()
	select {
	case <-time.After(presencePause):
	case <-ctx.Done():
	}
}

// news is what friends are to be told of a user.
type news struct {
	userID int64
	online bool
	since  time.Time // when it was first to be told
}

// next takes a user from the queue, with what holds now.
func (p *PresenceService) next() (n news, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.queue = nil
		return news{}, false
	}
	userID := p.queue[0]
	p.queue = p.queue[1:]
	n = news{userID, p.told[userID], p.since[userID]}
	delete(p.since, userID)
	return n, true
}

func (p *PresenceService) announce(ctx context.Context, n news) error {
	ctx, cancel := context.WithTimeout(ctx, friendsTime)
	defer cancel()
	friends, err := p.friends(ctx, n.userID)
	if err != nil || len(friends) == 0 {
		return err
	}
	m := model.Message{Cmd: model.CmdPresence, UserID: n.userID}
	if n.online {
		m.Amount = 1
	} else {
		m.At = time.Now().UnixMilli()
	}
	p.out.Publish(model.Delivery{Message: m, Users: friends, Ephemeral: true})
	return nil
}

// guard keeps a panic over one user from the others.
func (p *PresenceService) guard(fn func()) {
	guard.Run(p.log, p.metrics.Panics.WithLabelValues("presence").Inc, "presence", fn)
}

// stop ends the timers.
func (p *PresenceService) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for userID, timer := range p.leaving {
		timer.Stop()
		delete(p.leaving, userID)
	}
}
