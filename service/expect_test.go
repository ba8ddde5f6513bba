package service

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// expecting notes how many messages could be read when they were announced.
type expecting struct {
	t                    *testing.T
	db                   *db.DB
	told, taken, readers atomic.Int64
}

func (e *expecting) Expect(d *model.Delivery) {
	e.told.Add(1)
	err := e.db.View(e.t.Context(), func(v *xorm.Session) error {
		n, err := v.Where("seq = ?", d.Message.Seq).Count(new(model.Post))
		e.readers.Add(n)
		return err
	})
	if err != nil {
		e.t.Error(err)
	}
}

func (e *expecting) Unexpect(*model.Delivery) { e.taken.Add(1) }

// nobody publishes to nobody.
type nobody struct{}

func (nobody) Publish(model.Delivery)                 {}
func (nobody) Disconnect(int64, []int64, int, string) {}

// The hub was told of changes alone, and only after the commit: between the two
// it could read its own node's messages from the store, and hand them to their sender
// as those of another.
func TestMessagesAreExpectedBeforeAnybodyCanReadThem(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		e := &expecting{t: t, db: d}
		c := NewCommitter(d, nobody{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		t.Cleanup(c.Close)
		c.Expecter = e
		fault := errors.New("a fault of an op")
		for _, ends := range []error{nil, fault} {
			err := c.Do(t.Context(), func(tx *Tx) error {
				conversation, err := tx.Open(model.KindSingle, 1, 2)
				if err != nil {
					return err
				}
				m := model.Message{Cmd: model.CmdSingle, Kind: model.KindSingle, UserID: 1, DstID: 2, Media: model.MediaText, Content: "x"}
				if _, err := tx.Append(conversation, &m); err != nil {
					return err
				}
				tx.Publish(delivery(model.Sender{UserID: 1}, m, nil))
				return ends
			})
			if !errors.Is(err, ends) {
				t.Fatal(err)
			}
		}
		if e.told.Load() != 1 || e.taken.Load() != 0 || e.readers.Load() != 0 {
			t.Errorf("told of %d, of which %d could be read, and %d taken back", e.told.Load(), e.readers.Load(), e.taken.Load())
		}
	})
}

// A batch that fails as a whole is run in halves: of n ops with one that fails
// it takes about 2 log n transactions, not n.
func TestABatchIsRunInHalves(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		const ops, bad = 256, 100
		c := NewCommitter(d, nobody{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		t.Cleanup(c.Close)
		var tries atomic.Int64
		var jobs []*job
		for i := range ops {
			jobs = append(jobs, &job{run: func(*Tx) error {
				if i == bad {
					tries.Add(1)
					return errors.New("a fault")
				}
				return nil
			}})
		}
		_ = c.commit(jobs)
		for i, j := range jobs {
			if (j.err != nil) != (i == bad) {
				t.Errorf("op %d: %v", i, j.err)
			}
		}
		if tries.Load() > 10 {
			t.Errorf("the faulty op was run %d times", tries.Load())
		}
	})
}

// A change that was stored, whose ack was late, and that was sent again while
// its sender left: it was refused, though everybody had it.
func TestAResentChangeIsTheSameAfterItsSenderHasLeft(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := NewCommitter(d, nobody{}, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
		t.Cleanup(c.Close)
		recall := (&MessageService{recall: time.Hour}).recaller(model.Sender{UserID: 1})
		var acks [2]model.Message
		err := c.Do(t.Context(), func(tx *Tx) error {
			conversation, err := tx.Open(model.KindSingle, 1, 2)
			if err != nil {
				return err
			}
			m := model.Message{Cmd: model.CmdSingle, Kind: model.KindSingle, UserID: 1, DstID: 2, Media: model.MediaText, Content: "x"}
			_, err = tx.Append(conversation, &m)
			return err
		})
		for i := range acks {
			if err == nil && i == 1 {
				err = c.Do(t.Context(), func(tx *Tx) error {
					_, err := tx.Exec("DELETE FROM member WHERE userid = 1")
					return err
				})
			}
			if err == nil {
				err = c.Do(t.Context(), func(tx *Tx) (err error) {
					acks[i], err = recall(tx, model.Message{Cmd: model.CmdRecall, Kind: model.KindSingle, UserID: 1, DstID: 2, Ref: 1, CID: "r"})
					return err
				})
			}
		}
		if err != nil || acks[0].Seq != 2 || acks[1].Seq != 2 {
			t.Errorf("seq %d, then %d: %v", acks[0].Seq, acks[1].Seq, err)
		}
	})
}
