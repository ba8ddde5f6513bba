package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"hongyan/client/verify"
)

// verification is what the options of verify ask for.
type verification struct {
	verify.Options
	judge  string
	faults string
	kills  int
	data   string
	db     string
}

// verifyDelivery runs the delivery checker: traffic, faults, a verdict.
func verifyDelivery(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	v, err := verifyOptions(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w\n%w", err, errUsage)
	}
	if v.judge != "" {
		return judgeHistory(v.judge, stdout)
	}
	v.Options.Log = stderr
	if len(v.Addresses) == 0 {
		clean, err := v.ownServer(stderr)
		if err != nil {
			return err
		}
		defer clean()
	}
	verdict, path, err := verify.Run(ctx, v.Options)
	if err != nil {
		return err
	}
	if path != "" {
		_, _ = fmt.Fprintf(stdout, "history: %s\n", path)
	}
	return concluded(verdict, stdout)
}

func verifyOptions(args []string, stdout io.Writer) (*verification, error) {
	v := &verification{Options: verify.Defaults()}
	v.Version = version
	set := flag.NewFlagSet("hongyan verify", flag.ContinueOnError)
	set.SetOutput(stdout)
	set.IntVar(&v.Users, "users", v.Users, "users, a quarter of whom come to groups and go")
	set.IntVar(&v.Groups, "groups", v.Groups, "groups; the first has all who stay")
	set.IntVar(&v.Members, "members", v.Members, "members of each group but the first, about (default half of those who stay)")
	set.IntVar(&v.Devices, "devices", v.Devices, "devices of each user")
	set.Float64Var(&v.Rate, "rate", v.Rate, "what all devices together do in a second, most of it messages")
	set.DurationVar(&v.Duration, "duration", v.Duration, "of the traffic; longer if the faults need it")
	set.IntVar(&v.Size, "size", v.Size, "bytes of the larger messages")
	set.Uint64Var(&v.Seed, "seed", 0, "of what is random; 0: any")
	set.Float64Var(&v.MinRate, "min-rate", 0, "acknowledged a second outside faults for the run to count (default a tenth of rate)")
	set.DurationVar(&v.Hole, "hole", 0, "how long a hole in what comes live may last; 0 on one node, 2s with a bus that loses")
	set.StringVar(&v.History, "history", "", "file for the history (default a temporary one, kept if there is something in it to look at)")
	set.StringVar(&v.judge, "judge", "", "judge a recorded history instead of a run")
	set.StringVar(&v.faults, "faults", "", "list of kill, stop, restart, net: to be injected in turn")
	set.IntVar(&v.kills, "kills", 1, "how often to kill at least")
	set.DurationVar(&v.Pause, "pause", v.Pause, "longest time between two faults")
	set.StringVar(&v.data, "data", "", "data folder of the server that is started (default a temporary one)")
	set.StringVar(&v.db, "db", "", "its database, as with serve (default SQLite in the data folder)")
	set.Func("addr", "addresses (http://HOST:PORT) of running nodes, instead of starting a server", func(list string) error {
		v.Addresses = strings.Split(list, ",")
		return nil
	})
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("%q: not an option", set.Arg(0))
	}
	var names []string
	if v.faults != "" {
		names = strings.Split(v.faults, ",")
	}
	var err error
	if v.Options.Faults, err = verify.Named(names, v.kills); err != nil {
		return nil, err
	}
	v.Network = strings.Contains(v.faults, "net")
	if len(v.Addresses) > 0 && len(names) > 0 {
		return nil, errors.New("-faults: a server that is not this run's own is left alone")
	}
	return v, nil
}

// ownServer makes this program the server that is started.
func (v *verification) ownServer(stderr io.Writer) (clean func(), err error) {
	clean = func() {}
	if v.data == "" {
		if v.data, err = os.MkdirTemp("", "hongyan-verify-*"); err != nil {
			return nil, err
		}
		clean = func() { _ = os.RemoveAll(v.data) } // what is left of it hurts nobody
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	v.Server = &verify.Server{Command: []string{program}, Data: v.data, DB: v.db, Log: stderr}
	return clean, nil
}

func judgeHistory(path string, stdout io.Writer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	verdict, err := verify.Judge(verify.Events(file))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return concluded(verdict, stdout)
}

// concluded prints a verdict and turns it into how the program ends.
func concluded(verdict *verify.Verdict, stdout io.Writer) error {
	if err := verdict.Print(stdout); err != nil {
		return err
	}
	return verdict.Err()
}
