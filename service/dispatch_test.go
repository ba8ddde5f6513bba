package service

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"
)

// urls gives the addresses for a client, best first.
func urls(t *testing.T, v *DispatchService, client string) []string {
	t.Helper()
	list, err := v.Nodes(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].URL
	}
	return out
}

// TestDispatch: nodes that live are named, to each client in an order of its own
// that every node tells alike and that a node's end changes for its clients alone.
func TestDispatch(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		now := time.UnixMilli(1_800_000_000_000)
		clock := func() time.Time { return now }
		var nodes []*DispatchService
		loads := make([]int64, 4)
		for i := range 4 {
			url := fmt.Sprintf("https://n%d.example", i)
			if i == 3 {
				url = "" // behind nginx alone
			}
			v := NewDispatchService(d, fmt.Sprint("n", i), url, func() int64 { return loads[i] }, clock)
			if err := v.say(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, v)
		}
		first, before := map[string]int{}, map[string][]string{}
		for user := range int64(300) {
			list := urls(t, nodes[0], ClientOf(user))
			if len(list) != 3 || !slices.Equal(list, urls(t, nodes[3], ClientOf(user))) {
				t.Fatalf("user %d is told %v", user, list)
			}
			first[list[0]]++
			before[ClientOf(user)] = list
		}
		for url, n := range first {
			if n < 60 { // of 100 each: by the hash always the same
				t.Errorf("%s is first for %d of 300", url, n)
			}
		}

		if err := nodes[1].Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := nodes[1].say(t.Context(), false); err != nil { // its next sign of life
			t.Fatal(err)
		}
		now = now.Add(nodesKept)
		for client, had := range before {
			want := slices.DeleteFunc(slices.Clone(had), func(u string) bool { return u == "https://n1.example" })
			if got := urls(t, nodes[0], client); !slices.Equal(got, want) {
				t.Fatalf("%s had %v and is told %v", client, had, got)
			}
		}

		loads[0] = 5000 // full: after all others
		for _, i := range []int{0, 2} {
			if err := nodes[i].say(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(nodesKept)
		for client := range before {
			if got := urls(t, nodes[2], client); got[0] != "https://n2.example" {
				t.Fatalf("%s is sent to a full node: %v", client, got)
			}
		}
		now = now.Add(nodeLease)
		if got := urls(t, nodes[2], "x"); len(got) != 0 {
			t.Errorf("the dead are named: %v", got)
		}
	})
}

// TestDispatchForgetsWhoLeaves: a node that ends takes its name with it.
func TestDispatchForgetsWhoLeaves(t *testing.T) {
	d := openSQLite(t)
	v := NewDispatchService(d, "n", "https://n.example", func() int64 { return 1 }, time.Now)
	ctx, stop := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { v.Run(ctx) })
	for end := time.Now().Add(patience); len(urls(t, NewDispatchService(d, "m", "", nil, time.Now), "x")) != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the node is not known")
		}
	}
	stop()
	run.Wait()
	if got := urls(t, NewDispatchService(d, "m", "", nil, time.Now), "x"); len(got) != 0 {
		t.Errorf("%v is still named", got)
	}
}

// TestDispatchAfterAKill: a node that is killed and started again is named once,
// with the load it has now, and to the same clients as before; when it drains,
// its end before does not stand in for it.
func TestDispatchAfterAKill(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		now := time.UnixMilli(1_800_000_000_000)
		clock := func() time.Time { return now }
		var others []*DispatchService
		start := func(name string, number int, load int64) *DispatchService {
			v := NewDispatchService(d, name, fmt.Sprintf("https://n%d.example", number), func() int64 { return load }, clock)
			if err := v.say(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			return v
		}
		for i := range 3 {
			others = append(others, start(fmt.Sprint("first", i), i, 400))
		}
		before := map[string][]string{}
		for user := range int64(300) {
			before[ClientOf(user)] = urls(t, others[0], ClientOf(user))
		}
		now = now.Add(nodeEvery) // the first one has been killed; its lease goes on
		again := start("a new name", 0, 0)
		for _, v := range others[1:] {
			if err := v.say(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		for client, want := range before {
			if got := urls(t, again, client); !slices.Equal(got, want) {
				t.Fatalf("%s had %v and is told %v", client, want, got)
			}
		}
		list, err := again.Nodes(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			if want := map[bool]int64{true: 0, false: 400}[n.Name == "a new name"]; n.Sockets != want {
				t.Errorf("%s has a load of %d, want %d", n.Name, n.Sockets, want)
			}
		}
		now = now.Add(nodesKept)
		if err := again.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := urls(t, others[1], "x"); len(got) != 2 || slices.Contains(got, "https://n0.example") {
			t.Errorf("while it drains, the addresses are %v", got)
		}
	})
}
