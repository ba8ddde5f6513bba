package bench

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrUsage marks what is wrong with the command line.
var ErrUsage = errors.New("see hongyan bench -help")

// options are the command line of one run.
type options struct {
	test string // one of tests, or "all"

	sockets  int // of idle, storm and herd
	members  int // of the group of fanout, frozen and herd
	pairs    int
	messages int // that are there at a restart
	body     int // bytes of text

	rates   []float64 // messages a second, by a schedule
	windows []int     // messages under way, each one's end sending the next
	length  time.Duration
	warm    time.Duration
	settle  time.Duration
	repeat  int
	against []string

	nodes int    // of herd; of cluster the most
	bus   string // of herd

	db       string
	dbPID    int
	addr     string
	pid      int
	internal string
	keyFile  string
	key      string

	json, svg string
}

// Tests, in the order in which "all" runs them.
const (
	testIdle    = "idle"
	testStorm   = "storm"
	testHerd    = "herd"
	testFanout  = "fanout"
	testFrozen  = "frozen"
	testPairs   = "pairs"
	testRestart = "restart"
	testCluster = "cluster" // not of "all": it wants a database that several may use
	testAll     = "all"
)

func tests() []string {
	return []string{testIdle, testStorm, testHerd, testFanout, testFrozen, testPairs, testRestart, testCluster}
}

// Servers that are measured in the same run.
const (
	serverOurs     = "hongyan"
	serverLimit    = "limit"
	serverCoalesce = "coalesce"
	serverStored   = "stored"
	serverGorilla  = "gorilla"
)

const usageText = `Measures a server of its own, or one that runs already, from outside.

  hongyan bench TEST [options]

  idle      what a socket costs that only waits, and what connecting costs
  storm     everybody connects at once
  herd      everybody is cut off at once, comes back and reads what was missed
  fanout    a group: by a schedule, and with so many messages under way
  frozen    a group of which one in a hundred does not read
  pairs     one to one, stored before it is acknowledged
  restart   killed with many messages stored: when is the next one acknowledged?
  cluster   one to one on one node, and on several joined by each bus (needs -db)
  all       all of them but cluster, and the table of goals

  hongyan bench limit -mode epoll|coalesce|stored|gorilla [-listen ADDRESS]
            what the figures are held against, as a server: one write for each
            delivery and nothing else; the same with what one read brought joined;
            the same with a row in SQLite first and an ack; a room as
            gorilla/websocket's example builds one

Options:

`

// parse reads the command line after "bench".
func parse(args []string, stdout io.Writer) (*options, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("bench: which test? There are: %s, %s\n%w", strings.Join(tests(), ", "), testAll, ErrUsage)
	}
	o := &options{test: args[0]}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are returned
	against, rates, windows := o.define(f)
	if o.test == "help" || strings.HasPrefix(o.test, "-h") || o.test == "--help" {
		return nil, help(f, stdout)
	}
	if !slices.Contains(append(tests(), testAll), o.test) {
		return nil, fmt.Errorf("bench: no test is called %q; there are: %s, %s\n%w", o.test, strings.Join(tests(), ", "), testAll, ErrUsage)
	}
	err := f.Parse(args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return nil, help(f, stdout)
	}
	if err != nil {
		return nil, fmt.Errorf("bench: %w\n%w", err, ErrUsage)
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("bench: %q is no option\n%w", f.Arg(0), ErrUsage)
	}
	err = errors.Join(o.lists(*against, *rates, *windows), o.valid())
	if err != nil {
		return nil, fmt.Errorf("bench: %w\n%w", err, ErrUsage)
	}
	return o, nil
}

// help prints what there is, and gives the error that says so.
func help(f *flag.FlagSet, stdout io.Writer) error {
	_, _ = io.WriteString(stdout, usageText) // nobody reads: nothing to do about it
	f.SetOutput(stdout)
	f.PrintDefaults()
	return flag.ErrHelp
}

func (o *options) define(f *flag.FlagSet) (against, rates, windows *string) {
	f.IntVar(&o.sockets, "sockets", 15_000, "sockets of idle, storm and herd")
	f.IntVar(&o.members, "members", 1_000, "members of a group, in fanout, frozen and herd")
	f.IntVar(&o.pairs, "pairs", 200, "pairs of people who write to each other")
	f.IntVar(&o.messages, "messages", 1_000_000, "messages that are stored when the server is killed, in restart")
	f.IntVar(&o.body, "body", 128, "bytes of text in a message")
	f.DurationVar(&o.length, "for", 8*time.Second, "measured time of each step")
	f.DurationVar(&o.warm, "warm", 2*time.Second, "time before it")
	f.DurationVar(&o.settle, "settle", 6*time.Second, "wait of idle before it measures memory")
	f.IntVar(&o.nodes, "nodes", 0, "nodes of herd (default 1), and the most of cluster (8)")
	f.StringVar(&o.bus, "bus", busNATS, "what joins the nodes of herd: nats or udp")
	f.IntVar(&o.repeat, "repeat", 1, "runs of each test; the medians are shown")
	f.StringVar(&o.db, "db", "", "store of the server that is started: mysql://user:pass@host:port/name of an empty database (default SQLite)")
	f.IntVar(&o.dbPID, "db-pid", 0, "process of the database, whose use of the processor is counted too")
	f.StringVar(&o.addr, "addr", "", "a server that runs already with -limits off, such as http://localhost:8080: none is started; accounts are registered")
	f.IntVar(&o.pid, "pid", 0, "its process, if on this machine")
	f.StringVar(&o.internal, "internal", "", "its internal address, for what it says of its own memory")
	f.StringVar(&o.keyFile, "key-file", "", "file with a key for that address")
	f.StringVar(&o.json, "json", "", "write all figures to this file")
	f.StringVar(&o.svg, "svg", "", "draw the latencies into this file")
	against = f.String("against", "limit,coalesce,stored,gorilla", "what is measured in the same run, or none")
	rates = f.String("rate", "", "messages a second, by a schedule; several with commas (default: the test's own)")
	windows = f.String("window", "", "messages under way; several with commas (default: the test's own)")
	return against, rates, windows
}

func (o *options) lists(against, rates, windows string) error {
	var faults []error
	if against != "none" {
		for name := range strings.SplitSeq(against, ",") {
			if name = strings.TrimSpace(name); !slices.Contains([]string{serverLimit, serverCoalesce, serverStored, serverGorilla}, name) {
				faults = append(faults, fmt.Errorf("-against %q: want some of limit, coalesce, stored, gorilla, or none", name))
			}
			o.against = append(o.against, name)
		}
	}
	for text := range split(rates) {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || !(rate > 0 && rate <= 1e6) {
			faults = append(faults, fmt.Errorf("-rate %q: want messages a second, up to 1000000", text))
		}
		o.rates = append(o.rates, rate)
	}
	for text := range split(windows) {
		window, err := strconv.Atoi(text)
		if err != nil || window < 1 || window > 64 {
			faults = append(faults, fmt.Errorf("-window %q: want 1 to 64 messages, as many as a socket may have under way", text))
		}
		o.windows = append(o.windows, window)
	}
	return errors.Join(faults...)
}

func split(list string) func(func(string) bool) {
	return func(yield func(string) bool) {
		if list == "" {
			return
		}
		for part := range strings.SplitSeq(list, ",") {
			if !yield(strings.TrimSpace(part)) {
				return
			}
		}
	}
}

func (o *options) valid() error {
	var faults []error
	for _, n := range []struct {
		name           string
		value, low, up int
	}{
		{"sockets", o.sockets, 1, 1_000_000}, {"members", o.members, 2, 10_000}, {"pairs", o.pairs, 1, 100_000},
		{"messages", o.messages, 1, 100_000_000}, {"body", o.body, bodyHead, 16_000}, {"repeat", o.repeat, 1, 100},
		{"pid", o.pid, 0, 1 << 30}, {"db-pid", o.dbPID, 0, 1 << 30},
	} {
		if n.value < n.low || n.value > n.up {
			faults = append(faults, fmt.Errorf("-%s %d: want %d to %d", n.name, n.value, n.low, n.up))
		}
	}
	if o.length <= 0 || o.warm < 0 || o.settle < 0 {
		faults = append(faults, errors.New("-for, -warm, -settle: want a time such as 8s"))
	}
	faults = append(faults, o.validNodes())
	if o.db != "" && !strings.HasPrefix(o.db, "mysql://") {
		faults = append(faults, errors.New("-db: want mysql://user:pass@host:port/name; SQLite in a folder of its own is what you get without it"))
	}
	switch {
	case o.addr == "" && (o.pid != 0 || o.internal != "" || o.keyFile != ""):
		faults = append(faults, errors.New("-pid, -internal and -key-file: only with -addr"))
	case o.addr != "" && o.db != "":
		faults = append(faults, errors.New("-addr and -db: a server that runs already has its store"))
	case o.addr != "" && slices.Contains([]string{testRestart, testAll}, o.test):
		faults = append(faults, fmt.Errorf("%s: kills the server, so it starts one of its own: not with -addr", o.test))
	case o.addr != "":
		faults = append(faults, o.validAddr())
	}
	if o.keyFile != "" {
		text, err := os.ReadFile(o.keyFile)
		o.key = strings.TrimSpace(string(text))
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// validNodes sets what was not said of nodes, and checks the rest.
func (o *options) validNodes() error {
	if o.nodes == 0 {
		o.nodes = map[string]int{testCluster: 8}[o.test]
	}
	switch {
	case o.nodes < 0 || o.nodes > 8:
		return fmt.Errorf("-nodes %d: want up to 8", o.nodes)
	case o.bus != busNATS && o.bus != busUDP:
		return fmt.Errorf("-bus %q: want nats or udp", o.bus)
	case (o.nodes > 1 || o.test == testCluster) && o.db == "":
		return errors.New("several nodes need a database that they share: -db mysql://user:pass@host:port/name")
	}
	return nil
}

func (o *options) validAddr() error {
	u, err := url.Parse(o.addr)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("-addr %q: want http://host:port", o.addr)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	o.addr = u.Scheme + "://" + u.Host
	if o.internal != "" && !strings.Contains(o.internal, "://") {
		o.internal = "http://" + o.internal
	}
	return nil
}

// runs tells whether a test is part of the run.
func (o *options) runs(test string) bool {
	return o.test == test || o.test == testAll && test != testCluster
}

// accounts is how many people the run needs.
func (o *options) accounts() int {
	n := 2
	if o.runs(testIdle) || o.runs(testStorm) || o.runs(testHerd) {
		n = max(n, o.sockets)
	}
	if o.runs(testFanout) || o.runs(testFrozen) {
		n = max(n, o.members)
	}
	if o.runs(testPairs) || o.runs(testRestart) || o.runs(testCluster) {
		n = max(n, 2*o.pairs)
	}
	return n
}
