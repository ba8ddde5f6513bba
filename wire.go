package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/cluster"
	"hongyan/service/db"
	"hongyan/service/hub"
	"hongyan/util/calm"
	"hongyan/util/guard"
	"hongyan/util/limit"
	"hongyan/util/password"
)

// openTime bounds one attempt to reach the database; migrating a large one
// takes longer, and has its own time.
const (
	openTime    = 5 * time.Second
	migrateTime = 10 * time.Minute
	// lookTime is how long a start looks through the database for damage: all of
	// a small one; doctor looks at all of a large one.
	lookTime = 500 * time.Millisecond
)

// product is the part of a node that needs the database: services, hub and
// routes.
type product struct {
	log      *slog.Logger
	panicked func()

	db        *db.DB
	hub       *hub.Hub
	committer *service.Committer
	calls     *service.CallService
	search    *service.SearchService
	wakes     *service.Wakes
	storm     *calm.Watch
	bus       cluster.Bus // nil: a node by itself
	dispatch  *service.DispatchService
	handler   http.Handler // of the public listener
	inside    http.Handler // of the internal one

	until context.Context // of the tasks in the background
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

// open opens and migrates the database and wires the product to it.
func (s *server) open(ctx context.Context) (*product, error) {
	d, err := db.Open(s.config.DB)
	if err != nil {
		return nil, err
	}
	p, err := s.wire(ctx, d)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", s.config.Database(), err), d.Close())
	}
	return p, nil
}

func (s *server) wire(ctx context.Context, d *db.DB) (_ *product, err error) {
	reach, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := d.Ping(reach); err != nil {
		return nil, err
	}
	migrate, cancel := context.WithTimeout(ctx, migrateTime)
	defer cancel()
	if err := d.Migrate(migrate); err != nil {
		return nil, err
	}
	if _, err := d.Inspect(ctx, lookTime); err != nil {
		return nil, fmt.Errorf("it is damaged (hongyan doctor tells more; restore a backup): %w", err)
	}
	clock, err := service.NewStoreClock(ctx, d, s.log)
	if err != nil {
		return nil, err
	}
	s.now = clock.Now
	files, err := service.NewAttachService(d, s.files, filepath.Join(s.config.Data, "uploads"), s.now, s.attachLimits())
	if err != nil {
		return nil, err
	}
	epoch, err := d.Epoch(ctx)
	if err != nil {
		return nil, err
	}
	pages, err := ctrl.NewPages(s.catalogue)
	if err != nil {
		return nil, err
	}
	storm := s.storm(d)
	var presence *service.PresenceService // there before the first socket
	bounds := hub.Options{Metrics: s.metrics, Log: s.log, Opened: storm.Note, Changed: func(userID int64) { presence.Changed(userID) }}
	bus, catchUp, err := s.joinBus(ctx, d, epoch, &bounds)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && bus != nil {
			_ = bus.Close()
		}
	}()
	if s.config.Limits {
		bounds.PerUser, bounds.PerAddress = hub.MaxPerUser, hub.MaxPerAddress
	}
	live := hub.New(bounds)
	sessions := service.NewSessionService(d, live, s.now, s.config.SessionsPerUser)
	var contacts *service.ContactService // there before the first socket, too
	friends := func(ctx context.Context, userID int64) ([]int64, error) { return contacts.FriendIDs(ctx, userID) }
	presence = service.NewPresenceService(live, live.Here(), friends, s.metrics, s.log)
	users := service.NewUserService(d, sessions, password.New(runtime.GOMAXPROCS(0)), presence, live, s.now, s.config.Limits)
	awake, err := s.awake(d)
	if err != nil {
		return nil, err
	}
	search := service.NewSearchService(d, s.log)
	committer := service.NewCommitter(d, awake.Watch(live), s.now, s.metrics, s.log)
	if bus != nil {
		committer.Expecter = live
	}
	messages, err := service.NewMessageService(ctx, d, committer, live, s.now, s.config.RecallWindow, search.Notify)
	if err != nil {
		committer.Close()
		search.Close()
		live.Drain(ctx, 0)
		return nil, err
	}
	messages.Receipts = service.Receipts{Off: !s.config.Receipts}
	conversations := service.NewConversationService(d, committer, presence)
	conversations.Receipts = messages.Receipts
	calls := service.NewCallService(messages, live, service.CallTimes{Ring: s.config.CallRing, Grace: service.CallGrace}, s.config.Limits, s.metrics, s.log)
	calls.Wake = awake.Ring
	groups := service.NewCommunityService(d, committer, presence, s.now)
	contacts = service.NewContactService(d, users, live, s.now)
	contacts.Parted = calls.Part
	edge := &ctrl.Server{
		Log: s.log, Locale: s.catalogue, Metrics: s.metrics, Pages: pages,
		Sessions: sessions, Devices: sessions, Users: users, Contacts: contacts, Communities: groups,
		Requests: service.NewRequestService(d, contacts, groups),
		Messages: messages, Conversations: conversations, Search: search, Files: files,
		Records: service.NewRecordService(d, s.now),
		Chat: &ctrl.Chat{
			Hub: live, Messages: messages, Calls: calls, Standing: sessions.Standing, Redeem: sessions.Redeem, Touch: sessions.Touch,
			Origins: s.config.AllowedOrigins, ClassicTokens: s.config.ClassicTokens, Unlimited: !s.config.Limits,
			Epoch: strconv.FormatInt(epoch, 36), Node: s.node, Version: version,
		},
	}
	edge.RecallWindow, edge.ReceiptsOff = s.config.RecallWindow, !s.config.Receipts
	if s.config.Limits {
		edge.Limits = ctrl.NewLimits()
	}
	if s.tls != nil && s.tls.authority != nil {
		edge.Authority = s.tls.authority
	}
	awake.join(edge)
	s.cards(edge, d, committer, messages)
	wakes := s.waiting(edge, d, committer, live)
	wakes.Joined = storm.Note
	p := &product{log: s.log, panicked: s.metrics.Panics.WithLabelValues("background").Inc, db: d, hub: live, committer: committer, search: search, handler: edge.Handler(), inside: edge.InternalHandler(), wakes: wakes, dispatch: edge.Dispatch, storm: storm}
	p.calls, edge.Relay, edge.RelayOnly = calls, s.relay, s.config.TurnOnly
	p.background(ctx, "clock", clock.Run)
	p.background(ctx, "sessions", sessions.Run)
	p.background(ctx, "presence", presence.Run)
	p.background(ctx, "notify", awake.Run)
	p.background(ctx, "packets", edge.Packets.Run)
	p.background(ctx, "uploads", files.Run)
	if p.bus = bus; bus != nil {
		catchUp.Serve(live, live.Here())
		p.background(ctx, "catchup", catchUp.Run)
		s.connectCalls(ctx, p)
	}
	p.background(ctx, "wakes", wakes.Run)
	p.background(ctx, "status", edge.Status.Run)
	p.background(ctx, "qrlogin", edge.QRLogins.Run)
	p.background(ctx, "dispatch", edge.Dispatch.Run)
	return p, nil
}

// maxFiles is how many files a user may have stored: with the quota on bytes it
// bounds what many tiny ones cost.
const maxFiles = 10_000

func (s *server) attachLimits() service.AttachLimits {
	limits := service.AttachLimits{Size: s.config.MaxUpload, Quota: s.config.Quota, Files: maxFiles}
	if s.config.Limits {
		limits.Rate = limit.New(limit.Every(time.Second), 60, 50_000)
	}
	return limits
}

// background runs a task until close, and again after a panic.
func (p *product) background(ctx context.Context, name string, task func(context.Context)) {
	if p.stop == nil {
		p.until, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	}
	p.tasks.Go(func() {
		again := time.NewTicker(retryTime)
		defer again.Stop()
		for p.until.Err() == nil {
			guard.Run(p.log, p.panicked, name, func() { task(p.until) })
			select {
			case <-again.C:
			case <-p.until.Done():
			}
		}
	})
}

// moveTime is what clients of a draining node have to come back elsewhere, each
// at a moment of its own.
const moveTime = 2 * time.Second

// close ends the tasks and the database, after the committer.
func (p *product) close() error {
	p.search.Close()
	p.storm.Stop()
	p.stop()
	p.tasks.Wait()
	if p.bus != nil {
		_ = p.bus.Close() // the others' lease ends by itself
	}
	return p.db.Close()
}
