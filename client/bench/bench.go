// Package bench is the load generator behind `hongyan bench`: many clients on
// one goroutine, sending by a schedule or with so many messages under way, and
// measuring a server from outside. In the same run it measures what no server
// can go below and what the field's usual chat costs, so that the ratios hold on
// any machine. It knows the wire and the client, and no package of the server.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"hongyan/util/fdlimit"
)

// Host is the program that the generator is a part of.
type Host struct {
	Program     string   // its file, to be started as a server
	Environment []string // of the servers that are started
	Version     string
	// Populate makes n accounts in an empty store, before a server runs on it. It
	// fails where there are some already.
	Populate func(ctx context.Context, source string, n int) ([]Account, error)
	// Rows makes a SQLite file with no more than a table of messages in it, which
	// keeps what it must: one seq and one number of a sender's are one row.
	Rows func(ctx context.Context, file string) (Rows, error)
}

// Rows is the least store of messages. It is one goroutine's.
type Rows interface {
	// Commit makes rows durable.
	Commit(rows []Row) error
	Close() error
}

// Row is a message of a conversation.
type Row struct {
	Conversation, Seq, Sender int64
	Text                      []byte
}

// Run runs "hongyan bench" with the arguments after that until its end or that
// of ctx. Whatever it started has ended when it returns, and its data is gone.
func Run(ctx context.Context, args []string, h Host, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "limit" {
		return runLimit(ctx, args[1:], h, stdout)
	}
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	if err := enoughFiles(o); err != nil {
		return err
	}
	s := &suite{host: h, options: o, stderr: stderr, report: &Report{
		Version: h.Version, At: time.Now().UTC(), Store: store(o), Machine: thisMachine(),
	}}
	err = s.run(ctx)
	s.report.judge(o)
	if len(s.report.Results) > 0 {
		err = errors.Join(err, s.write(stdout))
	}
	if ctx.Err() != nil {
		return errors.New("bench: interrupted")
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

func store(o *options) string {
	switch {
	case o.addr != "":
		return "that of " + o.addr
	case o.db != "":
		u, err := url.Parse(o.db)
		if err != nil {
			return "mysql"
		}
		return u.Redacted()
	}
	return "SQLite, synchronous=FULL"
}

// spareFiles is what the generator and a server have open besides sockets.
const spareFiles = 200

// enoughFiles raises the limit of open files and checks that it suffices; the
// servers that are started inherit it.
func enoughFiles(o *options) error {
	limit, known := fdlimit.Raise()
	need := uint64(o.accounts() + spareFiles)
	if known && need > limit {
		return fmt.Errorf("bench: %d sockets need %d open files, and this process may have %d: raise it (ulimit -n %d) or ask for fewer (-sockets, -members, -pairs)",
			o.accounts(), need, limit, need)
	}
	return nil
}

// suite is one run: its accounts, its servers one after the other, its results.
type suite struct {
	host    Host
	options *options
	stderr  io.Writer
	report  *Report

	data     string // folder of the server that is started
	source   string // its store
	accounts []Account
	groupID  int64   // of fanout and frozen
	groups   []int64 // of herd; the first is groupID
}

func (s *suite) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(s.stderr, "bench: "+format+"\n", args...) // nobody reads: nothing to do about it
}

func (s *suite) run(ctx context.Context) (err error) {
	if s.options.addr == "" {
		var remove func() error
		if s.data, remove, err = folder(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, remove()) }()
		s.source = "sqlite:" + s.data + "/hongyan.db"
		if s.options.db != "" {
			s.source = s.options.db
		}
	}
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	for round := range s.options.repeat {
		for _, test := range tests() {
			if !s.options.runs(test) || test == testRestart && round < s.options.repeat-1 {
				continue // a restart leaves a full store behind: it comes last
			}
			for _, server := range s.servers(test) {
				s.progress("round %d of %d: %s of %s", round+1, s.options.repeat, test, server)
				list, err := s.measure(ctx, test, server)
				s.report.Results = append(s.report.Results, list...)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", test, server, err)
				}
			}
		}
	}
	return nil
}

// servers are those on which a test is run.
func (s *suite) servers(test string) []string {
	list := []string{serverOurs}
	for _, name := range s.options.against {
		switch {
		case test == testFanout && name != serverStored,
			test == testIdle && name != serverCoalesce && name != serverStored,
			test == testPairs && name == serverStored,
			(test == testPairs || test == testStorm) && name == serverLimit:
			list = append(list, name)
		}
	}
	return list
}

// prepare makes the accounts, the friendships and the groups.
func (s *suite) prepare(ctx context.Context) error {
	o := s.options
	if o.addr == "" {
		var err error
		s.progress("preparing %d accounts", o.accounts())
		if s.accounts, err = s.host.Populate(ctx, s.source, o.accounts()); err != nil {
			return err
		}
	}
	t, err := s.start(ctx, serverOurs)
	if err != nil {
		return err
	}
	defer t.stop()
	if o.addr != "" {
		if s.accounts, err = register(ctx, t.base, o.accounts(), s.progress); err != nil {
			return err
		}
	}
	p := people{t.base, s.accounts}
	if o.runs(testPairs) || o.runs(testRestart) || o.runs(testCluster) || o.runs(testIdle) && len(s.accounts) >= 2*o.pairs {
		s.progress("making friends")
		if err := p.befriend(ctx, min(o.pairs, len(s.accounts)/2)); err != nil {
			return err
		}
	}
	return s.gather(ctx, p)
}

// gather makes the groups: one for fanout and frozen, and as many as hold
// everybody for herd.
func (s *suite) gather(ctx context.Context, p people) error {
	o, last := s.options, 0
	switch {
	case o.runs(testHerd):
		last = max(o.sockets, o.members)
	case o.runs(testFanout) || o.runs(testFrozen):
		last = o.members
	}
	for first := 0; first < min(last, len(s.accounts)); first += o.members {
		s.progress("gathering a group")
		id, err := p.gather(ctx, first, min(first+o.members, len(s.accounts)))
		if err != nil {
			return err
		}
		s.groups = append(s.groups, id)
	}
	if len(s.groups) > 0 {
		s.groupID = s.groups[0]
	}
	return nil
}

// start starts a server, or finds the one that runs already.
func (s *suite) start(ctx context.Context, name string) (*target, error) {
	o := s.options
	if name == serverOurs && o.addr != "" {
		scheme, address, _ := strings.Cut(o.addr, "://")
		t := &target{name: name, base: o.addr, pids: pids{server: o.pid, database: o.dbPID}, alive: func() error { return nil }, stop: func() {}}
		t.speaker = s.speaker(address, scheme == "https")
		if o.internal != "" {
			t.metrics = func(ctx context.Context) (map[string]float64, error) { return scrape(ctx, o.internal, o.key) }
			if _, err := t.metrics(ctx); err != nil {
				return nil, err
			}
		}
		return t, reachable(ctx, address)
	}
	if name != serverOurs {
		p, err := s.host.start(ctx, "bench", "limit", "-mode", mode(name))
		if err != nil {
			return nil, err
		}
		return &target{
			name: name, speaker: plain{address: p.public, room: name == serverGorilla},
			pids: pids{server: p.pid()}, alive: p.dead, stop: p.kill,
		}, nil
	}
	p, err := s.host.start(ctx, "serve", "-listen", "127.0.0.1:0", "-internal", "127.0.0.1:0",
		"-data", s.data, "-db", s.source, "-limits", "off", "-log-level", "error")
	if err != nil {
		return nil, err
	}
	return &target{
		name: name, base: "http://" + p.public, speaker: s.speaker(p.public, false), pids: pids{server: p.pid(), database: o.dbPID}, alive: p.dead, stop: p.kill,
		metrics: func(ctx context.Context) (map[string]float64, error) { return scrape(ctx, p.internal, "") },
	}, nil
}

// reachable says in one line why a server is not.
func reachable(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: writeTime}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("there is no server at %s: %w", address, err)
	}
	return c.Close()
}

func (s *suite) speaker(address string, tls bool) *hongyan {
	return &hongyan{
		address: address, tls: tls, accounts: s.accounts, groupID: s.groupID,
		prefix: fmt.Sprintf("%x-", time.Now().UnixNano()),
	}
}

// measure runs one test on one server, which is started for it.
func (s *suite) measure(ctx context.Context, test, server string) ([]*Result, error) {
	if test == testCluster {
		return s.cluster(ctx)
	}
	start := s.start
	if n := s.options.nodes; test == testHerd && n > 1 {
		start = func(ctx context.Context, _ string) (*target, error) {
			return s.startNodes(ctx, formation{s.options.bus, n}, func(i int) int { return i % n })
		}
	}
	t, err := start(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { t.stop() }() // restart puts another in its place
	switch test {
	case testIdle:
		return idle(ctx, t, s.options)
	case testStorm:
		return storm(ctx, t, s.options)
	case testHerd:
		return herd(ctx, t, s.options, s.groups, people{t.base, s.accounts})
	case testFanout:
		return fanout(ctx, t, s.options)
	case testFrozen:
		return frozen(ctx, t, s.options)
	case testPairs:
		return pairs(ctx, t, s.options)
	}
	filled, err := fill(ctx, t, s.options)
	if err != nil {
		return nil, err
	}
	t.stop()
	began := time.Now()
	again, err := s.start(ctx, server)
	if err != nil {
		return []*Result{filled}, err
	}
	t = again
	first, err := firstAck(ctx, t, began, s.options)
	if err != nil {
		return []*Result{filled}, err
	}
	return []*Result{filled, first}, nil
}

// write prints the report and writes the files that were asked for.
func (s *suite) write(stdout io.Writer) error {
	_, err := io.WriteString(stdout, s.report.text())
	if s.options.json != "" {
		err = errors.Join(err, s.report.writeJSON(s.options.json))
	}
	if s.options.svg != "" {
		err = errors.Join(err, os.WriteFile(s.options.svg, []byte(s.report.plot()), 0o644)) //nolint:gosec // a picture for everybody
	}
	return err
}
