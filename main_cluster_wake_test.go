package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xorm.io/xorm"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"
)

// busWait is for what the bus wakes: well within the 25 s after which who waits
// looks once more by itself.
const busWait = 15 * time.Second

// inPair runs a test against two processes on one MariaDB, over each bus that
// needs nothing else. The table of wake-ups names no topic there, so that nothing
// but the bus wakes who waits.
func inPair(t *testing.T, fn func(t *testing.T, source string, nodes [2]*child, inside [2]*node)) {
	t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
	for name, buses := range simpleBuses() {
		t.Run(name, func(t *testing.T) {
			source := dbtest.MySQL(t)
			var nodes [2]*child
			var inside [2]*node
			bus := buses(t)
			for i := range nodes {
				address := "127.0.0.1:" + freePort(t)
				inside[i] = &node{t: t, internal: "http://" + address}
				nodes[i] = spawn(t, filepath.Join(t.TempDir(), fmt.Sprint(i)), source, "-limits", "off", "-internal", address, "-bus", bus[i])
			}
			for _, n := range inside {
				n.measures("hongyan_bus_peers", 1)
			}
			muteWakeups(t, source)
			fn(t, source, nodes, inside)
		})
	}
}

func muteWakeups(t *testing.T, source string) {
	t.Helper()
	d, err := db.Open(source)
	check(t, err)
	defer func() { _ = d.Close() }()
	check(t, d.Tx(t.Context(), func(s *xorm.Session) error {
		_, err := s.Exec("CREATE TRIGGER mute BEFORE INSERT ON wakeup FOR EACH ROW SET NEW.topic = ''")
		return err
	}))
}

// held is the answer to a GET that waits.
type held struct {
	body    string
	cookies int
	at      time.Time
	err     error
}

// parkedGet sends a GET and waits until the node holds it.
func parkedGet(t *testing.T, n *node, address string, header ...string) <-chan held {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), busWait)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	check(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	out := make(chan held, 1)
	go func() {
		defer cancel()
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			out <- held{err: err}
			return
		}
		defer func() { _ = w.Body.Close() }()
		body, err := io.ReadAll(w.Body)
		out <- held{string(body), len(w.Cookies()), time.Now(), err}
	}()
	n.measures("hongyan_held", 1)
	return out
}

// TestClusterWakesForStatus: a value that is set on one node wakes who waits on the
// other at once.
func TestClusterWakesForStatus(t *testing.T) {
	apart(t)
	inPair(t, func(t *testing.T, source string, nodes [2]*child, inside [2]*node) {
		key, err := keys(t, "create", "shop", "-scopes", "status", "-db", source)
		check(t, err)
		var took []time.Duration
		for i := range 20 {
			answer := parkedGet(t, inside[0], fmt.Sprint(nodes[0].public, "/status/get?key=", i))
			began := time.Now()
			form := url.Values{"key": {fmt.Sprint(i)}, "value": {"v"}}
			if status, body := post(t, inside[1].internal+"/status/set", key, form); status != http.StatusOK {
				t.Fatalf("SET: %d %s", status, body)
			}
			got := <-answer
			if got.err != nil || !strings.Contains(got.body, `"data":"v"`) {
				t.Fatalf("GET %d: %s %v", i, got.body, got.err)
			}
			took = append(took, got.at.Sub(began))
			inside[0].measures("hongyan_held", 0)
		}
		slices.Sort(took)
		t.Logf("from the start of a SET on one node to the answer on the other: p50 %v, longest %v", took[10].Round(time.Millisecond), took[19].Round(time.Millisecond))
	})
}

// TestClusterWakesForQRLogin: the browser waits on one node, the phone scans and
// confirms on the other.
func TestClusterWakesForQRLogin(t *testing.T) {
	apart(t)
	inPair(t, func(t *testing.T, _ string, nodes [2]*child, inside [2]*node) {
		near, far := nodes[0], nodes[1]
		phone, desk := settle(t, far, 1), settle(t, near, 2)
		var made struct{ Ticket, Secret string }
		check(t, desk.Post(t.Context(), "/qrlogin/new", nil, &made))
		ticket := map[string]string{"ticket": made.Ticket}
		for _, step := range []struct {
			known, does, becomes string
			cookies              int
		}{{"new", "scan", "scanned", 0}, {"scanned", "confirm", "confirmed", 2}} {
			answer := parkedGet(t, inside[0], near.public+"/qrlogin/wait?state="+step.known+"&ticket="+made.Ticket, "X-QR-Secret", made.Secret)
			began := time.Now()
			check(t, phone.Post(t.Context(), "/qrlogin/"+step.does, ticket, nil))
			got := <-answer
			if got.err != nil || !strings.Contains(got.body, `"state":"`+step.becomes+`"`) || got.cookies != step.cookies {
				t.Fatalf("after the %s: %s, %d cookies, %v", step.does, got.body, got.cookies, got.err)
			}
			t.Logf("the %s was told after %v", step.does, got.at.Sub(began).Round(time.Millisecond))
			inside[0].measures("hongyan_held", 0)
		}
	})
}
