package verify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Injection is a fault to inject during a run.
type Injection struct {
	Name  string
	Times int // at least; 0: once
	// Inject makes the fault and returns when it is over. An error ends the run.
	Inject func(ctx context.Context, t *Target) error
}

// Target is what faults are injected into.
type Target struct {
	Child *Child // nil if the server is not the run's own
	Proxy *Proxy // nil without Options.Network
	// Random is for what is random about a fault.
	Random *rand.Rand
	Log    func(format string, args ...any)
}

// Kill ends the server as kill -9 does, and starts it again.
func Kill(times int) Injection {
	return Injection{Name: "kill", Times: times, Inject: func(_ context.Context, t *Target) error {
		t.Child.Kill()
		return t.Child.Start()
	}}
}

// Restart ends the server in order, and starts it again.
func Restart(times int) Injection {
	return Injection{Name: "restart", Times: times, Inject: func(_ context.Context, t *Target) error {
		if err := t.Child.Terminate(); err != nil {
			return err
		}
		return t.Child.Start()
	}}
}

// Stop freezes the server for up to a second.
func Stop(times int) Injection {
	return Injection{Name: "stop", Times: times, Inject: func(ctx context.Context, t *Target) error {
		if err := t.Child.Freeze(); err != nil {
			return err
		}
		pause(ctx, time.Duration(t.Random.Int64N(int64(time.Second))))
		return t.Child.Thaw()
	}}
}

// Stall holds back what half of the connections carry, for as long as given: it
// gathers in the server, which may drop it but has to say so.
func Stall(times int, lasting time.Duration) Injection {
	return Injection{Name: "stall", Times: times, Inject: func(ctx context.Context, t *Target) error {
		t.Proxy.under(ctx, t.Proxy.some(t.Random, false), mood{held: make(chan struct{})}, lasting)
		return nil
	}}
}

// Net does something to some or all connections through the proxy.
func Net(times int) Injection {
	n := 0
	return Injection{Name: "net", Times: times, Inject: func(ctx context.Context, t *Target) error {
		kind := Troubles()[n%len(Troubles())]
		n++
		t.Log("network: %s", kind)
		t.Proxy.Trouble(ctx, kind, t.Random)
		return nil
	}}
}

// Named gives the injections for words such as kill,stop,restart,net; kills is
// how often kill is wanted.
func Named(names []string, kills int) ([]Injection, error) {
	var list []Injection
	for _, name := range names {
		switch name {
		case "kill":
			list = append(list, Kill(kills))
		case "stop":
			list = append(list, Stop(1))
		case "restart":
			list = append(list, Restart(1))
		case "net":
			list = append(list, Net(1))
		default:
			return nil, fmt.Errorf("the fault %q is unknown; there are kill, stop, restart, net", name)
		}
	}
	return list, nil
}

// inject injects faults in turn until each was there as often as it is wanted
// and the time of the run is over.
func (r *run) inject(ctx context.Context) error {
	began := time.Now()
	target := &Target{Child: r.child, Proxy: r.proxy, Random: rand.New(rand.NewPCG(r.o.Seed, 3)), Log: r.logf} //nolint:gosec // to be repeated, not guessed
	left := make([]int, len(r.o.Faults))
	for i, f := range r.o.Faults {
		left[i] = max(f.Times, 1)
	}
	for n := 0; len(left) > 0 && (time.Since(began) < r.o.Duration || slices.Max(left) > 0); n++ {
		i := n % len(left)
		if left[i] <= 0 && slices.Max(left) > 0 {
			continue // the others are behind
		}
		if err := r.flowing(ctx); err != nil {
			return err
		}
		pause(ctx, time.Duration(target.Random.Int64N(int64(r.o.Pause))))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		from := r.rec.now()
		r.rec.add(Event{What: Trouble, Name: r.o.Faults[i].Name})
		if err := r.o.Faults[i].Inject(ctx, target); err != nil {
			return fmt.Errorf("fault %s: %w", r.o.Faults[i].Name, err)
		}
		r.rec.add(Event{What: Fault, From: from, Name: r.o.Faults[i].Name})
		left[i]--
		if n%50 == 49 {
			r.logf("%d faults, %d acknowledged", n+1, r.acks.Load())
		}
	}
	return nil
}

// flowing waits until messages are acknowledged again.
func (r *run) flowing(ctx context.Context) error {
	before := r.acks.Load()
	r.await(ctx, r.o.Patience, func() bool { return r.acks.Load() > before })
	if r.acks.Load() == before && ctx.Err() == nil {
		return fmt.Errorf("nothing was acknowledged for %v", r.o.Patience)
	}
	return nil
}
