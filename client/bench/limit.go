package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// Modes of "hongyan bench limit".
const (
	modeEpoll    = "epoll"
	modeCoalesce = "coalesce"
	modeGorilla  = "gorilla"
)

// mode is how the server of that name is started.
func mode(server string) string {
	if server == serverLimit {
		return modeEpoll
	}
	return server
}

// runLimit serves what others are held against until ctx ends.
func runLimit(ctx context.Context, args []string, stdout io.Writer) error {
	f := flag.NewFlagSet("limit", flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are returned
	mode := f.String("mode", modeEpoll, "")
	listen := f.String("listen", "127.0.0.1:0", "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("bench limit: %w\n%w", err, ErrUsage)
	}
	modes := []string{modeEpoll, modeCoalesce, modeGorilla}
	if !slices.Contains(modes, *mode) || f.NArg() > 0 {
		return fmt.Errorf("bench limit: -mode %q: want one of %s\n%w", *mode, strings.Join(modes, ", "), ErrUsage)
	}
	var binder net.ListenConfig
	ln, err := binder.Listen(ctx, "tcp4", *listen)
	if err != nil {
		return fmt.Errorf("bench limit: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "  open      http://%s\n  limit     %s\n", ln.Addr(), *mode); err != nil {
		return err
	}
	if *mode == modeGorilla {
		return serveRoom(ctx, ln)
	}
	return serveLimit(ctx, ln, *mode == modeCoalesce)
}
