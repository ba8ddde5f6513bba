package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
)

// Modes of "hongyan bench limit".
const (
	modeEpoll    = "epoll"
	modeCoalesce = "coalesce"
	modeStored   = "stored"
	modeGorilla  = "gorilla"
)

// storedAck is what a sender gets for a message that is stored.
const storedAck = "a"

// mode is how the server of that name is started.
func mode(server string) string {
	if server == serverLimit {
		return modeEpoll
	}
	return server
}

// runLimit serves what others are held against until ctx ends.
func runLimit(ctx context.Context, args []string, h Host, stdout io.Writer) error {
	f := flag.NewFlagSet("limit", flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are returned
	mode := f.String("mode", modeEpoll, "")
	listen := f.String("listen", "127.0.0.1:0", "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("bench limit: %w\n%w", err, ErrUsage)
	}
	modes := []string{modeEpoll, modeCoalesce, modeStored, modeGorilla}
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
	switch *mode {
	case modeGorilla:
		return serveRoom(ctx, ln)
	case modeStored:
		data, remove, err := folder()
		if err != nil {
			return err
		}
		rows, err := h.Rows(ctx, filepath.Join(data, "rows.db"))
		// They are open, which is enough here: nothing is left behind, however this ends.
		if err = errors.Join(err, remove()); err != nil {
			return err
		}
		return errors.Join(serveLimit(ctx, ln, &limit{rows: rows}), rows.Close())
	}
	return serveLimit(ctx, ln, &limit{coalesce: *mode == modeCoalesce})
}
