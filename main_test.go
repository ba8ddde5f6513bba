package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/service/db/dbtest"
	"hongyan/util/config"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProduct) != "" {
		beProduct()
		return
	}
	os.Exit(dbtest.Main(m))
}

// node is a server that runs inside the test as it would by itself.
type node struct {
	t        *testing.T
	public   string // http://127.0.0.1:PORT
	internal string
	data     string
	stdout   *buffer
	stderr   *buffer
	stop     context.CancelFunc
	ended    chan struct{}
	err      error // once ended is closed
}

// start runs a server on free ports, with options beyond those.
func start(t *testing.T, options ...string) *node {
	t.Helper()
	n := launch(t, options...)
	t.Cleanup(func() { _ = n.end() })
	select {
	case <-n.ended:
		t.Fatalf("the server ended: %v\n%s", n.err, n.stderr)
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not start")
	case <-n.started():
	}
	return n
}

// launch is start without waiting.
func launch(t *testing.T, options ...string) *node {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	args := append([]string{"-listen", "127.0.0.1:0", "-internal", "127.0.0.1:0", "-data", data}, options...)
	var env []string
	if secret := os.Getenv("HONGYAN_BUS_SECRET"); secret != "" { // of a test with several nodes
		env = []string{"HONGYAN_BUS_SECRET=" + secret}
	}
	c, err := config.Load(args, env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &node{t: t, data: c.Data, stdout: newBuffer(), stderr: newBuffer(), stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(n.ended)
		n.err = serve(ctx, c, n.stdout, n.stderr, func(public, internal net.Addr) {
			n.public = "http://" + public.String()
			if internal != nil {
				n.internal = "http://" + internal.String()
			}
			n.stdout.close()
		})
	}()
	return n
}

// started is closed once the addresses are known.
func (n *node) started() <-chan struct{} { return n.stdout.closed }

// end stops the server as SIGTERM does and gives what serve returned.
func (n *node) end() error {
	n.stop()
	<-n.ended
	return n.err
}

func (n *node) get(url string) (int, string) {
	n.t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	r, err := client.Get(url)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// await asks until the status is the one wanted.
func (n *node) await(url string, status int) {
	n.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		got, body := n.get(url)
		if got == status {
			return
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("%s stays %d %s, want %d\n%s", url, got, body, status, n.stderr)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu     sync.Mutex
	b      bytes.Buffer
	once   sync.Once
	closed chan struct{}
}

func newBuffer() *buffer { return &buffer{closed: make(chan struct{})} }

func (b *buffer) close() { b.once.Do(func() { close(b.closed) }) }

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestStartsServesAndDrains(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		n := start(t, "-db", source)
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200} {
			if got, body := n.get(n.internal + path); got != want {
				t.Errorf("internal %s: %d %s", path, got, body)
			}
		}
		for _, path := range []string{"/metrics", "/healthz", "/readyz", "/debug/pprof/", "/debug/vars", "/channel/set", "/admin", "/.git/config", "/go.mod", "/data/hongyan.db"} {
			if got, _ := n.get(n.public + path); got != 404 {
				t.Errorf("public %s: %d, want 404", path, got)
			}
		}
		for _, want := range []string{n.public, n.internal, n.data, "plain HTTP", "files and sockets"} {
			if !strings.Contains(n.stdout.String(), want) {
				t.Errorf("start-up does not say %q:\n%s", want, n.stdout)
			}
		}
		if err := n.end(); err != nil {
			t.Errorf("drain: %v", err)
		}
		if !strings.Contains(n.stderr.String(), "stopped") {
			t.Errorf("the log does not tell of the end:\n%s", n.stderr)
		}
	})
}

// fails runs a command that must fail, and gives its error.
func fails(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := run(ctx, args, env, &out, io.Discard)
	if err == nil || ctx.Err() != nil {
		t.Fatalf("%q did not fail at once: %v\n%s", args, err, &out)
	}
	return err.Error()
}

func TestSecondStartFailsAtOnce(t *testing.T) {
	n := start(t)
	port, internal := strings.TrimPrefix(n.public, "http://"), strings.TrimPrefix(n.internal, "http://")
	elsewhere := func() string { return filepath.Join(t.TempDir(), "data") }
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"folder":   {[]string{"-listen", "127.0.0.1:0", "-internal", "127.0.0.1:0", "-data", n.data}, "in use by another hongyan"},
		"database": {[]string{"-listen", "127.0.0.1:0", "-internal", "", "-data", elsewhere(), "-db", "sqlite:" + n.data + "/hongyan.db"}, "in use by another hongyan"},
		"public":   {[]string{"-listen", port, "-internal", "127.0.0.1:0", "-data", elsewhere()}, "public address"},
		"internal": {[]string{"-listen", "127.0.0.1:0", "-internal", internal, "-data", elsewhere()}, "internal address"},
	} {
		if got := fails(t, nil, c.args...); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q does not say %q", name, got, c.want)
		}
	}
	if got, _ := n.get(n.internal + "/readyz"); got != 200 {
		t.Errorf("the first server suffered: %d", got)
	}
}

func TestAllConfigurationFaultsAtOnce(t *testing.T) {
	got := fails(t, []string{"HONGYAN_LIMITS=perhaps"}, "-listen", "8080", "-lgo", "json", "-bus", "redis://h:4222")
	for _, want := range []string{"listen:", "-lgo", "bus:", "limits:", "HONGYAN_LIMITS"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not name %s", got, want)
		}
	}
}

func TestConfigCheckNamesEveryFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hongyan.toml")
	if err := os.WriteFile(file, []byte("listn = \":1\"\nlimits = \"perhaps\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := fails(t, nil, "config", "check", "-config", file, "-log", "xml")
	for _, want := range []string{"listn: unknown key", "limits:", "log:"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not name %s", got, want)
		}
	}
	for _, c := range []string{"config check", "serve"} { // the bus knows its own faults
		got := fails(t, []string{"HONGYAN_BUS_SECRET=short"}, append(strings.Fields(c), "-bus", "udp://127.255.255.255:3000")...)
		if !strings.Contains(got, "at least 16 characters") {
			t.Errorf("%s says %q", c, got)
		}
	}
}

func TestUnknownCommandListsThoseThereAre(t *testing.T) {
	got := fails(t, nil, "serv", "-listen", ":1")
	for _, c := range commands(nil) {
		if !strings.Contains(got, c.name) {
			t.Errorf("%q does not name %s", got, c.name)
		}
	}
}

func TestSmallCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"version"}, "hongyan " + version},
		{[]string{"-version"}, "hongyan " + version},
		{[]string{"--version"}, "hongyan " + version},
		{[]string{"config", "check", "-log", "json"}, "good"},
		{[]string{"-help"}, "-listen HOST:PORT"},
		{[]string{"help"}, "doctor"},
		{[]string{"config", "print", "-db", "mysql://u:hunter2@h/d"}, `db = "mysql://u:xxxxx@h/d"`},
		{[]string{"doctor", "-data", data, "-listen", "127.0.0.1:0", "-internal", ""}, "ok     database"},
	} {
		var out bytes.Buffer
		if err := run(context.Background(), c.args, nil, &out, io.Discard); err != nil {
			t.Errorf("%q: %v", c.args, err)
		}
		if !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), "hunter2") {
			t.Errorf("%q prints\n%s", c.args, &out)
		}
	}
}

func TestDoctorFindsFaults(t *testing.T) {
	n := start(t)
	var out bytes.Buffer
	err := run(context.Background(), []string{"doctor", "-data", n.data, "-listen", strings.TrimPrefix(n.public, "http://"),
		"-internal", "", "-db", "mysql://u:p@127.0.0.1:1/d"}, nil, &out, io.Discard)
	if err == nil || strings.Count(out.String(), "FAULT") != 3 {
		t.Errorf("doctor says %v:\n%s", err, &out)
	}
}

func TestUnreadableDatabase(t *testing.T) {
	folder := t.TempDir()
	garbage := filepath.Join(folder, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{"garbage": garbage, "folder": folder, "nowhere": filepath.Join(folder, "a", "b", "c.db")} {
		got := fails(t, nil, "-listen", "127.0.0.1:0", "-internal", "", "-data", filepath.Join(t.TempDir(), "data"), "-db", "sqlite:"+source)
		if !strings.Contains(got, source) {
			t.Errorf("%s: %q does not name the file", name, got)
		}
	}
}

// TestDatabaseAwayAtStart is P53: not ready, but alive and polite, until the
// database works.
func TestDatabaseAwayAtStart(t *testing.T) {
	source := dbtest.MySQL(t)
	server := strings.Split(strings.SplitAfter(source, "@")[1], "/")[0]
	var binder net.ListenConfig
	door, err := binder.Listen(t.Context(), "tcp", "127.0.0.1:0") // found free, then closed
	if err != nil {
		t.Fatal(err)
	}
	address := door.Addr().String()
	if err := door.Close(); err != nil {
		t.Fatal(err)
	}
	n := start(t, "-db", strings.Replace(source, server, address, 1))
	if got, _ := n.get(n.internal + "/readyz"); got != 503 {
		t.Errorf("readyz is %d, want 503", got)
	}
	if got, _ := n.get(n.internal + "/healthz"); got != 200 {
		t.Errorf("healthz is %d, want 200", got)
	}
	if got, body := n.get(n.public + "/user/me"); got != 503 || !strings.Contains(body, `"error":"unavailable"`) {
		t.Errorf("a request got %d %s", got, body)
	}
	relay(t, address, server)
	defer func() { _ = n.end() }() // before the relay, whose connections it holds
	n.await(n.internal+"/readyz", 200)
	if got, _ := n.get(n.public + "/absent"); got != 404 {
		t.Errorf("after the database is back: %d", got)
	}
}

// relay lets address lead to target from now on.
func relay(t *testing.T, address, target string) {
	t.Helper()
	var binder net.ListenConfig
	l, err := binder.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = in.Close() }()
				var dialer net.Dialer
				out, err := dialer.DialContext(context.Background(), "tcp", target)
				if err != nil {
					return
				}
				defer func() { _ = out.Close() }()
				all.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
				_, _ = io.Copy(in, out)
			})
		}
	})
}

// TestVersionNeedsNoConfiguration: the version is asked for when something is wrong.
func TestVersionNeedsNoConfiguration(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), []string{"version"}, []string{"HONGYAN_LIMITS=perhaps"}, &out, io.Discard); err != nil || !strings.Contains(out.String(), version) {
		t.Errorf("%v: %q", err, &out)
	}
}

func TestFlagOfHelpIsNoFault(t *testing.T) {
	if err := run(context.Background(), []string{"serve", "-h"}, nil, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	if err := run(context.Background(), []string{"-x"}, nil, io.Discard, io.Discard); !errors.Is(err, errUsage) {
		t.Errorf("%v is not marked as a matter of usage", err)
	}
}
