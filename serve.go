package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hongyan/asset/locale"
	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/blob"
	"hongyan/service/cluster"
	"hongyan/service/db"
	"hongyan/util/config"
	"hongyan/util/guard"
	"hongyan/util/lock"
	"hongyan/util/logging"
	"hongyan/util/metrics"
	"hongyan/util/turn"
)

// Bounds of the HTTP servers. Who sends its headers or its body in drops is
// let go after slowest; answers have answerTime, which transfers extend.
const (
	slowest     = 10 * time.Second
	answerTime  = 60 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 32 << 10
	retryTime   = time.Second // between two looks at a database that is away

	// requestPatience is how long a drain waits for requests before it ends the
	// commits and the sockets; lastTime is for what comes after DrainTimeout.
	requestPatience = 2 * time.Second
	lastTime        = 2 * time.Second
	// listPatience is how long leaving the list of nodes may hold up a drain.
	listPatience = 500 * time.Millisecond
)

// server is one running node.
type server struct {
	config    *config.Config
	log       *slog.Logger
	metrics   *metrics.Metrics
	catalogue *locale.Catalogue
	files     blob.Store
	relay     *turn.Server            // of calls; nil where there is none
	product   atomic.Pointer[product] // nil until the database works
	tls       *tlsSetup               // nil: plain HTTP
	draining  atomic.Bool
	node      string        // names this process to its clients
	public    string        // where the public listener listens
	now       service.Clock // of the product
}

// serve runs a node until ctx ends: take the folder and the addresses, open
// the product, serve, drain. ready, if given, is told the addresses once they
// are bound; internal is nil where there is none.
func serve(ctx context.Context, c *config.Config, stdout, stderr io.Writer, ready func(public, internal net.Addr)) error {
	log, err := logging.New(stderr, c.Log, c.LogLevel)
	if err != nil {
		return err
	}
	catalogue, err := locale.Load()
	if err != nil {
		return err
	}
	s := &server{config: c, log: log, metrics: metrics.New(), catalogue: catalogue, node: nodeName()}
	s.metrics.Build(version)

	if err := cluster.Check(c.Bus, c.BusSecret); err != nil {
		return fmt.Errorf("bus: %w\n%w", err, errUsage)
	}
	release, err := s.takeFolder()
	if err != nil {
		return err
	}
	defer release()
	if s.files, err = blob.Open(c.Blob, blob.Keys{ID: c.OSSKeyID, Secret: c.OSSKeySecret}, c.Bus != "local"); err != nil {
		return err
	}
	if c, ok := s.files.(io.Closer); ok {
		defer func() { _ = c.Close() }() // a folder's handle: nothing is lost with it
	}
	if s.tls, err = setupTLS(c); err != nil {
		return err
	}
	public, internal, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.public = public.Addr().String()
	stopRelay, err := s.startRelay(ctx)
	if err != nil {
		return errors.Join(err, closeAll(public, internal))
	}
	defer stopRelay()
	opened, err := s.open(ctx)
	if err != nil && !s.mayComeBack(err) {
		return errors.Join(err, closeAll(public, internal))
	}
	if opened != nil {
		s.product.Store(opened)
	} else {
		log.Warn("the database is away: answering 503 until it is back", "database", c.Database(), "error", err)
	}
	s.announce(stdout, public.Addr(), addrOf(internal))
	if ready != nil {
		ready(public.Addr(), addrOf(internal))
	}
	return s.run(ctx, public, internal)
}

// nodeName is short, and new with each start.
func nodeName() string { return rand.Text()[:8] }

// run serves both listeners until ctx ends or one of them fails, then drains.
func (s *server) run(ctx context.Context, public, internal net.Listener) error {
	outside, doorway, err := s.publicServers()
	if err != nil {
		return errors.Join(err, closeAll(public, internal))
	}
	indoors, err := s.internalHandler()
	if err != nil {
		return errors.Join(err, closeAll(public, internal))
	}
	inside := s.httpServer(indoors)
	all, ctx := errgroup.WithContext(ctx)
	s.servePublic(all, outside, doorway, public)
	if internal != nil {
		all.Go(func() error { return served(inside.Serve(internal)) })
	}
	all.Go(func() error { return s.keepOpening(ctx) })
	all.Go(func() error {
		<-ctx.Done()
		return s.drain(outside, doorway, inside)
	})
	return all.Wait()
}

// drain ends the node in order: no new sockets, frames or requests and the
// clients told to move; what was accepted made durable and its acks queued; the
// sockets closed; the rest closed. Nothing of it outlasts DrainTimeout by much.
func (s *server) drain(outside, doorway, inside *http.Server) error {
	s.log.Info("draining", "at most", s.config.DrainTimeout)
	s.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer cancel()
	p := s.product.Load()
	if p != nil {
		s.leaveList(ctx, p)
		p.hub.Move(moveTime)
		p.wakes.Drain()
	}
	requests := make(chan struct{})
	go func() {
		defer close(requests)
		if err := outside.Shutdown(ctx); err != nil {
			s.log.Warn("some requests did not end in time", "error", err)
			_ = outside.Close() // ends them
		}
	}()
	if p != nil {
		s.finishWork(ctx, p, requests)
		p.hub.Close(ctx)
	}
	<-requests
	var err error
	if p != nil {
		rest, cancel := context.WithTimeout(context.Background(), lastTime)
		defer cancel()
		err = s.within(rest, "the database", p.close)
	}
	if doorway != nil {
		_ = doorway.Close() // nothing but pages that lead elsewhere
	}
	_ = inside.Close() // a health check that is cut off will be repeated
	s.log.Info("stopped")
	return err
}

// leaveList has new clients sent to other nodes. A store that does not answer
// must not keep those who are here from moving: then the lease ends by itself.
func (s *server) leaveList(ctx context.Context, p *product) {
	ctx, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	_ = s.within(ctx, "the list of nodes", func() error { return p.dispatch.Drain(ctx) })
}

// finishWork makes durable what was accepted and has its acks queued. A quarter
// of the time is left to the sockets, which have to be written to and closed.
func (s *server) finishWork(ctx context.Context, p *product, requests <-chan struct{}) {
	work, cancel := context.WithTimeout(ctx, s.config.DrainTimeout*3/4)
	defer cancel()
	p.hub.Quiet(work)
	patience := time.NewTimer(requestPatience)
	defer patience.Stop()
	select {
	case <-requests:
	case <-patience.C: // a transfer, or one whose client will repeat it
	case <-work.Done():
	}
	_ = s.within(work, "the calls", func() error { p.calls.Close(); return nil })
	_ = s.within(work, "the commits", func() error { p.committer.Close(); return nil })
}

// within runs fn until ctx ends; then fn is left to the end of the process.
func (s *server) within(ctx context.Context, what string, fn func() error) error {
	ended := make(chan error, 1)
	go func() {
		err := errors.New("panic") // unless fn returns
		defer func() { ended <- err }()
		guard.Run(s.log, s.metrics.Panics.WithLabelValues("drain").Inc, "drain", func() { err = fn() })
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		s.log.Warn("not ended in time: given up", "what", what)
		return nil
	}
}

// publicServers are that of the product and, where it speaks TLS, the one for
// who does not; nil where there is no TLS.
func (s *server) publicServers() (outside, doorway *http.Server, err error) {
	edge := ctrl.Edge{
		Log: s.log, Locale: s.catalogue, Metrics: s.metrics, Origins: s.config.AllowedOrigins,
		Proxies: s.config.TrustedProxies, Policy: ctrl.Policy(s.files.Origin()),
	}
	handler, err := edge.Wrap(s.whenOpen(edge, func(p *product) http.Handler { return p.handler }))
	if err != nil || s.tls == nil {
		return s.httpServer(handler), nil, err
	}
	lead, err := s.doorway(edge)
	return s.httpServer(handler), s.httpServer(lead), err
}

// internalHandler is that of the internal listener.
func (s *server) internalHandler() (http.Handler, error) {
	edge := ctrl.Edge{Log: s.log, Locale: s.catalogue, Metrics: s.metrics, Policy: ctrl.Policy("")}
	product := s.whenOpen(edge, func(p *product) http.Handler { return p.inside })
	return edge.Wrap(ctrl.Internal(s.ready, product, s.metrics, s.log))
}

// whenOpen serves what the product has, and 503 until there is a product.
func (s *server) whenOpen(edge ctrl.Edge, of func(*product) http.Handler) http.Handler {
	away := edge.Unavailable()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := s.product.Load(); p != nil {
			of(p).ServeHTTP(w, r)
			return
		}
		away.ServeHTTP(w, r)
	})
}

func (s *server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: slowest, ReadTimeout: slowest, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: logging.ForHTTP(s.log),
	}
}

// ready tells whether the node wants traffic.
func (s *server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errors.New("draining")
	}
	p := s.product.Load()
	if p == nil {
		return errors.New("the database has not been reached yet")
	}
	return p.db.Ping(ctx)
}

// keepOpening opens the product as soon as the database answers. A fault that
// waiting does not mend ends the node.
func (s *server) keepOpening(ctx context.Context) error {
	tick := time.NewTicker(retryTime)
	defer tick.Stop()
	for s.product.Load() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		p, err := s.open(ctx)
		switch {
		case err == nil:
			s.product.Store(p)
			s.log.Info("the database is back", "database", s.config.Database())
		case ctx.Err() != nil:
			return nil
		case !s.mayComeBack(err):
			return err
		}
	}
	return nil
}

// mayComeBack tells whether a database that could not be opened is worth
// waiting for: a server that is away may come back, a broken file does not
// mend itself.
func (s *server) mayComeBack(err error) bool {
	return strings.HasPrefix(s.config.DB, "mysql://") && db.IsUnavailable(err)
}

// takeFolder makes the data folder and keeps other servers off it, and off an
// SQLite file elsewhere: one process has the writer that gives the order.
func (s *server) takeFolder() (release func(), err error) {
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	paths := []string{filepath.Join(s.config.Data, "hongyan.lock")}
	if file, ok := strings.CutPrefix(s.config.DB, "sqlite:"); ok {
		paths = append(paths, file+".lock")
	}
	var held []*lock.Lock
	release = func() {
		for _, l := range held {
			_ = l.Release() // the process's end releases it too
		}
	}
	for _, path := range paths {
		l, err := lock.Acquire(path)
		if err != nil {
			release()
			return nil, fmt.Errorf("data folder %s: %w", s.config.Data, err)
		}
		held = append(held, l)
	}
	return release, nil
}

// listen binds both addresses; if either fails, neither stays.
func (s *server) listen(ctx context.Context) (public, internal net.Listener, err error) {
	var binder net.ListenConfig
	public, err = binder.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("public address: %w", err)
	}
	if s.config.Internal != "" {
		internal, err = binder.Listen(ctx, "tcp", s.config.Internal)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("internal address: %w", err), public.Close())
		}
	}
	return public, internal, nil
}

func closeAll(listeners ...net.Listener) error {
	var faults []error
	for _, l := range listeners {
		if l != nil {
			faults = append(faults, l.Close())
		}
	}
	return errors.Join(faults...)
}

func addrOf(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// served turns the way a server always ends into no error.
func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
