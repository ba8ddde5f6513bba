package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"hongyan/client"
	"hongyan/model"
)

const (
	// window is how many messages of a device may wait for their answer.
	window = 128
	// pageSize is what the server gives at most.
	pageSize = 200
	// remembered is how many of its own messages a device may send again, edit or
	// recall.
	remembered = 16
	// callTime bounds a call of a route.
	callTime = 20 * time.Second
)

// phone is a device: it keeps a socket, sends again what has no answer, reads
// what it missed and shows each message once. It writes down all of it.
type phone struct {
	run  *run
	id   int
	who  *account
	http *link

	order sync.Mutex // held while frames are written, in the order of pending

	mu       sync.Mutex // guards the following
	socket   *client.Socket
	gone     bool // it left with a goodbye
	doubtful bool // answers without a cid may be to anything
	pending  []*post
	reads    map[string]talkID // by cid, with the seq in reading
	reading  map[string]int64
	at       map[talkID]int64
	lost     map[talkID]bool // not the user's any more
	own      []*post
	believes map[int64]bool
	count    int
	todo     chan func() // set before work, and not changed
}

// post is a message on its way.
type post struct {
	name string // its cid, or a name with ~ where it has none
	talk talkID
	m    model.Message
	seq  int64
	sent bool // on the present socket
	put  int  // how often it was put off
	due  bool // it is put off now: however many copies of it are refused, one follows
}

func newPhone(r *run, id int, who *account) *phone {
	return &phone{
		run: r, id: id, who: who, http: r.link(who.token, id), at: map[talkID]int64{}, lost: map[talkID]bool{}, reads: map[string]talkID{},
		reading: map[string]int64{}, believes: map[int64]bool{},
	}
}

// live keeps the phone connected until ctx ends or it leaves.
func (p *phone) live(ctx context.Context) {
	for ctx.Err() == nil && !p.left() {
		err := p.connect(ctx)
		if model.CodeOf(err) == model.CodeUnauthenticated {
			p.run.fail(fmt.Errorf("device %d: %w", p.id, err))
			return
		}
		pause(ctx, 20*time.Millisecond+rand.N(100*time.Millisecond)) //nolint:gosec // jitter is no secret
	}
}

func (p *phone) left() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// connect is the life of one socket.
func (p *phone) connect(ctx context.Context) error {
	at := p.http.client()
	socket, err := at.Dial(ctx)
	if err != nil {
		return err
	}
	defer socket.Close()
	defer context.AfterFunc(ctx, socket.Close)()
	p.run.rec.add(Event{What: Conn, Dev: p.id, User: p.who.id, Name: at.Address()})
	defer p.disconnected()
	if err := p.catchAll(ctx); err != nil {
		return err
	}
	if err := p.open(socket); err != nil {
		return err
	}
	for m := range socket.Frames {
		if err := p.frame(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// open sends again what has no answer, and lets new messages through after it.
func (p *phone) open(socket *client.Socket) error {
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	list := slices.Clone(p.pending)
	for _, m := range list {
		m.sent = true
	}
	p.mu.Unlock()
	if err := socket.Write(model.Message{Cmd: model.CmdEnter, DstID: p.run.live()}); err != nil {
		return err
	}
	for _, m := range list {
		p.run.rec.add(p.sending(m))
		if err := socket.Write(m.m); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone { // it left meanwhile, and had no socket then to say it on
		return client.ErrClosed
	}
	p.socket = socket
	return nil
}

// disconnected forgets what belonged to the socket: nobody will answer for a
// message without a cid.
func (p *phone) disconnected() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.socket = nil
	events := []Event{{What: Disc, Dev: p.id}}
	if p.gone {
		events[0].Code = clean
	}
	events = append(events, p.forget()...)
	for _, m := range p.pending {
		m.sent = false
	}
	clear(p.reads)
	clear(p.reading)
	p.doubtful = false
	p.run.rec.add(events...)
}

// forget gives up what has no cid, for who holds mu.
func (p *phone) forget() (events []Event) {
	p.pending = slices.DeleteFunc(p.pending, func(m *post) bool {
		if bare(m.name) {
			events = append(events, Event{What: Info, Dev: p.id, CID: m.name})
		}
		return bare(m.name)
	})
	return events
}

func bare(name string) bool { return strings.HasPrefix(name, "~") }

// leave says goodbye for good.
func (p *phone) leave() {
	p.mu.Lock()
	p.gone = true
	socket := p.socket
	p.mu.Unlock()
	if socket != nil {
		socket.Close()
	}
}

// frame takes a frame of the server.
func (p *phone) frame(ctx context.Context, m model.Message) error {
	switch m.Cmd {
	case model.CmdAck:
		return p.acked(ctx, m)
	case model.CmdError:
		p.refused(ctx, m)
		return nil
	case model.CmdResync:
		return p.resync(ctx, m)
	case model.CmdRead:
		p.run.rec.add(Event{What: Seen, Dev: p.id, User: m.UserID, Conv: talkOf(m.Kind, m.UserID, m.DstID).String(), Seq: m.Seq})
		return nil
	case model.CmdLive:
		p.run.rec.add(Event{What: Heard, Dev: p.id, User: m.UserID, Hash: hashOf(m.Content)})
		return nil
	case model.CmdPresence:
		p.mu.Lock()
		p.believes[m.UserID] = m.Amount == 1
		p.mu.Unlock()
		p.run.rec.add(Event{What: Told, Dev: p.id, User: m.UserID, N: m.Amount})
		return nil
	}
	if m.Seq == 0 || m.Kind != model.KindSingle && m.Kind != model.KindRoom {
		return nil
	}
	t := talkOf(m.Kind, m.UserID, m.DstID)
	p.run.rec.add(recvOf(p.id, t, &m, Live))
	p.run.check(p.who, t, m.Seq)
	if p.isLost(t, returns(&m, p.who.id)) {
		return nil
	}
	return p.place(ctx, t, m.Seq)
}

// returns tells whether m says that a user came into a group: by themselves, or let
// in by somebody else, who is its author then.
func returns(m *model.Message, user int64) bool {
	if m.Cmd != model.CmdEvent || m.Content != model.EventGroupJoined {
		return false
	}
	var who struct{ Members []int64 }
	_ = json.Unmarshal(m.Ext, &who) // what it does not name did not come
	return m.UserID == user || slices.Contains(who.Members, user)
}

// isLost tells whether a conversation is one that the user left. It is not asked
// for again until something is about the user's own return.
func (p *phone) isLost(t talkID, back bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost[t] = p.lost[t] && !back
	return p.lost[t]
}

func recvOf(dev int, t talkID, m *model.Message, via string) Event {
	return Event{
		What: Recv, Dev: dev, Conv: t.String(), Seq: m.Seq, MID: m.ID, CID: m.CID, Cmd: m.Cmd, Ref: m.Ref,
		User: m.UserID, Hash: hashOf(m.Content), Via: via,
	}
}

// place shows what comes next; before a gap it reads what is missing.
func (p *phone) place(ctx context.Context, t talkID, seq int64) error {
	last := p.upTo(t)
	switch {
	case seq <= last:
		return nil
	case seq > last+1:
		return p.catch(ctx, t)
	}
	p.show(t, seq)
	return nil
}

func (p *phone) upTo(t talkID) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[t]
}

func (p *phone) show(t talkID, seq int64) {
	p.mu.Lock()
	p.at[t] = seq
	p.mu.Unlock()
	p.run.rec.add(Event{What: Shown, Dev: p.id, Conv: t.String(), Seq: seq})
}

func (p *phone) resync(ctx context.Context, m model.Message) error {
	p.doubt()
	if m.Kind == 0 {
		p.run.rec.add(Event{What: Resync, Dev: p.id})
		if err := p.catchAll(ctx); err != nil {
			return err
		}
	} else if m.Kind != model.KindNotice {
		t := talkOf(m.Kind, p.who.id, m.DstID)
		p.run.rec.add(Event{What: Resync, Dev: p.id, Conv: t.String()})
		if err := p.catch(ctx, t); err != nil {
			return err
		}
	}
	p.run.tasks.Go(func() { p.again("") }) // answers may have been among what was dropped
	return nil
}

// catchAll reads what is missing of every conversation.
func (p *phone) catchAll(ctx context.Context) error {
	rows, err := p.http.list(ctx, p.id, p.who.id, "")
	if err != nil {
		return err
	}
	for _, row := range rows {
		t := talkOf(row.Kind, p.who.id, row.DstID)
		if row.LastSeq > p.upTo(t) {
			if err := p.catch(ctx, t); err != nil {
				return err
			}
		}
	}
	if p.run.watches(p) {
		return p.look(ctx)
	}
	return nil
}

// look asks who is online.
func (p *phone) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var friends []model.Friend
	if err := p.http.client().Post(ctx, "/contact/loadfriend", nil, &friends); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range friends {
		p.believes[friends[i].ID] = friends[i].Online
	}
	return nil
}

// catch reads what is missing of one conversation.
func (p *phone) catch(ctx context.Context, t talkID) error {
	for {
		last := p.upTo(t)
		page, err := p.http.page(ctx, p.id, p.who.id, t, last, pageSize)
		var refusal *client.Error
		if errors.As(err, &refusal) && refusal.Status < 500 && refusal.Code != model.CodeUnauthenticated {
			p.mu.Lock()
			p.lost[t] = true
			p.mu.Unlock()
			return nil
		}
		if err != nil {
			return err
		}
		p.isLost(t, true)
		for i := range page {
			if page[i].Seq > p.upTo(t) {
				p.show(t, page[i].Seq)
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}
