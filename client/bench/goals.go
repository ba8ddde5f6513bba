package bench

import (
	"fmt"
	"strings"
)

// Goal is one line of the table of goals.
type Goal struct {
	What     string `json:"what"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Reached  bool   `json:"reached"`
}

// judge holds the results against the goals that the run has figures for. Loads
// and sizes other than the goals' own are not judged.
func (r *Report) judge(o *options) {
	j := &judge{report: r, of: map[key]*Result{}}
	for _, one := range r.medians() {
		j.of[key{one.Test, one.Server, one.Load}] = one
	}
	if o.sockets >= goalSockets {
		j.idle()
	}
	if o.members == goalMembers && o.body == goalBody {
		j.fanout()
		j.frozen()
	}
	if o.pairs == goalPairs && o.body == goalBody {
		j.pairs(o.db != "", o.dbPID != 0)
	}
	j.restart(o)
	j.cluster()
}

// The sizes that the goals speak of.
const (
	goalSockets  = 15_000
	goalMembers  = 1_000
	goalPairs    = 200
	goalBody     = 128
	goalMessages = 1_000_000
)

type judge struct {
	report *Report
	of     map[key]*Result
}

func (j *judge) add(what, unit string, value, most float64) {
	j.report.Goals = append(j.report.Goals, Goal{
		What: what, Wanted: fmt.Sprintf("≤ %g %s", most, unit), Measured: number(value) + " " + unit, Reached: value <= most && value > 0,
	})
}

func (j *judge) atLeast(what, unit string, value, least float64) {
	j.report.Goals = append(j.report.Goals, Goal{
		What: what, Wanted: fmt.Sprintf("≥ %g %s", least, unit), Measured: number(value) + " " + unit, Reached: value >= least,
	})
}

func (j *judge) idle() {
	if r := j.of[key{testIdle, serverOurs, ""}]; r != nil {
		j.add("memory of an idle socket", "kB", r.PerSocket/1000, 4.5)
		j.add("connect and authenticate", "ms CPU", r.ConnectMillis, 0.15)
		j.add(fmt.Sprintf("%d connect", r.Connections), "s", r.ConnectTotal, 20)
	}
	for k, r := range j.of {
		if k.test == testIdle && k.server == serverOurs && k.load != "" {
			j.add("longest stop of the collector, with those sockets", "ms", r.LongestPause, 10)
		}
	}
	for k, r := range j.of {
		if k.test == testHerd {
			j.add(fmt.Sprintf("%d cut off, back and in step (%s)", r.Connections, r.Server), "s", r.ConnectTotal, 30)
		}
	}
}

func (j *judge) fanout() {
	ratio := func(load, against, what string, most float64, of func(*Result) float64) {
		ours, other := j.of[key{testFanout, serverOurs, load}], j.of[key{testFanout, against, load}]
		if ours != nil && other != nil && of(other) > 0 {
			j.add(fmt.Sprintf("fan-out, %s: %s", load, what), "× "+against, of(ours)/of(other), most)
		}
	}
	cost := func(r *Result) float64 { return r.ServerMicros }
	p99 := func(r *Result) float64 { return r.P99 }
	ratio("20/s", serverLimit, "CPU", 1.15, cost)
	ratio("20/s", serverGorilla, "CPU", 0.77, cost)
	ratio("20/s", serverLimit, "p99", 1.35, p99)
	ratio("W=1", serverLimit, "CPU", 1.35, cost)
	ratio("W=64", serverCoalesce, "CPU", 2.6, cost)
}

func (j *judge) frozen() {
	for k, calm := range j.of {
		if k.test != testFrozen {
			continue
		}
		if cold := j.of[key{testFrozen, k.server, frozenLoad(k.load)}]; cold != nil && cold != calm && calm.P99 > 0 {
			j.add("1 % frozen: the others' p99", "× without", cold.P99/calm.P99, 1.1)
		}
	}
}

func (j *judge) pairs(mysql, database bool) {
	for _, goal := range []struct {
		load                   string
		rate, cost, p99, least float64
	}{{"W=1", 30_000, 45, 20, 2}, {"W=16", 50_000, 25, 100, 1.7}} {
		r := j.of[key{testPairs, serverOurs, goal.load}]
		switch {
		case r == nil:
		case mysql && goal.load == "W=1":
			j.atLeast("one to one on MySQL, W=1", "/s", r.PerSecond, 25_000)
			if database {
				j.add("one to one on MySQL, W=1: server and database", "µs", r.ServerMicros+r.DatabaseMicros, 60)
			}
		case !mysql:
			j.atLeast("one to one, "+goal.load, "/s", r.PerSecond, goal.rate)
			j.add("one to one, "+goal.load+": CPU", "µs", r.ServerMicros, goal.cost)
			j.add("one to one, "+goal.load+": p99", "ms", r.P99, goal.p99)
			if least := j.of[key{testPairs, serverStored, goal.load}]; least != nil && least.ServerMicros > 0 {
				j.add("one to one, "+goal.load+": CPU", "× "+serverStored, r.ServerMicros/least.ServerMicros, goal.least)
			}
		}
	}
}

func (j *judge) restart(o *options) {
	if r := j.of[key{testRestart, serverOurs, restartLoad}]; r != nil && o.messages >= goalMessages {
		j.add(fmt.Sprintf("restart with %d messages to the first ack", o.messages), "s", r.ConnectTotal, 2)
	}
}

// cluster holds messages between two nodes against those on one, and what
// crosses for a message in the largest cluster against that in one of two.
func (j *judge) cluster() {
	small := formation{busNATS, 2}
	for k, far := range j.of {
		load, ok := strings.CutSuffix(k.load, ", "+across)
		if k.test != testCluster || k.server != small.String() || !ok {
			continue
		}
		if near := j.of[key{testCluster, k.server, load + ", " + together}]; near != nil && near.P99 > 0 {
			j.add("nats, two nodes, "+load+": p99", "× that on one", far.P99/near.P99, 3)
		}
		if large := j.of[key{testCluster, formation{busNATS, 8}.String(), k.load}]; large != nil && far.BusBytes > 0 {
			j.add("nats, 8 nodes, "+load+": bytes a message", "× those with 2", large.BusBytes/far.BusBytes, 1.1)
		}
	}
}
