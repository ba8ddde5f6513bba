//go:build linux

package faults

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/faults/disk"
)

// lifetime is after how many cuts a new disk is taken, so that judging stays quick.
const lifetime = 25

func needDisk(t *testing.T) {
	t.Helper()
	if err := disk.Available(); err != nil {
		t.Skip("no FUSE here, which takes root and /dev/fuse:", err)
	}
}

// times is how often a fault is tried: FAULTS_N, or what the form says.
func times(t *testing.T, short, extended int) int {
	t.Helper()
	if text := os.Getenv("FAULTS_N"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if long() {
		return extended
	}
	return short
}

// machine is a server on a disk that can fail.
type machine struct {
	*testing.T
	disk    *disk.Disk
	at      string
	options []string
	server  *server
	unmount func() error
}

// boot mounts the disk and starts a server on it.
func boot(t *testing.T, d *disk.Disk, options ...string) *machine {
	t.Helper()
	m := &machine{T: t, disk: d, at: t.TempDir(), options: options}
	m.plug()
	m.server = spawn(t, m.at, options...)
	t.Cleanup(m.pull)
	return m
}

func (m *machine) plug() {
	m.Helper()
	var err error
	if m.unmount, err = m.disk.Mount(m.at); err != nil {
		m.Fatal(err)
	}
}

// pull takes the server and the mount away.
func (m *machine) pull() {
	m.Helper()
	if m.unmount == nil {
		return
	}
	m.server.kill()
	if err := m.unmount(); err != nil {
		m.Fatalf("the disk is not let go: %v", err)
	}
	m.unmount = nil
}

// again starts the server once more.
func (m *machine) again() {
	m.Helper()
	m.plug()
	m.server = spawn(m.T, m.at, m.options...)
}

// cutAfter lets a town live for a while and cuts the power in the midst of it.
func (m *machine) cutAfter(w *town, d time.Duration) {
	m.Helper()
	ctx, stop := context.WithCancel(m.Context())
	defer stop()
	before := w.acked.Load()
	var all sync.WaitGroup
	all.Go(func() { w.talk(ctx, m.server.public, 16) })
	all.Go(func() { w.store(ctx, m.server.public) })
	all.Go(func() { w.grow(ctx, m.server.public) })
	await(m.T, "an ack", func() bool { return w.acked.Load() > before })
	time.Sleep(d) // what is under way then is anything
	m.disk.Cut()
	m.server.kill()
	stop()
	all.Wait()
	m.pull()
}

// TestPowerCuts: a machine that loses power again and again, with a disk that
// forgets what was not fsynced, or writes any part of it, keeps every message,
// file and account that it said it had.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	needDisk(t)
	var messages, files, accounts int
	slowest := time.Duration(0)
	for left := times(t, 30, 1000); left > 0; left -= lifetime {
		t.Run("life", func(t *testing.T) {
			m := boot(t, disk.New())
			w := newTown(t, m.server.public)
			for round := range min(lifetime, left) {
				m.cutAfter(w, 50*time.Millisecond+rand.N(250*time.Millisecond))
				var chance *rand.Rand
				if round%2 == 1 {
					chance = rand.New(rand.NewPCG(uint64(left), uint64(round)))
				}
				m.disk.Restore(chance)
				if l := w.judgeDisk(m.disk); !l.none() {
					t.Fatalf("cut %d, by chance %v: lost %+v of %d messages, %d files, %d accounts\n%s", round, chance != nil, l, len(w.acks), len(w.files), len(w.accounts), m.server.log)
				}
				began := time.Now()
				m.again()
				slowest = max(slowest, time.Since(began))
			}
			w.asked(t, m.server.public)
			t.Logf("%d cuts, 0 lost of %d messages, %d files, %d accounts", min(lifetime, left), len(w.acks), len(w.files), len(w.accounts))
			messages, files, accounts = messages+len(w.acks), files+len(w.files), accounts+len(w.accounts)
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("0 lost of %d messages, %d files, %d accounts; longest start %v", messages, files, accounts, slowest)
	if messages < 100 || files < 5 || accounts < 5 {
		t.Errorf("no test: %d messages, %d files, %d accounts", messages, files, accounts)
	}
}

// TestPowerCutsAreNoticed: where a disk only pretends to make things durable, as
// if the product did not ask for it, the same test finds what is lost. It shows
// that the injector takes things away and the judge sees it.
func TestPowerCutsAreNoticed(t *testing.T) {
	t.Parallel()
	needDisk(t)
	for name, test := range map[string]struct {
		lie  func(op disk.Op) bool
		lost func(l losses) int
	}{
		// What synchronous=NORMAL does: the log is not synced at a commit.
		"log":     {func(op disk.Op) bool { return op.Kind == disk.Sync && strings.HasSuffix(op.Path, "-wal") }, func(l losses) int { return l.messages }},
		"files":   {func(op disk.Op) bool { return op.Kind == disk.Sync && strings.HasPrefix(op.Path, "files/") }, func(l losses) int { return l.files }},
		"folders": {func(op disk.Op) bool { return op.Kind == disk.SyncDir && strings.HasPrefix(op.Path, "files") }, func(l losses) int { return l.files }},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				m := boot(t, disk.New())
				w := newTown(t, m.server.public)
				m.disk.SetFault(func(op disk.Op) disk.Fault { return disk.Fault{Lie: test.lie(op)} })
				m.cutAfter(w, 100*time.Millisecond)
				m.disk.Restore(nil)
				l := w.judgeDisk(m.disk)
				if lost := test.lost(l); lost > 0 {
					t.Logf("lost %d of %d messages, %d files", lost, len(w.acks), len(w.files))
					return
				}
			}
			t.Error("nothing is lost: the injector does not work")
		})
	}
}
