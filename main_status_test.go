package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/service/db/dbtest"
)

// post sends a form to the internal listener with an API key.
func post(t *testing.T, address, key string, form url.Values) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+key)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(text)
}

// keys runs apikey as a process of its own.
func keys(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"apikey"}, args...)...)
	cmd.Env = append(os.Environ(), asProduct+"=1")
	if _, err := cmd.StdinPipe(); err != nil { // open until it ends
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

// TestAPIKeyBesideTheServer makes and ends a key while the server runs on the
// same database, and pushes a status with it; a drain answers who waits.
func TestAPIKeyBesideTheServer(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source)
		where := []string{"-data", n.data, "-db", source}
		key, err := keys(t, append([]string{"create", "shop", "-scopes", "status"}, where...)...)
		if err != nil || strings.ContainsAny(key, " \n") {
			t.Fatalf("create: %q, %v", key, err)
		}
		form := url.Values{"key": {"k"}, "value": {"scanned"}}
		if status, body := post(t, n.internal+"/status/set", key, form); status != http.StatusOK {
			t.Fatalf("SET: %d %s", status, body)
		}
		if status, body := n.get(n.public + "/status/get?key=k"); status != http.StatusOK || !strings.Contains(body, `"data":"scanned"`) {
			t.Errorf("GET: %d %s", status, body)
		}
		if list, err := keys(t, append([]string{"list"}, where...)...); err != nil || !strings.Contains(list, "shop") || strings.Contains(list, key) {
			t.Errorf("list: %q, %v", list, err)
		}
		if out, err := keys(t, append([]string{"revoke", "1"}, where...)...); err != nil {
			t.Errorf("revoke: %q, %v", out, err)
		}
		if status, body := post(t, n.internal+"/status/set", key, form); status != http.StatusUnauthorized {
			t.Errorf("SET with a revoked key: %d %s", status, body)
		}

		parked := make(chan string, 1)
		go func() {
			_, body := n.get(n.public + "/status/get?key=never")
			parked <- body
		}()
		n.holds(1)
		if err := n.end(); err != nil {
			t.Errorf("drain: %v", err)
		}
		if body := <-parked; !strings.Contains(body, `"error":"timeout"`) {
			t.Errorf("who waited got %q", body)
		}
	})
}

// holds waits until so many requests are held.
func (n *node) holds(count int) {
	n.t.Helper()
	n.measures("hongyan_held", count)
}

// measures waits until a metric has a value.
func (n *node) measures(metric string, value int) {
	n.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, body := n.get(n.internal + "/metrics")
		if strings.Contains(body, fmt.Sprintf("\n%s %d\n", metric, value)) {
			return
		}
		if time.Now().After(end) {
			n.t.Fatalf("%s does not become %d", metric, value)
		}
	}
}

func TestAPIKeyFaults(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for want, args := range map[string]string{
		"there is no scope": "create x -scopes root", "there is no key 9": "revoke 9", "no key's id": "revoke x", "create NAME": "create",
		"see hongyan -help": "list more", "unknown option": "list -frobnicate on", "the name": "create two\nlines",
	} {
		if got := fails(t, nil, append(append([]string{"apikey"}, strings.Split(args, " ")...), "-data", data)...); !strings.Contains(got, want) {
			t.Errorf("%s: %q does not say %q", args, got, want)
		}
	}
}

// TestManyParked is the figure of status push: what a GET that is held costs,
// and how soon it is answered. PARKED=10000 makes it the long form,
// which needs 11,000 descriptors and holds it to its goals.
func TestManyParked(t *testing.T) {
	apart(t)
	count := 300
	if text := os.Getenv("PARKED"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	long := count >= 10_000
	data, inside := filepath.Join(t.TempDir(), "data"), "127.0.0.1:"+freePort(t)
	c := spawn(t, data, dbtest.SQLite(t), "-limits", "off", "-internal", inside, "-db", "sqlite:"+filepath.Join(data, "hongyan.db"))
	key, err := keys(t, "create", "bench", "-data", data)
	if err != nil {
		t.Fatal(err)
	}
	// What the first ones cost once, such as code that is read from the disk and
	// caches of the database, is not what each costs.
	n := &node{t: t, internal: "http://" + inside}
	const early = 200
	for i := range early {
		park(t, c.public, -1-i)
	}
	n.holds(early)
	before := c.resident()
	answers := make([]chan time.Time, count)
	for i := range answers {
		answers[i] = park(t, c.public, i)
	}
	n.holds(early + count)
	if long {
		time.Sleep(4 * time.Second) // for the figure alone: what parking left is given back after a storm
	}
	each := (c.resident() - before) / count
	asked := min(count, 1000) // the others go on waiting, the longest first
	answers, first := answers[count-asked:], count-asked
	sent := make([]time.Time, asked)
	var setters sync.WaitGroup
	for worker := range 2 {
		setters.Go(func() {
			for i := worker; i < asked; i += 2 {
				sent[i] = time.Now()
				if status, body := post(t, "http://"+inside+"/status/set", key, url.Values{"key": {fmt.Sprint("key ", first+i)}, "value": {"v"}}); status != http.StatusOK {
					t.Errorf("SET: %d %s", status, body)
					return
				}
				if long {
					time.Sleep(time.Until(sent[i].Add(5 * time.Millisecond))) // 400 a second: a rate, not a pile
				}
			}
		})
	}
	setters.Wait()
	took := make([]time.Duration, asked)
	for i := range took {
		at, ok := <-answers[i]
		if !ok {
			t.Fatalf("GET %d has no value", i)
		}
		took[i] = at.Sub(sent[i])
	}
	slices.Sort(took)
	t.Logf("%d held: %d bytes each; from the start of the SET to the answer: p50 %v, p99 %v, longest %v", count, each, took[asked/2], took[asked*99/100], took[asked-1])
	if long && (each > 25_000 || took[asked*99/100] > 100*time.Millisecond) {
		t.Error("that is not the goal: 25 kB each, within 100 ms")
	}
}

// park sends a GET and gives the time at which its value came; closed without
// one if none did.
func park(t *testing.T, public string, i int) chan time.Time {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(context.Background(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET /status/get?key=key+%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n\r\n", i, u.Host); err != nil {
		t.Fatal(err)
	}
	out := make(chan time.Time, 1)
	go func() {
		defer close(out)
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return
		}
		defer func() { _ = r.Body.Close() }()
		if body, err := io.ReadAll(r.Body); err == nil && bytes.Contains(body, []byte(`"data":"v"`)) {
			out <- time.Now()
		}
	}()
	return out
}

// resident gives the memory of the child in bytes; 0 where it cannot be read.
func (c *child) resident() int {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid), "status"))
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		return 0
	}
	size, _ := strconv.Atoi(string(found[1])) // digits
	return size << 10
}
