// Command hongyan is the whole product: accounts, contacts, groups, chat,
// files, the web client and a durable store in one program. Run it without
// arguments and open the address that it prints.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"hongyan/client/verify"
	"hongyan/service/cluster"
	"hongyan/util/config"
)

// version is set by release.sh.
var version = "0.1.0-dev"

// Exit codes: what went wrong is the operator's call or the machine's state.
const (
	exitFault = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), ends()...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "hongyan: %v\n", err)
	if errors.Is(err, errUsage) || errors.Is(err, verify.ErrVoid) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFault)
}

// ends are the signals that end the process in order: also that of a terminal
// which is closed, unless it was started to outlive it (nohup).
func ends() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// errUsage marks errors of the command line and of the configuration.
var errUsage = errors.New("see hongyan -help")

// command is one subcommand.
type command struct {
	name, about string
	run         func(ctx context.Context, c *config.Config, stdout, stderr io.Writer) error
	// own takes the place of run where the options are not the server's.
	own func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

// commands lists the subcommands; the first is the default. env is for those that
// read their options themselves.
func commands(env []string) []command {
	return []command{
		{name: "serve", about: "run the server (the default)", run: func(ctx context.Context, c *config.Config, stdout, stderr io.Writer) error {
			return serve(ctx, c, stdout, stderr, nil)
		}},
		{name: "bench", about: "measure a server under load (hongyan bench -help)", own: runBench},
		{name: "apikey", about: "create NAME [-scopes LIST], list or revoke ID: keys of programs for the internal address",
			own: func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
				return apikey(ctx, args, env, stdout, stderr)
			}},
		{name: "config print", about: "print the configuration as it holds, without secrets", run: printConfig},
		{name: "config check", about: "say what is wrong with the configuration, all of it at once", run: checkConfig},
		{name: "doctor", about: "check configuration, folder, addresses, database and files, and say what is missing", run: doctor},
		{name: "verify", about: "check the delivery: traffic, faults, then sent = received or the list of what is not (verify -help)", own: verifyDelivery},
		{name: "version", about: "print the version", own: printVersion},
	}
}

// run runs one command until it ends or ctx does.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	cmd, rest, err := choose(args, env)
	if err != nil {
		return err
	}
	if cmd.own != nil {
		return cmd.own(ctx, rest, stdout, stderr)
	}
	c, err := configure(rest, env)
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(stdout, usage())
		return err
	}
	if err != nil {
		return err
	}
	return cmd.run(ctx, c, stdout, stderr)
}

// configure loads the configuration and says whose fault its faults are.
func configure(args, env []string) (*config.Config, error) {
	c, err := config.Load(args, env)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return c, err
	}
	return nil, fmt.Errorf("the configuration has faults:\n  %s\n%w", strings.ReplaceAll(err.Error(), "\n", "\n  "), errUsage)
}

// choose finds the command in front of the options; there may be none.
func choose(args, env []string) (command, []string, error) {
	all := commands(env)
	words := 0
	for words < len(args) && !strings.HasPrefix(args[words], "-") {
		words++
	}
	name := strings.Join(args[:words], " ")
	if len(args) == 1 && (args[0] == "-version" || args[0] == "--version") { // what people try first
		return choose([]string{"version"}, env)
	}
	if name == "" {
		return all[0], args, nil
	}
	known := make([]string, len(all))
	for i, c := range all {
		if c.own != nil && words > 0 && c.name == args[0] {
			return c, args[1:], nil
		}
		if c.name == name {
			return c, args[words:], nil
		}
		if c.own != nil && c.name == args[0] {
			return c, args[1:], nil
		}
		known[i] = c.name
	}
	if name == "help" {
		return all[0], []string{"-help"}, nil
	}
	return command{}, nil, fmt.Errorf("unknown command %q; there are: %s\n%w", name, strings.Join(known, ", "), errUsage)
}

func usage() string {
	var b strings.Builder
	b.WriteString("Hongyan (鸿雁): instant messaging that you run yourself.\n\n  hongyan [command] [options]\n\nCommands:\n\n")
	for _, c := range commands(nil) {
		fmt.Fprintf(&b, "  %-14s %s\n", c.name, c.about)
	}
	b.WriteString("\nOptions:\n\n" + config.Usage())
	return b.String()
}

func printConfig(_ context.Context, c *config.Config, stdout, _ io.Writer) error {
	_, err := io.WriteString(stdout, c.Print())
	return err
}

// checkConfig says so where there is nothing to say: faults ended it before.
func checkConfig(_ context.Context, c *config.Config, stdout, _ io.Writer) error {
	if err := cluster.Check(c.Bus, c.BusSecret); err != nil {
		return fmt.Errorf("bus: %w\n%w", err, errUsage)
	}
	_, err := fmt.Fprintln(stdout, "the configuration is good")
	return err
}

// printVersion asks nothing of the configuration, which may be what is wrong.
func printVersion(_ context.Context, _ []string, stdout, _ io.Writer) error {
	_, err := fmt.Fprintf(stdout, "hongyan %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
