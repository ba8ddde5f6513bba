package service_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
)

// hold keeps the committer busy until the returned function is called.
func (c *chat) hold() (release func()) {
	c.Helper()
	held, hold := make(chan struct{}), make(chan struct{})
	if err := c.committer.Submit(c.Context(), func(*service.Tx) error {
		select {
		case <-held:
		default:
			close(held)
		}
		<-hold
		return nil
	}, func(error) {}); err != nil {
		c.Fatal(err)
	}
	<-held
	return func() { close(hold) }
}

// later sends without waiting.
func (c *chat) later(from int64, m model.Message) <-chan error {
	result := make(chan error, 1)
	c.messages.Send(c.Context(), model.Sender{UserID: from, Origin: 9}, m, func(_ model.Message, err error) { result <- err })
	return result
}

func unavailable(err error) bool {
	e, ok := err.(*model.Error) //nolint:errorlint // the very error that the socket gets
	return ok && e.Code == model.CodeUnavailable && e.RetryAfter > 0
}

// While the store does not answer, senders are told to try again, soon; what is
// sent again afterwards is there once.
func TestAStoreThatDoesNotAnswerKeepsNobodyWaiting(t *testing.T) {
	onChat(t, func(c *chat) {
		c.must(alice, text(bob, "before", "c0"))
		release := c.hold()
		waiting := c.later(alice, text(bob, "meanwhile", "c1"))
		if err := <-waiting; !unavailable(err) { // and not for ever: the test would not end
			t.Errorf("who waits gets %v", err)
		}
		if err := <-c.later(alice, text(bob, "at once", "c2")); !unavailable(err) {
			t.Errorf("who comes then gets %v", err)
		}
		release()
		deadline := time.Now().Add(time.Minute)
		for _, cid := range []string{"c1", "c2"} {
			for {
				err := <-c.later(alice, text(bob, "again", cid))
				if err == nil {
					break
				}
				if !unavailable(err) || time.Now().After(deadline) {
					t.Fatalf("afterwards: %v", err)
				}
			}
		}
		if got := c.history(bob, 10, alice, after(0)); len(got) != 3 {
			t.Errorf("history %+v", got)
		}
	})
}

// What waits for a store is bounded in bytes too: beyond that, senders are told
// to try again.
func TestTheQueueIsBoundedInBytes(t *testing.T) {
	onChat(t, func(c *chat) {
		if c.db.Dialect != db.SQLite {
			c.Skip("the queue is the same")
		}
		release := c.hold()
		long := strings.Repeat("x", 32<<10)
		var results []<-chan error
		refused := 0
		for range 1100 { // 1,100 of 33 kB are more than 32 MB
			result := c.later(alice, text(bob, long, ""))
			results = append(results, result)
		}
		release()
		for _, result := range results {
			if err := <-result; unavailable(err) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if refused < 50 {
			t.Errorf("%d of %d were refused", refused, len(results))
		}
	})
}

// noDatabase is the error that SQLite gives of a file that is not one.
func noDatabase(t *testing.T) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	if _, err = pool.ExecContext(t.Context(), "SELECT * FROM sqlite_master"); !db.IsSuspect(err) {
		t.Fatalf("got %v", err)
	}
	return err
}

// After a failure that leaves open what the disk has, the store is opened anew
// before anything is acknowledged; what was stored is there.
func TestAStoreThatFailedIsOpenedAgain(t *testing.T) {
	fault := noDatabase(t)
	onChat(t, func(c *chat) {
		if c.db.Dialect != db.SQLite {
			c.Skip("the server sees to its own disk")
		}
		first := c.must(alice, text(bob, "before", "c0"))
		if err := c.committer.Do(c.Context(), func(*service.Tx) error { return fault }); err == nil {
			t.Error("no error")
		}
		deadline := time.Now().Add(time.Minute)
		for {
			err := <-c.later(alice, text(bob, "after", "c1"))
			if err == nil {
				break
			}
			if !unavailable(err) || time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		if again := c.must(alice, text(bob, "before", "c0")); again.ID != first.ID {
			t.Errorf("%+v, first %+v", again, first)
		}
		if got := c.history(bob, 10, alice, after(0)); len(got) != 2 {
			t.Errorf("history %+v", got)
		}
	})
}

// Closing does not wait for a store that does not come back.
func TestClosingDuringAFailureEnds(t *testing.T) {
	fault := noDatabase(t)
	onChat(t, func(c *chat) {
		if err := c.committer.Do(context.Background(), func(*service.Tx) error { return fault }); err == nil {
			t.Error("no error")
		}
		c.committer.Close()
	})
}
