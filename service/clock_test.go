package service

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"
)

// A node's clock is that of the database, whatever the machine's own says.
func TestStoreClock(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, err := NewStoreClock(t.Context(), d, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Since(c.Now()).Abs(); off > clockTime {
			t.Errorf("the clock of the same machine is off by %v", off)
		}
		if d.Dialect == db.SQLite {
			return
		}
		c.mark.Store(&struct{ store, own time.Time }{time.Now().Add(-time.Hour), time.Now()}) // the database's has been set
		before := c.Now()
		if err := c.set(t.Context()); err != nil {
			t.Fatal(err)
		}
		if off := c.Now().Sub(before); off < time.Hour-clockTime || off > time.Hour+clockTime {
			t.Errorf("set again it goes on by %v", off)
		}
	})
}
