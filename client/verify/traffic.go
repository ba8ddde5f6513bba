package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"hongyan/model"
)

// Shares of what devices do, of 100; the rest are messages.
const (
	shareResend  = 4
	shareEdit    = 3
	shareRecall  = 2
	shareReact   = 4
	shareRead    = 4
	shareList    = 2
	shareShout   = 4
	shareForeign = 3 // to a group the sender is not in
	// Of messages.
	shareBare   = 8 // without a cid
	shareForged = 8 // with another's userid
)

// work makes traffic for as long as it is wanted, and for as long as faults need it.
func (r *run) work(ctx context.Context) error {
	busy, rest := context.WithCancel(ctx)
	defer rest()
	for _, p := range r.phones {
		p.todo = make(chan func(), 8)
		r.tasks.Go(func() { p.obey(busy) })
	}
	r.tasks.Go(func() { r.wander(busy, ctx) })
	r.tasks.Go(func() { r.lurk(busy) })
	faults := make(chan error, 1)
	go func() { faults <- r.inject(ctx) }()
	err := r.drive(busy, faults)
	rest()
	r.tasks.Wait()
	return err
}

// drive gives the devices what to do, at the rate of the run.
func (r *run) drive(ctx context.Context, faults <-chan error) error {
	began, done := time.Now(), 0
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	var injected bool
	var err error
	for !injected || time.Since(began) < r.o.Duration {
		select {
		case err = <-faults:
			if injected, faults = true, nil; err != nil {
				return err
			}
		case <-ctx.Done():
			if !injected {
				err = <-faults
			}
			return errors.Join(context.Cause(ctx), err)
		case <-tick.C:
		}
		for due := int(time.Since(began).Seconds() * r.o.Rate); done < due; done++ {
			r.act()
		}
	}
	return nil
}

// obey does what the device is given to do.
func (p *phone) obey(ctx context.Context) {
	for {
		select {
		case do := <-p.todo:
			do()
		case <-ctx.Done():
			return
		}
	}
}

// act lets a device do something, if it is not busy.
func (r *run) act() {
	a := r.accounts[r.random.IntN(r.o.Users)]
	p := a.phones[r.random.IntN(len(a.phones))]
	seed := r.random.Uint64()
	do := func() { p.act(rand.New(rand.NewPCG(seed, 1))) } //nolint:gosec // to be repeated, not guessed
	select {
	case p.todo <- do:
	default:
	}
}

// act does one thing.
func (p *phone) act(random *rand.Rand) {
	t, foreign := p.choose(random)
	if foreign {
		p.post(random, t, true)
		return
	}
	dice := random.IntN(100)
	for _, may := range []struct {
		share int
		do    func()
	}{
		{shareResend, func() { p.repeat(random) }},
		{shareEdit, func() { p.change(random, model.CmdEdit) }},
		{shareRecall, func() { p.change(random, model.CmdRecall) }},
		{shareReact, func() { p.react(random, t) }},
		{shareRead, func() { p.read(t) }},
		{shareList, func() { p.run.ask(p.who, probe{}) }},
		{shareShout, p.shout},
	} {
		if dice -= may.share; dice < 0 {
			may.do()
			return
		}
	}
	p.post(random, t, false)
}

// choose picks a conversation; foreign is one that the user is not in.
func (p *phone) choose(random *rand.Rand) (t talkID, foreign bool) {
	var in, out []talkID
	for _, room := range p.run.rooms {
		switch p.who.state(room.talk) {
		case inside:
			in = append(in, room.talk)
		case outside:
			out = append(out, room.talk)
		}
	}
	if len(out) > 0 && random.IntN(100) < shareForeign {
		return out[random.IntN(len(out))], true
	}
	if len(in) > 0 && random.IntN(100) < 60 {
		return in[random.IntN(len(in))], false
	}
	friend := p.who.friends[random.IntN(len(p.who.friends))]
	return talkOf(model.KindSingle, p.who.id, friend.id), false
}

// post says something.
func (p *phone) post(random *rand.Rand, t talkID, foreign bool) {
	m := model.Message{Cmd: t.kind, DstID: t.dst(p.who.id), Media: model.MediaText}
	if random.IntN(100) < shareForged {
		m.UserID = p.run.accounts[random.IntN(p.run.o.Users)].id
	}
	size := random.IntN(120)
	if random.IntN(100) < p.run.o.Large {
		size = p.run.o.Size
	}
	p.send(t, m, strings.Repeat("雁", size/3), !foreign && random.IntN(100) < shareBare)
}

// send gives a message a cid or none, and its content what makes it the only one
// of its kind.
func (p *phone) send(t talkID, m model.Message, text string, withoutCID bool) {
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	socket := p.socket
	if len(p.pending) >= window || withoutCID && (socket == nil || p.doubtful) || p.gone {
		p.mu.Unlock()
		return
	}
	p.count++
	q := &post{name: fmt.Sprintf("%s-%d-%d", p.run.serial, p.id, p.count), talk: t, m: m, sent: socket != nil}
	if withoutCID {
		q.name = "~" + q.name
	} else {
		q.m.CID = q.name
	}
	if m.IsPost() || m.Cmd == model.CmdEdit {
		q.m.Content = strings.TrimSpace(q.name + " " + text)
	}
	p.pending = append(p.pending, q)
	p.run.rec.add(p.sending(q)) // before whoever gives it up can say so
	p.mu.Unlock()
	if socket != nil {
		_ = socket.Write(q.m) // what fails here is sent on the next socket
	}
}

func (p *phone) sending(q *post) Event {
	return Event{What: Send, Dev: p.id, User: p.who.id, Conv: q.talk.String(), CID: q.name, Cmd: q.m.Cmd, Ref: q.m.Ref, Hash: hashOf(q.m.Content)}
}

// mine is one of the device's last messages; nil if there is none.
func (p *phone) mine(random *rand.Rand) *post {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.own) == 0 {
		return nil
	}
	return p.own[random.IntN(len(p.own))]
}

// repeat sends again what was acknowledged.
func (p *phone) repeat(random *rand.Rand) {
	q := p.mine(random)
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	socket := p.socket
	p.mu.Unlock()
	if q != nil && socket != nil {
		p.run.rec.add(p.sending(q))
		_ = socket.Write(q.m) // lost with its socket: nothing waits for it
	}
}

// change edits or recalls one of the device's last messages.
func (p *phone) change(random *rand.Rand, cmd int) {
	if q := p.mine(random); q != nil {
		p.send(q.talk, model.Message{Cmd: cmd, Kind: q.talk.kind, DstID: q.talk.dst(p.who.id), Ref: q.seq}, "edited", false)
	}
}

func (p *phone) react(random *rand.Rand, t talkID) {
	if last := p.upTo(t); last > 0 {
		m := model.Message{Cmd: model.CmdReact, Kind: t.kind, DstID: t.dst(p.who.id), Ref: max(last-random.Int64N(20), 1), Amount: random.Int64N(2)}
		m.Content = []string{"👍", "❤️", "🪿"}[random.IntN(3)]
		p.send(t, m, "", false)
	}
}

// read moves the user's cursor to what the device shows last.
func (p *phone) read(t talkID) {
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	socket, seq := p.socket, p.at[t]
	p.count++
	cid := fmt.Sprintf("%s-%d-%d", p.run.serial, p.id, p.count)
	if socket != nil && seq > 0 {
		p.reads[cid], p.reading[cid] = t, seq
	}
	p.mu.Unlock()
	if socket != nil && seq > 0 {
		_ = socket.Write(model.Message{Cmd: model.CmdRead, Kind: t.kind, DstID: t.dst(p.who.id), Seq: seq, CID: cid})
	}
}

// shout says something in the live room of the run, which promises nothing but
// to say it once.
func (p *phone) shout() {
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	socket := p.socket
	p.count++
	m := model.Message{Cmd: model.CmdLive, DstID: p.run.live(), Media: model.MediaText, Content: fmt.Sprintf("%s-%d-%d", p.run.serial, p.id, p.count)}
	p.mu.Unlock()
	if socket != nil {
		p.run.rec.add(Event{What: Shout, Dev: p.id, User: p.who.id, Hash: hashOf(m.Content)})
		_ = socket.Write(m) // at most once
	}
}

// live is the number of the run's live room.
func (r *run) live() int64 { return r.rooms[0].talk.low }
