package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"hongyan/client"
)

// Options say what a run is. Zero values stand for the defaults that Defaults
// gives.
type Options struct {
	Users, Groups, Devices int           // devices of each user
	Members                int           // of each group but the first, which has all who stay; 0: half of those
	Rate                   float64       // messages a second, of all together
	Duration               time.Duration // of the traffic, at least
	Size                   int           // bytes of the larger messages
	Large                  int           // how many of 100 are of that size
	Seed                   uint64        // of what is random; 0: any

	// Server is the one to start; nil if Addresses are given.
	Server *Server
	// Addresses are those of a running server or of the nodes of a cluster, such
	// as http://localhost:8080. Clients begin with different ones.
	Addresses []string

	// Faults are injected in turn, each as often as it asks for at least.
	Faults []Injection
	// Network puts a proxy before the server, for faults of the network.
	Network bool
	// Pause is the longest time between two faults, after a message has been
	// acknowledged; a random part of it is taken.
	Pause time.Duration

	// MinRate is what has to be acknowledged a second outside faults for the run
	// to count; 0: a tenth of Rate.
	MinRate float64
	// Hole is how long a hole in what comes live may last. 0 is right for one
	// node; the nodes of a cluster repair what their bus loses.
	Hole time.Duration

	// Patience is how long answers may take once all faults are over; a quarter
	// of it is for what is stored to arrive.
	Patience time.Duration

	// History is the file for the history; it is made. Empty: a temporary file,
	// which is kept only if there is something to look at in it.
	History string
	Version string    // of the program, for the history
	Log     io.Writer // what goes on; nil: nobody wants to know
}

// Defaults gives a short run.
func Defaults() Options {
	return Options{
		Users: 12, Groups: 4, Devices: 2, Rate: 200, Duration: 10 * time.Second, Size: 400, Large: 5, Pause: 300 * time.Millisecond,
		Patience: time.Minute,
	}
}

// run is a run under way.
type run struct {
	o      Options
	rec    *recorder
	random *rand.Rand // of the goroutine that sets up and makes the traffic
	child  *Child
	proxy  *Proxy

	accounts []*account
	phones   []*phone
	rooms    []*room
	lurker   *account
	watcher  *phone
	serial   string // begins the cids of the run

	tasks   sync.WaitGroup // what is to be over before the end
	stopped context.CancelCauseFunc
	acks    atomic.Int64

	mu      sync.Mutex // guards the following
	version int
	places  []string
}

// Run makes traffic and faults, records what every client sees and judges it.
// The error is about the run itself; what the verdict says is in Verdict.Err.
// path is the file with the history, "" if it was not kept.
func Run(ctx context.Context, o Options) (v *Verdict, path string, err error) {
	if o, err = o.complete(); err != nil {
		return nil, "", err
	}
	file, err := historyFile(o.History)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = file.Close() }() // flushed by record
	if err := record(ctx, o, file); err != nil {
		return nil, file.Name(), err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, file.Name(), err
	}
	v, err = Judge(Events(file))
	if err != nil {
		return nil, file.Name(), fmt.Errorf("%s: %w", file.Name(), err)
	}
	if o.History == "" && v.Err() == nil {
		return v, "", os.Remove(file.Name())
	}
	return v, file.Name(), nil
}

func historyFile(path string) (*os.File, error) {
	if path == "" {
		return os.CreateTemp("", "hongyan-verify-*.jsonl")
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

// complete fills in defaults and refuses what makes no sense.
func (o Options) complete() (Options, error) {
	d := Defaults()
	for _, field := range []struct{ value, standard *int }{
		{&o.Users, &d.Users}, {&o.Groups, &d.Groups}, {&o.Devices, &d.Devices}, {&o.Size, &d.Size}, {&o.Large, &d.Large},
	} {
		if *field.value == 0 {
			*field.value = *field.standard
		}
	}
	for _, field := range []struct{ value, standard *time.Duration }{
		{&o.Duration, &d.Duration}, {&o.Pause, &d.Pause}, {&o.Patience, &d.Patience},
	} {
		if *field.value == 0 {
			*field.value = *field.standard
		}
	}
	if o.Rate == 0 {
		o.Rate = d.Rate
	}
	if o.MinRate == 0 {
		o.MinRate = o.Rate / 10
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64() | 1 //nolint:gosec // to be repeated, not guessed
	}
	switch {
	case o.Users < 4 || o.Groups < 1 || o.Devices < 1 || o.Rate < 0 || o.Size < 0 || o.Size > 16<<10:
		return o, errors.New("want at least 4 users, a group and a device each, and messages of at most 16384 bytes")
	case (o.Server == nil) == (len(o.Addresses) == 0):
		return o, errors.New("want a server to start, or the addresses of one that runs")
	case o.Network && o.Server == nil:
		return o, errors.New("faults of the network need a server of the run's own")
	}
	return o, nil
}

// record makes the history.
func record(ctx context.Context, o Options, file io.Writer) (err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &run{
		o: o, rec: newRecorder(file), random: rand.New(rand.NewPCG(o.Seed, 0)), //nolint:gosec // to be repeated, not guessed
		stopped: stop, serial: client.NewCID()[:8],
	}
	defer func() { err = errors.Join(err, r.rec.close()) }()
	if err := r.start(ctx); err != nil {
		return err
	}
	defer r.stop()
	r.rec.add(Event{What: Begin, Run: r.terms()})
	if err := r.populate(ctx); err != nil {
		return fmt.Errorf("no users and groups: %w", err)
	}
	r.logf("%d users, %d groups, %d devices", len(r.accounts), len(r.rooms), len(r.phones))
	online, hangUp := context.WithCancel(ctx)
	var lines sync.WaitGroup
	defer lines.Wait()
	defer hangUp()
	for _, p := range r.phones {
		lines.Go(func() { p.live(online) })
	}
	for _, a := range r.accounts {
		lines.Go(func() { r.probe(online, a) })
	}
	if err := r.work(ctx); err != nil {
		return err
	}
	err = r.settle(ctx)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// terms is what the run is to be judged by.
func (r *run) terms() *Terms {
	faults := map[string]int{}
	for _, f := range r.o.Faults {
		faults[f.Name] = max(f.Times, 1)
	}
	return &Terms{
		Version: r.o.Version, Seed: r.o.Seed, Users: r.o.Users, Groups: r.o.Groups, Devices: r.o.Devices,
		MinRate: r.o.MinRate, HoleMicros: r.o.Hole.Microseconds(), Faults: faults,
	}
}

// start brings up server and proxy.
func (r *run) start(ctx context.Context) error {
	if r.o.Server == nil {
		r.move(r.o.Addresses...)
		return nil
	}
	var err error
	if r.child, err = StartChild(ctx, *r.o.Server); err != nil {
		return err
	}
	r.child.moved = func(address string) {
		if r.proxy != nil {
			r.proxy.Lead(address)
			return
		}
		r.move(address)
	}
	if r.o.Network {
		if r.proxy, err = NewProxy(); err != nil {
			r.child.Kill()
			return err
		}
		r.move("http://" + r.proxy.Address())
	}
	r.child.moved(r.child.Address())
	return nil
}

func (r *run) stop() {
	r.tasks.Wait()
	for _, a := range r.accounts {
		if a != nil {
			a.link.close()
		}
	}
	for _, p := range r.phones {
		p.http.close()
	}
	if r.proxy != nil {
		r.proxy.Close()
	}
	if r.child != nil {
		r.child.Kill()
	}
}

// move says where the server is from now on.
func (r *run) move(addresses ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	r.places = addresses
}

func (r *run) where() ([]string, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.places, r.version
}

// fail ends the run.
func (r *run) fail(err error) { r.stopped(err) }

func (r *run) watches(p *phone) bool { return r.watcher == p }

func (r *run) logf(format string, args ...any) {
	if r.o.Log != nil {
		_, _ = fmt.Fprintf(r.o.Log, "%7.1f s  "+format+"\n", append([]any{float64(r.rec.now()) / 1e6}, args...)...)
	}
}

// pause waits; less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
