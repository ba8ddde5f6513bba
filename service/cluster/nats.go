package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// natsWait bounds the first attempt to reach a server and each later one.
	natsWait = 2 * time.Second
	// natsAgain is between two attempts.
	natsAgain = 250 * time.Millisecond
	// natsLimit is the longest datagram over NATS: the largest message with all
	// that is around it, far below what a server takes (1 MB).
	natsLimit = 256 << 10
	// natsPending is how many datagrams wait to be taken; what comes beyond is
	// lost, and read from the store.
	natsPending = 16 << 10
)

// parseNATS reads nats://[user:pass@]host:port[,host:port…]. A user that stands
// once holds for all servers that have none of their own.
func parseNATS(address string) (servers []string, err error) {
	var list []*url.URL
	var user *url.Userinfo

	hosts, ok := strings.CutPrefix(address, "nats://")
	if !ok || strings.ContainsAny(hosts, "/?#") {
		return nil, errors.New("want nats://[user:password@]host:4222, or several hosts with commas between them")
	}
	for part := range strings.SplitSeq(hosts, ",") {
		u, err := url.Parse("nats://" + part)
		if err != nil || u.Hostname() == "" {
			return nil, errors.New("nats: want host:4222 or user:password@host:4222")
		}
		if u.Port() == "" {
			u.Host = net.JoinHostPort(u.Hostname(), "4222")
		}
		if list = append(list, u); user == nil {
			user = u.User
		}
	}
	for _, u := range list {
		if u.User == nil {
			u.User = user
		}
		servers = append(servers, u.String())
	}
	return servers, nil
}

// natsLane is the bus over NATS: a datagram goes where somebody has subscribed.
type natsLane struct {
	conn   *nats.Conn
	log    interface{ Warn(string, ...any) }
	prefix string // of the subjects
	inbox  chan *nats.Msg
	done   chan struct{}
	tasks  sync.WaitGroup
	after  func() error // ends what belongs to the lane

	mu   sync.Mutex // guards the following
	subs map[string]*nats.Subscription
	lost func()
}

// openNATS joins an existing server or cluster. A server that refuses the
// credentials is an error; one that is away is waited for.
func openNATS(o Options) (carrier, error) {
	servers, err := parseNATS(o.Address)
	if err != nil {
		return nil, err
	}
	return connect(o, strings.Join(servers, ","), nil, nats.Name("hongyan"))
}

// connect makes the lane over a connection; after ends what it belongs to.
func connect(o Options, servers string, after func() error, options ...nats.Option) (*natsLane, error) {
	l := &natsLane{
		log: o.Log, prefix: "hongyan." + o.Scope + ".", inbox: make(chan *nats.Msg, natsPending),
		done: make(chan struct{}), subs: map[string]*nats.Subscription{}, after: after, lost: func() {},
	}
	options = append(options, nats.NoEcho(), nats.Timeout(natsWait),
		nats.MaxReconnects(-1), nats.ReconnectWait(natsAgain), nats.ReconnectJitter(natsAgain, natsAgain),
		nats.IgnoreAuthErrorAbort(), // a password that is being changed is right again some time
		nats.ReconnectBufSize(-1),   // what is late is worth nothing: the store has it
		nats.ReconnectHandler(func(*nats.Conn) { l.mayHaveLost("the bus is back") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Log.Warn("the bus is away", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { l.mayHaveLost(err.Error()) }),
	)
	conn, err := nats.Connect(servers, options...)
	switch {
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, nats.ErrTimeout):
		o.Log.Warn("the bus is away: nodes do not hear each other until it is back", "error", err)
		conn, err = nats.Connect(servers, append(options, nats.RetryOnFailedConnect(true))...)
	}
	if err != nil {
		return nil, err
	}
	l.conn = conn
	if err := l.want("", true); err != nil {
		conn.Close()
		return nil, err
	}
	return l, nil
}

func (l *natsLane) mayHaveLost(why string) {
	l.log.Warn("the bus may have lost something", "why", why)
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	lost()
}

// subject of a topic; the empty one is everybody's.
func (l *natsLane) subject(topic string) string {
	if topic == "" {
		return l.prefix + "all"
	}
	return l.prefix + topic
}

// carry publishes under each topic; who wants two of them drops the second copy.
func (l *natsLane) carry(topics []string, datagram []byte) error {
	if len(topics) == 0 {
		return l.conn.Publish(l.subject(""), datagram)
	}
	var faults []error
	for _, t := range topics {
		faults = append(faults, l.conn.Publish(l.subject(t), datagram))
	}
	return errors.Join(faults...)
}

// want subscribes. All subscriptions share one channel: none has a goroutine.
func (l *natsLane) want(topic string, wanted bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	sub := l.subs[topic]
	switch {
	case wanted && sub == nil:
		sub, err := l.conn.ChanSubscribe(l.subject(topic), l.inbox)
		if err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
		l.subs[topic] = sub
	case !wanted && sub != nil:
		delete(l.subs, topic)
		return sub.Unsubscribe()
	}
	return nil
}

func (l *natsLane) limit() int { return natsLimit }

func (l *natsLane) lossy() bool { return false }

func (l *natsLane) run(receive func([]byte), lost func()) {
	l.mu.Lock()
	l.lost = lost
	l.mu.Unlock()
	l.tasks.Go(func() {
		for {
			select {
			case msg := <-l.inbox:
				receive(msg.Data)
			case <-l.done:
				return
			}
		}
	})
}

func (l *natsLane) close() error {
	close(l.done)
	l.tasks.Wait()
	l.mu.Lock()
	l.lost = func() {}
	l.mu.Unlock()
	// What was sent last, that this node goes, is to get through.
	_ = l.conn.FlushTimeout(100 * time.Millisecond)
	l.conn.Close()
	if l.after != nil {
		return l.after()
	}
	return nil
}
