package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/service"
	"hongyan/util/limit"
	"hongyan/util/metrics"
)

// booth is a site with status push and both listeners, on real connections.
type booth struct {
	*site
	wakes  *service.Wakes
	public string
	inside string
	key    string // an API key for everything
}

func newBooth(t *testing.T) *booth {
	t.Helper()
	return newBoothWithin(t, 0)
}

// newBoothWithin gives requests no more than readTime to be read, if not zero.
func newBoothWithin(t *testing.T, readTime time.Duration) *booth {
	t.Helper()
	b := &booth{site: newSite(t, false)}
	committer := service.NewCommitter(b.db, b.live, time.Now, metrics.New(), b.server.Log)
	t.Cleanup(committer.Close)
	b.wakes = service.NewWakes(b.db, nil, time.Now)
	b.server.Status = service.NewStatusService(b.db, committer, b.wakes, time.Now)
	b.server.Keys = service.NewAPIKeyService(b.db, time.Now)
	b.server.Origins = []string{"https://shop.example"}
	edge := Edge{Log: b.server.Log, Locale: b.server.Locale, Metrics: b.server.Metrics, Origins: b.server.Origins}
	for _, c := range []struct {
		address *string
		handler http.Handler
	}{{&b.public, b.server.Handler()}, {&b.inside, b.server.InternalHandler()}} {
		handler, err := edge.Wrap(c.handler)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(handler)
		server.Config.ReadTimeout = readTime
		server.Start()
		t.Cleanup(server.Close)
		*c.address = server.URL
	}
	key, _, err := b.server.Keys.Create(t.Context(), "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	b.key = key
	return b
}

// ask makes a request on a connection of its own; header is names and values.
func (b *booth) ask(ctx context.Context, method, url, body string, header ...string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	r.Header.Set("Content-Type", formType)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Close = true
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	out := reply{status: w.StatusCode, header: w.Header, raw: string(text)}
	if err == nil && len(text) > 0 && strings.HasPrefix(w.Header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

// wantAnswer asks and checks the status and the error's code.
func (b *booth) wantAnswer(status int, code, method, url, body string, header ...string) reply {
	b.Helper()
	got, err := b.ask(b.Context(), method, url, body, header...)
	if err != nil {
		b.Fatal(err)
	}
	if got.status != status || got.Error != code {
		b.Errorf("%s %s %s: %d %s, want %d %q", method, url, body, got.status, got.raw, status, code)
	}
	return got
}

func (b *booth) set(key, value string) {
	b.Helper()
	b.wantAnswer(http.StatusOK, "", http.MethodPost, b.inside+"/status/set", "key="+key+"&value="+value, "Authorization", "Bearer "+b.key)
}

// get waits in the background for the value of a key.
func (b *booth) get(ctx context.Context, key string, header ...string) <-chan reply {
	out := make(chan reply, 1)
	go func() {
		got, err := b.ask(ctx, http.MethodGet, b.public+"/status/get?key="+key, "", header...)
		if err != nil {
			got.raw = err.Error()
		}
		out <- got
	}()
	return out
}

func (b *booth) parked(count int) {
	b.Helper()
	for end := time.Now().Add(time.Minute); b.wakes.Waiting() != count; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("%d wait, want %d", b.wakes.Waiting(), count)
		}
	}
}

// TestStatusRoutes: held until the value is there, beyond the time that the
// server gives requests otherwise.
func TestStatusRoutes(t *testing.T) {
	const readTime = 2 * time.Second // shorter than a hold: the trap of P28
	b := newBoothWithin(t, readTime)
	answer := b.get(t.Context(), "k")
	b.parked(1)
	time.Sleep(readTime + readTime/4) // past the read timeout: nothing announces that it has no effect
	b.parked(1)
	b.set("k", "v")
	got := <-answer
	if got.status != 200 || got.raw != `{"code":0,"data":"v","msg":""}` || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("GET: %d %s", got.status, got.raw)
	}
	got = b.wantAnswer(200, "timeout", http.MethodGet, b.public+"/status/get?key=k&timeout=1", "")
	if got.Code != -1 {
		t.Errorf("timed out with %s", got.raw)
	}
	b.set("early", "waits")
	if got := <-b.get(t.Context(), "early"); string(got.Data) != `"waits"` {
		t.Errorf("a value from before: %s", got.raw)
	}
}

// TestStatusOfClientWhoLeaves is P28 and C66: half of those who wait go away,
// nothing of them stays, and the rest get theirs.
func TestStatusOfClientWhoLeaves(t *testing.T) {
	b := newBooth(t)
	before := runtime.NumGoroutine()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	const half = 20
	var gone, stay [half]<-chan reply
	for i := range half {
		gone[i], stay[i] = b.get(ctx, fmt.Sprint("k", i)), b.get(t.Context(), fmt.Sprint("s", i))
	}
	b.parked(2 * half)
	leave()
	for _, answer := range gone {
		<-answer
	}
	b.parked(half)
	for i, answer := range stay {
		b.set(fmt.Sprint("s", i), "v")
		if got := <-answer; string(got.Data) != `"v"` {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	b.set("k0", "kept")
	if got := <-b.get(t.Context(), "k0"); string(got.Data) != `"kept"` {
		t.Errorf("on the first try: %d %s", got.status, got.raw)
	}
	http.DefaultClient.CloseIdleConnections()
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before+10; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
		}
	}
}

// TestStatusOrigins is P33 and C16: the allow-list and nothing like it, and a
// page that could not read the value does not take it.
func TestStatusOrigins(t *testing.T) {
	b := newBooth(t)
	b.set("k", "v")
	url := b.public + "/status/get?key=k&timeout=1"
	for _, header := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "https://shop.example.evil.example"}, {"Origin", "http://shop.example"},
		{"Origin", "https://shop.example:8443"}, {"Origin", "*"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			if got := b.wantAnswer(403, "forbidden", method, url, "", header...); got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%v is allowed: %v", header, got.header)
			}
		}
	}
	asked := b.wantAnswer(204, "", http.MethodOptions, url, "", "Origin", "https://shop.example", "Access-Control-Request-Method", "GET")
	got := b.wantAnswer(200, "", http.MethodGet, url, "", "Origin", "https://shop.example", "Sec-Fetch-Site", "cross-site")
	for _, a := range []reply{asked, got} {
		if a.header.Get("Access-Control-Allow-Origin") != "https://shop.example" || !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Origin") ||
			a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("headers %v", a.header)
		}
	}
	b.set("own", "v")
	if got := b.wantAnswer(200, "", http.MethodGet, b.public+"/status/get?key=own", "", "Origin", b.public); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the site's own page: %v", got.header)
	}
}

// TestStatusRefuses is P35 and C67: SET is not public and wants a key with the
// scope; what is wrong is said.
func TestStatusRefuses(t *testing.T) {
	b := newBooth(t)
	other, row, err := b.server.Keys.Create(t.Context(), "other", []string{"dispatch"})
	if err != nil {
		t.Fatal(err)
	}
	set := b.inside + "/status/set"
	bearer := func(key string) []string { return []string{"Authorization", "Bearer " + key} }
	for _, path := range []string{"/status/set", "/channel/set", "/dispatch/", "/api/push"} {
		b.wantAnswer(404, "", http.MethodPost, b.public+path, "key=k&value=v", bearer(b.key)...)
	}
	got := b.wantAnswer(401, "unauthenticated", http.MethodPost, set, "key=k&value=v")
	if got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("401 without a challenge: %v", got.header)
	}
	b.wantAnswer(401, "unauthenticated", http.MethodPost, set, "key=k&value=v", bearer("hyk_nonsense")...)
	b.wantAnswer(401, "unauthenticated", http.MethodPost, set, "key=k&value=v", "Authorization", "Basic "+b.key)
	b.wantAnswer(403, "forbidden", http.MethodPost, set, "key=k&value=v", bearer(other)...)
	b.wantAnswer(405, "invalid_argument", http.MethodGet, set, "", bearer(b.key)...)
	b.wantAnswer(404, "not_found", http.MethodPost, b.inside+"/status/nothing", "", bearer(b.key)...)
	for body, want := range map[string]string{
		"value=v": "invalid_argument", "key=k": "invalid_argument", "key=k&value=v&ttl=x": "invalid_argument", "key=k&value=v&ttl=601": "invalid_argument",
		"key=" + strings.Repeat("k", 129) + "&value=v": "too_large", "key=k&value=" + strings.Repeat("v", 8193): "too_large",
	} {
		status := map[string]int{"invalid_argument": 400, "too_large": 413}[want]
		if got := b.wantAnswer(status, want, http.MethodPost, set, body, bearer(b.key)...); got.Msg == "" || !strings.Contains(got.raw, `"field"`) {
			t.Errorf("%.20s: %s", body, got.raw)
		}
	}
	if err := b.server.Keys.Revoke(t.Context(), row.ID); err != nil {
		t.Fatal(err)
	}
	b.wantAnswer(401, "unauthenticated", http.MethodPost, set, "key=k&value=v", bearer(other)...)

	get := b.public + "/status/get"
	b.wantAnswer(400, "invalid_argument", http.MethodGet, get, "")
	b.wantAnswer(400, "invalid_argument", http.MethodGet, get+"?key=k&timeout=0", "")
	b.wantAnswer(400, "invalid_argument", http.MethodGet, get+"?key=k&timeout=26", "")
	b.wantAnswer(413, "too_large", http.MethodGet, get+"?key="+strings.Repeat("k", 129), "")
	b.wantAnswer(405, "invalid_argument", http.MethodPost, get, "key=k")
	b.set("k", "v")
	if got, err := b.ask(t.Context(), http.MethodHead, get+"?key=k", ""); err != nil || got.status != 405 {
		t.Errorf("HEAD: %d, %v", got.status, err)
	}
	if got := <-b.get(t.Context(), "k"); string(got.Data) != `"v"` {
		t.Errorf("HEAD took the value: %s", got.raw)
	}
}

// TestStatusPlacesAreBounded: one address does not have all the places, and what
// is given back is to be had again.
func TestStatusPlacesAreBounded(t *testing.T) {
	b := newBooth(t)
	b.server.Limits.Parked = limit.NewSlots(10, 2)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	first, second := b.get(ctx, "a"), b.get(ctx, "b")
	b.parked(2)
	got := b.wantAnswer(429, "rate_limited", http.MethodGet, b.public+"/status/get?key=c", "")
	if got.header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After: %v", got.header)
	}
	leave()
	<-first
	<-second
	b.parked(0)
	b.wantAnswer(200, "timeout", http.MethodGet, b.public+"/status/get?key=c&timeout=1", "")
}

// TestStatusDrainAnswers: a node that ends lets nobody wait in vain.
func TestStatusDrainAnswers(t *testing.T) {
	b := newBooth(t)
	var all sync.WaitGroup
	for i := range 20 {
		answer := b.get(t.Context(), string(rune('a'+i)))
		all.Go(func() {
			if got := <-answer; got.status != 200 || got.Error != "timeout" {
				t.Errorf("%d %s", got.status, got.raw)
			}
		})
	}
	b.parked(20)
	b.wakes.Drain()
	all.Wait()
}

// record serves a request and keeps the answer.
func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	if r.RemoteAddr == "" {
		r.RemoteAddr = "192.0.2.1:1234"
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// unmarshal reads a JSON answer.
func unmarshal(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%q is no JSON: %v", data, err)
	}
}
