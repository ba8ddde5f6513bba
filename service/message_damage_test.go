package service_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// What was altered behind the server's back is an error for who asks for it, and
// nobody sees it; the check of the whole store names it.
func TestADamagedMessageIsNotShown(t *testing.T) {
	onChat(t, func(c *chat) {
		for i := range 5 {
			c.must(alice, text(bob, fmt.Sprint("word ", i), fmt.Sprint("c", i)))
		}
		c.must(alice, model.Message{Cmd: model.CmdEdit, Kind: 10, DstID: bob, Ref: 1, Content: "other"}) // stays sound
		if n, err := service.CheckStore(c.Context(), c.db); n != 6 || err != nil {
			t.Fatalf("%d messages are sound, %v", n, err)
		}
		for _, damage := range []string{
			"UPDATE message SET content = 'wOrd 4' WHERE seq = 5", "UPDATE message SET userid = 2 WHERE seq = 5",
			"UPDATE message SET at = at + 1 WHERE seq = 5", "DELETE FROM message WHERE seq = 5",
		} {
			row := new(model.Post)
			c.exec(func(s *xorm.Session) error {
				if _, err := s.Where("seq = 5").Get(row); err != nil {
					return err
				}
				_, err := s.Exec(damage)
				return err
			})
			if _, err := c.messages.History(c.Context(), bob, 10, alice, after(2)); err == nil || model.CodeOf(err) != model.CodeInternal {
				t.Errorf("%s: history gives %v", damage, err)
			}
			if last := c.row(bob, 10, alice).Last; last != nil {
				t.Errorf("%s: the list shows %+v", damage, last)
			}
			if _, err := service.CheckStore(c.Context(), c.db); err == nil || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("%s: the check says %v", damage, err)
			}
			c.exec(func(s *xorm.Session) error {
				_, err := s.Exec("DELETE FROM message WHERE seq = 5")
				if err == nil {
					_, err = s.Insert(row)
				}
				return err
			})
		}
		if _, err := c.send(alice, model.Message{Cmd: model.CmdEdit, Kind: 10, DstID: bob, Ref: 2, Content: "x"}); err != nil {
			t.Error(err)
		}
	})
}

// A message that was stored by an earlier release, without a sum and with the
// digest of that time, is shown, and known when it is sent again.
func TestRowsOfTheFirstReleaseHold(t *testing.T) {
	onChat(t, func(c *chat) {
		first := c.must(alice, text(bob, "你好", "c1"))
		c.exec(func(s *xorm.Session) error {
			_, err := s.Exec("UPDATE message SET sum = 0, digest = ?", int64(5833363258973350240))
			return err
		})
		if again := c.must(alice, text(bob, "你好", "c1")); again.ID != first.ID || again.Seq != first.Seq {
			t.Errorf("sent again: %+v, first %+v", again, first)
		}
		if _, err := c.send(alice, text(bob, "你好!", "c1")); model.CodeOf(err) != model.CodeCIDReused {
			t.Errorf("another text: %v", err)
		}
		if got := c.history(bob, 10, alice, after(0)); len(got) != 1 || got[0].Content != "你好" {
			t.Errorf("history %+v", got)
		}
	})
}

// store makes an SQLite store of n messages from alice to bob and closes it; kept
// says whether as after a crash, with the log beside it.
func store(t *testing.T, n int, kept bool) (path string) {
	path = filepath.Join(t.TempDir(), "hongyan.db")
	d, err := db.Open("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &chat{T: t, db: d, out: &recorder{}}
	c.seed()
	committer := service.NewCommitter(d, c.out, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	if c.messages, err = service.NewMessageService(t.Context(), d, committer, c.out, time.Now, time.Minute, func() {}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		c.must(alice, text(bob, said140(i), fmt.Sprint("c", i)))
	}
	if kept {
		crashed := filepath.Join(t.TempDir(), "hongyan.db")
		for _, end := range []string{"", "-wal", "-shm"} {
			copyFile(t, path+end, crashed+end)
		}
		path = crashed
	}
	committer.Close()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func said140(i int) string { return fmt.Sprintf("%06d %s", i, strings.Repeat("行", 44)) }

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// read gives how many messages bob finds, from the first on; 0 and an error if
// the store tells of damage. What he reads must be what was said.
func read(t *testing.T, path string) (n int, err error) {
	t.Helper()
	d, err := db.Open("sqlite:" + path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(t.Context()); err != nil {
		return 0, err
	}
	if _, err := d.Inspect(t.Context(), time.Minute); err != nil {
		return 0, err
	}
	out := &recorder{}
	committer := service.NewCommitter(d, out, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	defer committer.Close()
	messages, err := service.NewMessageService(t.Context(), d, committer, out, time.Now, time.Minute, func() {})
	if err != nil {
		return 0, err
	}
	for {
		list, err := messages.History(t.Context(), bob, 10, alice, service.Page{After: new(int64(n)), Limit: 200})
		if err != nil {
			return 0, err
		}
		for _, m := range list {
			if m.Seq != int64(n+1) || m.UserID != alice || m.DstID != bob || m.Content != said140(n) || m.CID != fmt.Sprint("c", n) {
				t.Errorf("garbage is served: %+v", m)
			}
			n++
		}
		if len(list) == 0 {
			return n, nil
		}
	}
}

// Bits that flip in the file are noticed, or harm nothing: nobody is ever shown
// anything but what was said.
func TestFlippedBitsAreNeverServed(t *testing.T) {
	const messages = 200
	path := store(t, messages, false)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random, noticed := rand.New(rand.NewPCG(1, 2)), 0
	for range 40 {
		data := append([]byte(nil), sound...)
		at := random.IntN(len(data))
		data[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := read(t, path)
		if err == nil && n != messages {
			t.Errorf("a bit of byte %d: %d messages are gone, and nobody says so", at, messages-n)
		}
		if err != nil {
			noticed++
		}
	}
	t.Logf("%d of 40 flips were noticed; the others hit nothing that was read", noticed)
	if noticed == 0 {
		t.Error("no flip was noticed")
	}
}

// A log that is cut, or has lost its index, costs what came after the cut; what
// is before is there, and the store goes on.
func TestACutLogIsSurvived(t *testing.T) {
	const messages = 100
	path := store(t, messages, true)
	if err := os.Remove(path + "-shm"); err != nil {
		t.Fatal(err)
	}
	if n, err := read(t, copyOf(t, path, -1)); err != nil || n != messages {
		t.Errorf("without its index: %d messages, %v", n, err)
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []int64{1, 3, 7, 9} {
		// The log holds the schema too; before that is whole, the start says so.
		n, err := read(t, copyOf(t, path, info.Size()*part/10+13))
		if err == nil && n > messages || err == nil && part == 9 && n < messages/2 {
			t.Errorf("cut at %d tenths: %d messages", part, n)
		}
		t.Logf("cut at %d tenths: %d messages, %v", part, n, err)
	}
}

// copyOf copies a store, with so much of its log.
func copyOf(t *testing.T, path string, size int64) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "hongyan.db")
	copyFile(t, path, to)
	copyFile(t, path+"-wal", to+"-wal")
	if size >= 0 {
		if err := os.Truncate(to+"-wal", size); err != nil {
			t.Fatal(err)
		}
	}
	return to
}
