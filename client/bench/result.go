package bench

import (
	"context"
	"runtime"
	"time"
)

// Result is what one step on one server gave. What could not be measured is
// zero and left out.
type Result struct {
	Test        string  `json:"test"`
	Server      string  `json:"server"`
	Load        string  `json:"load,omitempty"`
	Connections int     `json:"connections,omitempty"`
	Seconds     float64 `json:"seconds,omitempty"`

	Sent      int `json:"sent,omitempty"`      // within the measured time
	TotalSent int `json:"totalSent,omitempty"` // with what was before and after
	Delivered int `json:"delivered,omitempty"`
	Acked     int `json:"acked,omitempty"`
	Missing   int `json:"missing"`
	Doubled   int `json:"doubled"` // or out of order
	Gone      int `json:"gone"`    // sockets that the server closed

	Faults map[string]int `json:"faults,omitempty"` // what went wrong, how often

	PerSecond       float64 `json:"perSecond,omitempty"`       // deliveries
	ServerMicros    float64 `json:"serverMicros,omitempty"`    // of a processor for each delivery
	DatabaseMicros  float64 `json:"databaseMicros,omitempty"`  // the same of the database
	GeneratorMicros float64 `json:"generatorMicros,omitempty"` // the same of this program
	Cores           float64 `json:"cores,omitempty"`           // that the server kept busy
	PerRead         float64 `json:"perRead,omitempty"`         // messages that one read of a client brought

	P50  float64 `json:"p50,omitempty"` // milliseconds
	P99  float64 `json:"p99,omitempty"`
	P999 float64 `json:"p999,omitempty"`
	Max  float64 `json:"max,omitempty"`

	MemoryBytes   int64   `json:"memoryBytes,omitempty"`   // resident, at the end
	PerSocket     float64 `json:"perSocket,omitempty"`     // bytes of resident memory that a socket added
	HeapPerSocket float64 `json:"heapPerSocket,omitempty"` // the same of the Go heap, garbage included
	ConnectMillis float64 `json:"connectMillis,omitempty"` // of a processor for each socket
	ConnectTotal  float64 `json:"connectTotal,omitempty"`  // seconds until all were attached
	BusBytes      float64 `json:"busBytes,omitempty"`      // that crossed between nodes for a message, beats left out
	Resyncs       int     `json:"resyncs,omitempty"`       // sockets that the server told to read the store
	SlowClosed    int     `json:"slowClosed,omitempty"`    // sockets that it closed as too slow
	LongestPause  float64 `json:"longestPause,omitempty"`  // milliseconds, of the last 256 collections

	latencies *Latencies
}

// newResult is what happened between two looks.
func newResult(t *target, before, after usage, late *Latencies) *Result {
	seconds := after.at.Sub(before.at).Seconds()
	r := &Result{
		Server: t.name, Seconds: seconds,
		Delivered: int(after.delivered - before.delivered), Acked: int(after.acked - before.acked),
	}
	if seconds > 0 {
		r.PerSecond = float64(r.Delivered) / seconds
		r.Cores = (after.server - before.server).Seconds() / seconds
	}
	if n := float64(r.Delivered); n > 0 {
		each := func(a, b time.Duration) float64 { return float64((b - a).Microseconds()) / n }
		r.ServerMicros = each(before.server, after.server)
		r.DatabaseMicros = each(before.database, after.database)
		r.GeneratorMicros = each(before.own, after.own)
	}
	if reads := after.reads - before.reads; reads > 0 {
		r.PerRead = float64(r.Delivered) / float64(reads)
	}
	r.take(late)
	return r
}

// take keeps latencies and what is shown of them.
func (r *Result) take(late *Latencies) {
	r.latencies = late
	if late != nil && late.count() > 0 {
		r.P50, r.P99, r.P999, r.Max = millis(late.at(.5)), millis(late.at(.99)), millis(late.at(.999)), millis(late.max)
	}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// memory adds what the server uses, and how long its collector stopped it.
func (r *Result) memory(ctx context.Context, t *target) {
	r.MemoryBytes = residentMemory(t.pids.server)
	if t.metrics == nil {
		return
	}
	values, err := t.metrics(ctx)
	if err != nil {
		r.fault(err.Error())
		return
	}
	r.LongestPause = 1000 * values[metricPause]
	r.Resyncs, r.SlowClosed = int(values[metricResyncs]), int(values[metricSlow])
	if r.MemoryBytes == 0 {
		r.MemoryBytes = int64(values[metricMemory])
	}
}

func (r *Result) fault(what string) {
	if r.Faults == nil {
		r.Faults = map[string]int{}
	}
	r.Faults[what]++
}

// Machine is where it was measured.
type Machine struct {
	Processor  string `json:"processor"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory"` // bytes
	System     string `json:"system"`
	Go         string `json:"go"`
	Measurable bool   `json:"measurable"` // use of the processor and of memory
}

func thisMachine() Machine {
	processor, memory, system := hardware()
	return Machine{processor, runtime.NumCPU(), memory, system, runtime.Version(), measurable}
}

// Report is a whole run.
type Report struct {
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Store   string    `json:"store"`
	Machine Machine   `json:"machine"`
	Results []*Result `json:"results"`
	Goals   []Goal    `json:"goals,omitempty"`
}
