package service

import (
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// sockets is a node's live side where somebody is in everything and has nothing.
type sockets struct{ filled map[int64]bool }

func (*sockets) Missing(int, int64, int64, int64) bool { return true }
func (*sockets) Seats(int64)                           {}
func (*sockets) Sessions() map[int64]int64             { return nil }

func (s *sockets) Fill(_ int, _, _, from, upto int64) {
	for seq := from; seq <= upto; seq++ {
		s.filled[seq] = true
	}
}

// TestCatchUpLooksFromTheStartOn: what another node committed between a node's
// start and its first look, whose hint was lost, was never looked at; nor was
// what had its number before the start and was committed after it.
func TestCatchUpLooksFromTheStartOn(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		commit := func(ids ...int64) {
			t.Helper()
			err := d.Tx(t.Context(), func(s *xorm.Session) error {
				for _, id := range ids {
					if _, err := s.Insert(&model.Post{ID: id, ConversationID: 1, Seq: id, Cmd: model.CmdRoom}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := d.Tx(t.Context(), func(s *xorm.Session) error {
			_, err := s.Insert(&model.Conversation{ID: 1, Kind: model.KindRoom, Low: 5})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		commit(41, 43)
		c, err := NewCatchUp(t.Context(), d, metrics.New(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		live := &sockets{filled: map[int64]bool{}}
		c.Serve(live, nil)
		looks := func(want ...int64) {
			t.Helper()
			clear(live.filled)
			for range 2 {
				if err := c.look(t.Context()); err != nil {
					t.Fatal(err)
				}
				for p, s := range c.missing { // as if onItsWay were over
					s.since = time.Time{}
					c.missing[p] = s
				}
			}
			if got := slices.Sorted(maps.Keys(live.filled)); !slices.Equal(got, want) {
				t.Errorf("fills %d, want %d", got, want)
			}
		}
		looks()
		commit(44, 46)
		looks(44, 45, 46)
		commit(42)
		looks(42)
		commit(45)
		for id := range c.holes { // its node was frozen in the middle
			c.holes[id] = time.Now().Add(-2 * holeYoung)
		}
		c.looks = holeTurn - 1 // the next one asks for old ones too
		looks(45)
		if len(c.holes) != 0 {
			t.Errorf("still waits for %v", c.holes)
		}
	})
}
