package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// key names what may be compared between rounds.
type key struct{ test, server, load string }

// medians gives one result for each step and server: every figure is the median
// of the rounds, every count of what went wrong the sum.
func (r *Report) medians() []*Result {
	var order []key
	rounds := map[key][]*Result{}
	for _, one := range r.Results {
		k := key{one.Test, one.Server, one.Load}
		if rounds[k] == nil {
			order = append(order, k)
		}
		rounds[k] = append(rounds[k], one)
	}
	list := make([]*Result, len(order))
	for i, k := range order {
		list[i] = merge(rounds[k])
	}
	return list
}

func merge(rounds []*Result) *Result {
	merged := *rounds[0]
	for _, figure := range figures() {
		values := make([]float64, len(rounds))
		for i, one := range rounds {
			values[i] = *figure(one)
		}
		slices.Sort(values)
		*figure(&merged) = values[len(values)/2]
	}
	merged.Faults = map[string]int{}
	merged.Missing, merged.Doubled, merged.Gone = 0, 0, 0
	for _, one := range rounds {
		merged.Missing += one.Missing
		merged.Doubled += one.Doubled
		merged.Gone += one.Gone
		merged.LongestPause = max(merged.LongestPause, one.LongestPause)
		for what, n := range one.Faults {
			merged.Faults[what] += n
		}
		if one != rounds[0] && merged.latencies != nil && one.latencies != nil {
			sum := newLatencies()
			sum.merge(merged.latencies)
			sum.merge(one.latencies)
			merged.latencies = sum
		}
	}
	return &merged
}

// figures are those of a result of which a median is one.
func figures() []func(*Result) *float64 {
	return []func(*Result) *float64{
		func(r *Result) *float64 { return &r.Seconds }, func(r *Result) *float64 { return &r.PerSecond },
		func(r *Result) *float64 { return &r.ServerMicros }, func(r *Result) *float64 { return &r.DatabaseMicros },
		func(r *Result) *float64 { return &r.GeneratorMicros }, func(r *Result) *float64 { return &r.Cores },
		func(r *Result) *float64 { return &r.PerRead },
		func(r *Result) *float64 { return &r.P50 }, func(r *Result) *float64 { return &r.P99 },
		func(r *Result) *float64 { return &r.P999 }, func(r *Result) *float64 { return &r.Max },
		func(r *Result) *float64 { return &r.PerSocket }, func(r *Result) *float64 { return &r.HeapPerSocket },
		func(r *Result) *float64 { return &r.ConnectMillis }, func(r *Result) *float64 { return &r.ConnectTotal },
		func(r *Result) *float64 { return &r.BusBytes },
	}
}

// text is the report as people read it.
func (r *Report) text() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "Hongyan %s, %s\n%s, %d cores, %.0f GiB, %s, %s; store: %s\n\n",
		r.Version, r.At.Format("2006-01-02 15:04 MST"), m.Processor, m.Cores, float64(m.Memory)/(1<<30), m.System, m.Go, r.Store)
	if !m.Measurable {
		b.WriteString("What other processes use is not available on this system.\n\n")
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "test\tserver\tload\t/s\tµs each\tdb µs\town µs\tp50 ms\tp99\tp99.9\tmax\tMiB\tGC ms\twhat else")
	for _, one := range r.medians() {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.Test, one.Server, one.Load,
			number(one.PerSecond), number(one.ServerMicros), number(one.DatabaseMicros), number(one.GeneratorMicros),
			number(one.P50), number(one.P99), number(one.P999), number(one.Max),
			number(float64(one.MemoryBytes)/(1<<20)), number(one.LongestPause), one.notes())
	}
	_ = w.Flush() // a strings.Builder takes everything
	if len(r.Goals) > 0 {
		b.WriteString("\n")
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "goal\twanted\tmeasured\treached")
		for _, g := range r.Goals {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", g.What, g.Wanted, g.Measured, map[bool]string{true: "yes", false: "NO"}[g.Reached])
		}
		_ = w.Flush() // as above
	}
	return b.String()
}

// number shows three digits; nothing for what was not measured.
func number(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// notes are what only some tests have, and what went wrong.
func (r *Result) notes() string {
	var list []string
	note := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if r.PerSocket != 0 {
		note("%.0f bytes a socket", r.PerSocket)
	}
	if r.HeapPerSocket != 0 {
		note("%.0f of them in Go's heap and stacks", r.HeapPerSocket)
	}
	if r.ConnectMillis != 0 {
		note("%.3f ms CPU a connect", r.ConnectMillis)
	}
	if r.ConnectTotal != 0 && r.Connections > 0 {
		note("%d in %.2f s", r.Connections, r.ConnectTotal)
	}
	if r.BusBytes >= 1 {
		note("%.0f bytes of the bus a message", r.BusBytes)
	}
	if r.PerRead > 1.05 {
		note("%.1f a read", r.PerRead)
	}
	if r.Missing > 0 {
		note("%d MISSING", r.Missing)
	}
	if r.Doubled > 0 {
		note("%d DOUBLED OR OUT OF ORDER", r.Doubled)
	}
	if r.Resyncs > 0 || r.SlowClosed > 0 {
		note("%d told to read the store, %d closed as too slow", r.Resyncs, r.SlowClosed)
	}
	if r.Gone > 0 {
		note("%d closed", r.Gone)
	}
	for _, what := range slices.Sorted(maps.Keys(r.Faults)) {
		note("%d× %s", r.Faults[what], what)
	}
	return strings.Join(list, ", ")
}

func (r *Report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // figures for everybody
}
