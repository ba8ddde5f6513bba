//go:build unix

package main

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// TestClusterBehindNginx has people follow a group through a real nginx before
// three nodes while one is frozen for a moment, one drains, one is killed, and
// one is taken out of nginx's list before it ends: everybody gets every message,
// once and in order.
func TestClusterBehindNginx(t *testing.T) {
	apart(t)
	t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
	source, bus := dbtest.MySQL(t), fmt.Sprintf("udp://127.255.255.255:%d", sharedPort(t))
	var nodes [3]*child
	var addresses, data [3]string
	launch := func(i int) {
		nodes[i] = spawn(t, data[i], source, "-limits", "off", "-bus", bus, "-listen", addresses[i])
	}
	for i := range nodes {
		addresses[i], data[i] = fmt.Sprintf("127.0.0.1:%d", sharedPort(t)), filepath.Join(t.TempDir(), fmt.Sprint(i))
		launch(i)
	}
	front := nginx(t, addresses[:]...)
	base := front.base

	const people = 18 // so that none of the nodes has nobody
	guests := make([]*guest, people)
	for i := range guests {
		guests[i] = visit(t, 500+i, base)
	}
	var g struct{ ID int64 }
	check(t, guests[0].Post(t.Context(), "/contact/createcommunity", map[string]any{"name": "group", "join": model.JoinOpen}, &g))
	for _, one := range guests[1:] {
		check(t, one.Post(t.Context(), "/contact/joincommunity", map[string]any{"dstid": g.ID}, nil))
	}
	for _, one := range guests {
		one.follow(t)
	}

	var want []string
	say := func(step string, n int) {
		for i := range n {
			content := fmt.Sprint(step, " ", i)
			from := guests[len(want)%people] // each time through another's node
			m := model.Message{Cmd: model.CmdRoom, DstID: g.ID, Media: model.MediaText, Content: content, CID: fmt.Sprint(len(want))}
			_, err := from.line.Send(t.Context(), m)
			for model.CodeOf(err) == model.CodeUnavailable { // the node drains; a resend is the same message
				time.Sleep(100 * time.Millisecond)
				_, err = from.line.Send(t.Context(), m)
			}
			check(t, err)
			want = append(want, content)
		}
	}
	all := func(step string) {
		for _, one := range guests {
			one.await(t, step, func(list []model.Message) bool { return len(posts(list, g.ID)) >= len(want) })
		}
	}
	say("before", 20)
	all("what was said before")

	frozen := nodes[2].cmd.Process
	check(t, frozen.Signal(syscall.SIGSTOP))
	thaw := time.AfterFunc(3*time.Second, func() { _ = frozen.Signal(syscall.SIGCONT) })
	defer thaw.Stop()
	say("frozen", 20)
	all("what was said while one node was frozen")

	check(t, nodes[0].cmd.Process.Signal(syscall.SIGTERM))
	say("drained", 20)
	_ = nodes[0].cmd.Wait()
	all("what was said while one node drained")
	told := 0
	for _, one := range guests {
		told += len(one.moved)
	}
	if told == 0 {
		t.Error("nobody was told to move")
	}
	launch(0)

	nodes[1].kill()
	say("killed", 20)
	all("what was said after one node was killed")
	launch(1)
	say("after", 20)
	all("what was said after")

	// A node is taken out of the list for good: who is at it stays until it goes.
	front.list([]string{addresses[0], addresses[2]})
	check(t, front.cmd.Process.Signal(syscall.SIGHUP))
	say("listed no more", 20)
	all("what was said after the list had changed")
	check(t, nodes[1].cmd.Process.Signal(syscall.SIGTERM))
	began := time.Now()
	say("gone", 20)
	all("what was said while the node that is listed no more went")
	t.Logf("it went, and everybody was in step %.1f s later", time.Since(began).Seconds())
	_ = nodes[1].cmd.Wait()
	say("at the end", 20)
	all("what was said at the end")
	t.Logf("%d were told to move; %d messages to %d people", told, len(want), people)

	for _, one := range guests {
		one.mu.Lock()
		got := posts(one.frames, g.ID)
		one.mu.Unlock()
		if len(got) != len(want) {
			t.Errorf("user %d got %d of %d messages", one.id, len(got), len(want))
		}
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("user %d got %q in place of %q", one.id, got[i], want[i])
			}
		}
	}
}
