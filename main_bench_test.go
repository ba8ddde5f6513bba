package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"hongyan/client/bench"
	"hongyan/service/db/dbtest"
)

// benchmark runs "hongyan bench" in this process; its servers are children of
// it, and their folders lie where the test sees whether they go.
func benchmark(ctx context.Context, t *testing.T, line string) (stdout, stderr string, err error) {
	t.Helper()
	t.Setenv(asProduct, "1")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	out, log := newBuffer(), newBuffer()
	err = run(ctx, append([]string{"bench"}, strings.Fields(line)...), nil, out, log)
	left, fault := os.ReadDir(temp)
	if fault != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, fault)
	}
	return out.String(), log.String(), err
}

const tinyLoad = " -sockets 30 -members 10 -pairs 5 -messages 300 -for 200ms -warm 50ms -settle 50ms"

// The whole generator with a handful of people: every test runs, nothing that
// was sent is missing, and the report, the figures and the picture are there.
func TestBenchAll(t *testing.T) {
	apart(t)
	folder := t.TempDir()
	figures, picture := filepath.Join(folder, "figures.json"), filepath.Join(folder, "picture.svg")
	stdout, stderr, err := benchmark(t.Context(), t, "all -against none -json "+figures+" -svg "+picture+tinyLoad)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	text, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, r := range report.Results {
		seen[r.Test]++
		if r.Missing != 0 || r.Doubled != 0 || r.Gone != 0 || len(r.Faults) > 0 {
			t.Errorf("%s %s: %+v", r.Test, r.Load, r)
		}
		if !strings.Contains(stdout, r.Load) {
			t.Errorf("%s %s is not in the report:\n%s", r.Test, r.Load, stdout)
		}
	}
	for test, want := range map[string]int{"idle": 2, "storm": 1, "herd": 1, "fanout": 3, "frozen": 2, "pairs": 2, "restart": 2} {
		if seen[test] != want {
			t.Errorf("%d results of %s, want %d", seen[test], test, want)
		}
	}
	if svg, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(svg), "<svg") {
		t.Errorf("the picture: %.40q, %v", svg, err)
	}
}

// TestBenchAgainstTheLeast: what stores and acknowledges, and does no more, is
// measured beside the product.
func TestBenchAgainstTheLeast(t *testing.T) {
	apart(t)
	if runtime.GOOS != "linux" {
		t.Skip("the limit is one of epoll")
	}
	stdout, stderr, err := benchmark(t.Context(), t, "pairs -against stored"+tinyLoad)
	if err != nil || !strings.Contains(stdout, "\npairs  stored") {
		t.Errorf("%v\n%s\n%s", err, stdout, stderr)
	}
}

func TestBenchOnMySQL(t *testing.T) {
	apart(t)
	source := dbtest.MySQL(t)
	stdout, stderr, err := benchmark(t.Context(), t, "pairs -against none -db "+source+tinyLoad)
	if err != nil || !strings.Contains(stdout, "W=16") || strings.Contains(stdout, "MISSING") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	// What is there now is not to be mixed with a load test.
	_, _, err = benchmark(t.Context(), t, "pairs -against none -db "+source+tinyLoad)
	if err == nil || !strings.Contains(err.Error(), "has accounts") {
		t.Errorf("a store with accounts: %v", err)
	}
}

// Nodes as processes of their own, joined by each bus: nothing is lost between
// them, and what crosses is told.
func TestBenchCluster(t *testing.T) {
	apart(t)
	stdout, stderr, err := benchmark(t.Context(), t, "cluster -nodes 2 -rate 100 -db "+dbtest.MySQL(t)+tinyLoad)
	if err != nil || strings.Contains(stdout, "MISSING") || strings.Contains(stdout, "DOUBLED") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	for _, want := range []string{"1 node ", "1 node, nats", "1 node, udp", "2 nodes, nats", "2 nodes, udp", "100/s, two nodes", "bytes of the bus a message", "× that on one"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the report does not say %q:\n%s", want, stdout)
		}
	}
	stdout, stderr, err = benchmark(t.Context(), t, "herd -nodes 2 -against none -db "+dbtest.MySQL(t)+tinyLoad)
	if err != nil || strings.Contains(stdout, "MISSING") || !strings.Contains(stdout, "2 nodes, nats") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
}

// A server that runs already is measured through its public address alone.
func TestBenchOfARunningServer(t *testing.T) {
	apart(t)
	n := start(t, "-limits", "off")
	stdout, stderr, err := benchmark(t.Context(), t, "fanout -against none -addr "+n.public+" -internal "+n.internal+tinyLoad)
	if err != nil || !strings.Contains(stdout, "W=64") || strings.Contains(stdout, "MISSING") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	apart(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + ln.Addr().String()
	_ = ln.Close()
	limited := start(t)
	for line, want := range map[string]string{
		"pairs -addr " + nobody:                                          "there is no server at",
		"idle -against none -sockets 70 -addr " + limited.public:         "-limits off",
		"pairs -addr " + limited.public + " -internal " + nobody:         "the internal address does not answer",
		"pairs -addr " + limited.public + " -internal " + limited.public: "the internal address answers 404",
		"cluster": "need a database that they share",
		"pairs -db mysql://nobody@127.0.0.1:1/none":                       "preparing:",
		"pairs -against none -svg /no/such/folder/picture.svg" + tinyLoad: "/no/such/folder",
	} {
		_, stderr, err := benchmark(t.Context(), t, line)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q\n%s", line, err, want, stderr)
		}
	}
	if _, _, err := benchmark(t.Context(), t, "everything"); !errors.Is(err, errUsage) {
		t.Errorf("a test that is none: %v", err)
	}
	if stdout, _, err := benchmark(t.Context(), t, "-help"); err != nil || !strings.Contains(stdout, "-sockets") {
		t.Errorf("-help: %v\n%s", err, stdout)
	}
}

// Ctrl+C ends the servers and takes their data away.
func TestBenchIsInterrupted(t *testing.T) {
	apart(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := time.AfterFunc(3*time.Second, cancel) // wherever it is then
	defer began.Stop()
	_, stderr, err := benchmark(ctx, t, "all -for 1h"+strings.ReplaceAll(tinyLoad, "-for 200ms", ""))
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("%v\n%s", err, stderr)
	}
}
