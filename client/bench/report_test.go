package bench

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

// sample is a report of two rounds, whose figures are made up.
func sample() *Report {
	r := &Report{
		Version: "1.2.3", At: time.Date(2026, 11, 21, 8, 50, 0, 0, time.UTC), Store: "SQLite, synchronous=FULL",
		Machine: Machine{Processor: "A processor", Cores: 2, Memory: 8 << 30, System: "Linux 6", Go: "go1.26", Measurable: true},
	}
	for round := range 3 {
		for i, server := range []string{serverOurs, serverLimit, serverCoalesce, serverGorilla} {
			for _, load := range []string{"20/s", "W=1", "W=64"} {
				late := newLatencies()
				for n := range 2000 {
					late.add(time.Duration(n*(i+1)) * time.Microsecond)
				}
				one := &Result{Test: testFanout, Server: server, Load: load, PerSecond: 20_000, ServerMicros: float64(5 + i + round), MemoryBytes: 40 << 20}
				one.take(late)
				r.Results = append(r.Results, one)
			}
		}
	}
	r.Results = append(r.Results,
		&Result{Test: testIdle, Server: serverOurs, Connections: 15_000, PerSocket: 4_400, ConnectMillis: .14, ConnectTotal: 12, Missing: 1, Faults: map[string]int{"resync": 2}},
		&Result{Test: testPairs, Server: serverOurs, Load: "W=1", PerSecond: 31_000, ServerMicros: 40, P99: 25, Doubled: 1, Gone: 3})
	return r
}

func TestReport(t *testing.T) {
	r := sample()
	o := &options{sockets: goalSockets, members: goalMembers, pairs: goalPairs, body: goalBody}
	r.judge(o)
	text := r.text()
	for _, want := range []string{
		"Hongyan 1.2.3, 2026-11-21 08:50 UTC", "A processor, 2 cores, 8 GiB", "4400 bytes a socket", "1 MISSING", "2× resync",
		"1 DOUBLED OR OUT OF ORDER", "3 closed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	reached := map[string]bool{}
	for _, g := range r.Goals {
		reached[g.What+" "+g.Wanted] = g.Reached
	}
	for what, want := range map[string]bool{
		"memory of an idle socket ≤ 4.5 kB":      true,
		"fan-out, 20/s: CPU ≤ 1.15 × limit":      true, // 6 against 7
		"fan-out, 20/s: CPU ≤ 0.77 × gorilla":    true, // 6 against 9
		"one to one, W=1 ≥ 30000 /s":             true,
		"one to one, W=1: p99 ≤ 20 ms":           false,
		"fan-out, W=64: CPU ≤ 2.6 × coalesce":    true,
		"connect and authenticate ≤ 0.15 ms CPU": true,
		"15000 connect ≤ 20 s":                   true,
		"one to one, W=1: CPU ≤ 45 µs":           true,
		"fan-out, W=1: CPU ≤ 1.35 × limit":       true,
		"fan-out, 20/s: p99 ≤ 1.35 × limit":      true,
	} {
		if got, judged := reached[what]; !judged || got != want {
			t.Errorf("%q: judged %v, reached %v", what, judged, got)
		}
	}
	if len(reached) != 11 {
		t.Errorf("%d goals: %v", len(reached), reached)
	}
	r.Goals, o.members, o.sockets, o.pairs = nil, 10, 10, 10
	if r.judge(o); len(r.Goals) > 0 {
		t.Errorf("a small run was judged: %v", r.Goals)
	}
}

func TestMediansOfRounds(t *testing.T) {
	for _, one := range sample().medians() {
		if one.Test == testFanout && one.Server == serverOurs && (one.ServerMicros != 6 || one.latencies.count() != 6000) {
			t.Errorf("%+v with %d latencies", one, one.latencies.count())
		}
	}
}

// update writes the golden picture anew: look at it then.
func update() bool { return flag.Lookup("test.run").Value.String() == "UpdateGolden" }

func TestPlot(t *testing.T) { comparePlot(t, update()) }

func TestUpdateGolden(t *testing.T) {
	if !update() {
		t.Skip("go test ./client/bench -run UpdateGolden draws testdata/plot.svg anew")
	}
	comparePlot(t, true)
}

func comparePlot(t *testing.T, write bool) {
	t.Helper()
	const path = "testdata/plot.svg"
	got := sample().plot()
	if write {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("the picture differs from testdata/plot.svg")
	}
	if empty := new(Report).plot(); !strings.HasSuffix(empty, "</svg>\n") {
		t.Errorf("a picture of nothing: %s", empty)
	}
}
