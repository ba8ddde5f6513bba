package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/hub"
	"hongyan/util/password"
)

// openTime bounds one attempt to reach the database; migrating a large one
// takes longer, and has its own time.
const (
	openTime    = 5 * time.Second
	migrateTime = 10 * time.Minute
)

// product is the part of a node that needs the database: services, hub and
// routes.
type product struct {
	db      *db.DB
	handler http.Handler

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

func (s *server) wire(ctx context.Context, d *db.DB) (*product, error) {
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
	live := hub.New(hub.Options{Metrics: s.metrics, Log: s.log})
	sessions := service.NewSessionService(d, live, time.Now, s.config.SessionsPerUser)
	users := service.NewUserService(d, sessions, password.New(runtime.GOMAXPROCS(0)), live, live, time.Now, s.config.Limits)
	edge := &ctrl.Server{
		Log: s.log, Locale: s.catalogue, Metrics: s.metrics,
		Sessions: sessions, Devices: sessions, Users: users,
	}
	if s.config.Limits {
		edge.Limits = ctrl.NewLimits()
	}
	p := &product{db: d, handler: edge.Handler()}
	p.background(ctx, sessions.Run)
	return p, nil
}

// background runs a task until close.
func (p *product) background(ctx context.Context, task func(context.Context)) {
	if p.stop == nil {
		p.until, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	}
	p.tasks.Go(func() { task(p.until) })
}

// move tells clients to go elsewhere.
func (p *product) move(context.Context) {}

// close makes durable what was accepted, then closes sockets and database.
func (p *product) close(context.Context) error {
	p.stop()
	p.tasks.Wait()
	return p.db.Close()
}
