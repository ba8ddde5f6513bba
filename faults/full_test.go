//go:build linux

package faults

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/faults/disk"
	"hongyan/model"
)

// has tells how often senders were refused with a code.
func (w *town) has(code model.Code) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused[code]
}

// calm fails the test if anybody heard another refusal than "try again", or lost
// the line.
func (w *town) calm(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for code, n := range w.refused {
		if code != model.CodeUnavailable {
			t.Errorf("%d messages were refused with %s", n, code)
		}
	}
	if w.drops > 0 {
		t.Errorf("%d sockets were closed", w.drops)
	}
}

// TestDatabaseDiskFull: a disk without room stops acks and nothing else, and
// with room there they come again.
func TestDatabaseDiskFull(t *testing.T) {
	t.Parallel()
	needDisk(t)
	m := boot(t, disk.New())
	w := newTown(t, m.server.public)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { w.talk(ctx, m.server.public, 8) })
	await(t, "acks", func() bool { return w.acked.Load() > 100 })
	m.disk.SetQuota(m.disk.Used() + 200<<10)
	await(t, "a refusal", func() bool { return w.has(model.CodeUnavailable) > 50 })

	c := w.client(1, m.server.public)
	defer c.Close()
	page, err := c.History(ctx, model.KindRoom, w.group, 0, 10)
	if err != nil || len(page) != 10 {
		t.Errorf("reading: %d messages, %v", len(page), err)
	}
	if err := c.Post(ctx, "/user/me", nil, nil); err != nil {
		t.Errorf("reading: %v", err)
	}
	other := client.New(m.server.public)
	defer other.Close()
	// A session is a row, for which there may be no room: then that is what is said.
	if err := other.Login(ctx, w.people[1].mobile, "a good password"); err != nil && model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("login: %v", err)
	}
	if s, err := c.Dial(ctx); err != nil {
		t.Errorf("a new socket: %v", err)
	} else {
		s.Close()
	}
	_, err = w.upload(ctx, c, 100<<10)
	if code := model.CodeOf(err); code != model.CodeUnavailable {
		t.Errorf("uploading: %v", err)
	}

	m.disk.SetQuota(0)
	before := w.acked.Load()
	took := await(t, "an ack: "+m.server.log.String(), func() bool { return w.acked.Load() > before })
	stop()
	all.Wait()
	w.calm(t)
	m.disk.Cut()
	m.pull()
	m.disk.Restore(nil)
	if l := w.judgeDisk(m.disk); !l.none() {
		t.Errorf("lost %+v", l)
	}
	goal(t, "until acks come again", took, time.Second)
	t.Logf("full: %d refusals; acks came again %v after there was room; 0 lost of %d", w.refused[model.CodeUnavailable], took, len(w.acks))
}

// TestFilesDiskFull: without room for files uploads are refused and leave
// nothing behind, and the chat does not notice.
func TestFilesDiskFull(t *testing.T) {
	t.Parallel()
	needDisk(t)
	files := &machine{T: t, disk: disk.New(), at: t.TempDir()}
	files.plug()
	files.server = spawn(t, t.TempDir(), "-blob", "local:"+files.at+"/files")
	t.Cleanup(files.pull)
	address := files.server.public
	w := newTown(t, address)
	files.disk.SetQuota(2 << 20)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { w.talk(ctx, address, 4) })
	c := w.client(0, address)
	defer c.Close()
	refusals := 0
	for n := 0; refusals < 10; n++ {
		_, err := w.upload(ctx, c, 300<<10)
		if err == nil && n < 100 {
			continue
		}
		refusal, ok := errors.AsType[*client.Error](err)
		if !ok || refusal.Code != model.CodeUnavailable {
			t.Fatalf("upload %d: %v", n, err)
		}
		refusals++
	}
	want := []string{"files/files.lock"}
	for url := range w.files {
		want = append(want, "files/"+keyOf(url)[:2]+"/"+keyOf(url))
	}
	got := files.disk.Files()
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("on the disk: %v, want %v", got, want)
	}
	files.disk.SetQuota(0)
	if _, err := w.upload(ctx, c, 300<<10); err != nil {
		t.Errorf("with room: %v", err)
	}
	await(t, "acks", func() bool { return w.acked.Load() > 100 })
	stop()
	all.Wait()
	w.asked(t, address)
	if w.drops > 0 || len(w.refused) > 0 || strings.Contains(files.server.log.String(), "panic") {
		t.Errorf("%d sockets closed, refused %v", w.drops, w.refused)
	}
	t.Logf("%d files kept, 0 left over; %d messages meanwhile, none refused", len(w.files), len(w.acks))
}

// TestSlowDisk: a disk that syncs 50 times a second makes commits larger, not
// the server.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	needDisk(t)
	m := boot(t, disk.New())
	w := newTown(t, m.server.public)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { w.talk(ctx, m.server.public, 64) })
	await(t, "acks", func() bool { return w.acked.Load() > 2000 })
	quick := m.server.rss(t)
	m.disk.SetFault(func(op disk.Op) disk.Fault {
		if op.Kind == disk.Sync && strings.HasPrefix(op.Path, "hongyan.db") {
			return disk.Fault{Wait: 20 * time.Millisecond}
		}
		return disk.Fault{}
	})
	acks, syncs, began := w.acked.Load(), m.disk.Syncs(), time.Now()
	time.Sleep(time.Duration(times(t, 3, 30)) * time.Second) // it is a rate that is measured
	acks, syncs = w.acked.Load()-acks, m.disk.Syncs()-syncs
	took, slow := time.Since(began), m.server.rss(t)
	stop()
	all.Wait()
	w.calm(t)
	m.disk.Cut()
	m.pull()
	m.disk.Restore(nil)
	if l := w.judgeDisk(m.disk); !l.none() {
		t.Errorf("lost %+v", l)
	}
	t.Logf("%.0f acks/s with %.0f syncs/s: %d a sync; RSS %d MB, before %d MB", float64(acks)/took.Seconds(), float64(syncs)/took.Seconds(), acks/max(syncs, 1), slow>>20, quick>>20)
	if rate := float64(acks) / took.Seconds(); long() && rate < 2000 {
		t.Errorf("%.0f acks/s, want 2,000", rate)
	}
	goal(t, "RSS beside a slow disk", slow, quick+quick/5)
	if acks < 10*syncs {
		t.Errorf("%d acks by %d syncs: commits do not grow", acks, syncs)
	}
	if slow > 2*quick {
		t.Errorf("RSS %d MB, before %d MB", slow>>20, quick>>20)
	}
}
