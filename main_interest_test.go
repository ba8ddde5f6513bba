package main

import (
	"bufio"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// gauge reads one of a node's own figures from its internal address.
func gauge(t *testing.T, internal, name string) float64 {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, internal+"/metrics", nil)
	check(t, err)
	answer, err := http.DefaultClient.Do(r)
	check(t, err)
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "hongyan_"+name+" "); found {
			n, err := strconv.ParseFloat(value, 64)
			check(t, err)
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// TestClusterInterest counts what nodes get over NATS: what is said to
// people and groups comes to the nodes that have somebody for it, and to no other.
func TestClusterInterest(t *testing.T) {
	apart(t)
	t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
	source := dbtest.MySQL(t)
	var nodes [3]*child
	var internal [3]string
	var all sync.WaitGroup
	for i, bus := range serversInside(t) {
		address, data := fmt.Sprintf("127.0.0.1:%d", sharedPort(t)), filepath.Join(t.TempDir(), fmt.Sprint(i))
		internal[i] = "http://" + address
		all.Go(func() { nodes[i] = spawn(t, data, source, "-limits", "off", "-bus", bus, "-internal", address) })
	}
	all.Wait()

	speaker, hearer := settle(t, nodes[0], 800), settle(t, nodes[1], 801)
	check(t, speaker.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": hearer.id}, nil))
	check(t, hearer.Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": speaker.id}, nil))
	var group struct{ ID int64 }
	check(t, speaker.Post(t.Context(), "/contact/createcommunity", map[string]any{"name": "group", "members": []int64{hearer.id}}, &group))
	speaker.open(t)
	hearer.open(t)
	speaker.say(t, hearer.id, group.ID, "first")
	hearer.hears(t, "a message of two", says("first to one"))
	hearer.hears(t, "a message of the group", says("first to all"))

	const times = 200
	var before [3]float64
	for i := range nodes {
		before[i] = gauge(t, internal[i], "bus_received_total")
	}
	for i := range times {
		speaker.say(t, hearer.id, group.ID, fmt.Sprint(i))
	}
	hearer.hears(t, "the last message", says(fmt.Sprint(times-1, " to all")))
	with, without := gauge(t, internal[1], "bus_received_total")-before[1], gauge(t, internal[2], "bus_received_total")-before[2]
	t.Logf("%d messages: the hearer's node got %v datagrams, the one without anybody %v", 2*times, with, without)
	if with < 2*times {
		t.Errorf("the hearer's node got %v datagrams", with)
	}
	if without > times/4 { // beats and what is said of presence
		t.Errorf("a node without anybody got %v datagrams", without)
	}
}

// say says something to one and to a group.
func (r *resident) say(t *testing.T, to, group int64, what string) {
	t.Helper()
	for _, m := range []model.Message{{Cmd: model.CmdSingle, DstID: to, Content: what + " to one"}, {Cmd: model.CmdRoom, DstID: group, Content: what + " to all"}} {
		m.Media = model.MediaText
		_, err := r.Send(t.Context(), m)
		check(t, err)
	}
}
