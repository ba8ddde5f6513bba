//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hongyan/faults/disk"
)

// tear is one way in which an operation on the database's files goes wrong.
type tear struct {
	name  string
	kind  disk.Kind
	fault func(op disk.Op) disk.Fault
}

func tears() []tear {
	return []tear{
		{"write fails", disk.Write, func(disk.Op) disk.Fault { return disk.Fault{Errno: syscall.EIO} }},
		{"sync fails", disk.Sync, func(disk.Op) disk.Fault { return disk.Fault{Errno: syscall.EIO} }},
		{"write is torn", disk.Write, func(op disk.Op) disk.Fault { return disk.Fault{Errno: syscall.EIO, Keep: op.Size / 2} }},
		{"write is short", disk.Write, func(op disk.Op) disk.Fault { return disk.Fault{Short: true, Keep: op.Size / 2} }},
		{"no room", disk.Write, func(disk.Op) disk.Fault { return disk.Fault{Errno: syscall.ENOSPC} }},
		{"sync finds no room", disk.Sync, func(disk.Op) disk.Fault { return disk.Fault{Errno: syscall.ENOSPC} }},
	}
}

// at makes the nth operation of its kind on the database go wrong, once.
func (f tear) at(n int, fired *atomic.Bool) func(disk.Op) disk.Fault {
	return func(op disk.Op) disk.Fault {
		if op.Kind != f.kind || op.Path != "hongyan.db" && op.Path != "hongyan.db-wal" {
			return disk.Fault{}
		}
		if n--; n != 0 {
			return disk.Fault{}
		}
		fired.Store(true)
		return f.fault(op)
	}
}

// TestTornWrites: the nth write or sync of the database fails in the midst of
// things. Nothing is acknowledged that is not there after a power cut, and
// acks come again without anybody's help.
func TestTornWrites(t *testing.T) {
	t.Parallel()
	needDisk(t)
	places := []int{1, 2, 3, 5, 8, 13, 30, 60, 120, 250, 400, 500}
	if n := times(t, 0, 500); n > 0 {
		places = make([]int, n)
		for i := range places {
			places[i] = i + 1
		}
	}
	var resumed []time.Duration
	acked := 0
	for life := range slices.Chunk(places, lifetime) {
		m := boot(t, disk.New())
		w := newTown(t, m.server.public)
		for i, n := range life {
			f := tears()[(n+i)%len(tears())]
			resumed = append(resumed, m.tear(w, f, n))
			m.disk.Restore(nil)
			if l := w.judgeDisk(m.disk); !l.none() {
				t.Fatalf("%s, number %d: lost %+v of %d", f.name, n, l, len(w.acks))
			}
			m.again()
		}
		w.asked(t, m.server.public)
		acked += len(w.acks)
		m.pull()
	}
	slices.Sort(resumed)
	t.Logf("%d faults, 0 lost of %d; acks came again after %v (median), %v (longest)", len(places), acked, resumed[len(resumed)/2], resumed[len(resumed)-1])
}

// tear lets one operation fail while a town talks, waits for acks to come again
// and cuts the power. It tells how long that took.
func (m *machine) tear(w *town, f tear, n int) (resumed time.Duration) {
	m.Helper()
	ctx, stop := context.WithCancel(m.Context())
	defer stop()
	var fired atomic.Bool
	before := w.acked.Load()
	var all sync.WaitGroup
	all.Go(func() { w.talk(ctx, m.server.public, 8) })
	await(m.T, "an ack", func() bool { return w.acked.Load() > before })
	m.disk.SetFault(f.at(n, &fired))
	await(m.T, fmt.Sprintf("number %d of %s", n, f.name), fired.Load)
	before = w.acked.Load()
	// What is acked at once may have been on its way already; more than all
	// that can be under way may not.
	resumed = await(m.T, f.name+fmt.Sprint(" number ", n, ": an ack after it: ", m.server.log), func() bool { return w.acked.Load() > before+4*8 })
	w.calm(m.T)
	m.disk.Cut()
	m.server.kill()
	stop()
	all.Wait()
	m.pull()
	w.drops = 0 // who was cut off by the power does not count
	return resumed
}

// TestTornStart: an operation that fails while a server makes its database ends
// it with a reason, or is survived; the next start finds nothing in its way.
func TestTornStart(t *testing.T) {
	t.Parallel()
	needDisk(t)
	refused, fires := 0, 0
	for i := range times(t, 6, 120) {
		n := 1 + i*i*9%700
		f := tears()[i%len(tears())]
		var fired atomic.Bool
		m := &machine{T: t, disk: disk.New(), at: t.TempDir()}
		m.disk.SetFault(f.at(n, &fired))
		m.plug()
		s, err := launch(t, nil, m.at)
		m.server = s
		switch {
		case err == nil:
		case !errors.Is(err, errEnded):
			t.Fatal(err)
		case !fired.Load() || s.log.has("panic") || !s.log.has("hongyan: "):
			t.Errorf("%s, number %d: it ends without a reason: %v", f.name, n, err)
		default:
			refused++
		}
		if fired.Load() {
			fires++
		}
		m.disk.Cut()
		m.pull()
		m.disk.Restore(nil)
		m.again()
		if _, err := registered(t, m.server.public); err != nil {
			t.Errorf("%s, number %d: afterwards nobody can register: %v", f.name, n, err)
		}
		m.pull()
	}
	t.Logf("%d faults while starting; %d starts were refused with a reason, the others survived it", fires, refused)
	if fires == 0 {
		t.Error("no test: nothing failed")
	}
}
