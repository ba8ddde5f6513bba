package verify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTime is how long a server may take to serve.
const startTime = 60 * time.Second

// Server is a server to start: on 127.0.0.1, at a port of its own choice.
type Server struct {
	// Command is the program and what stands before the options, at least
	// {"…/hongyan"}; through a wrapper such as nice it may be longer.
	Command []string
	Options []string // further ones, such as -bus …
	Env     []string // NAME=value, besides the environment without HONGYAN_*
	Data    string   // the data folder
	DB      string   // as -db; empty: the default, SQLite in Data
	// Log gets what the server writes to stderr; nil: nobody.
	Log io.Writer
}

// Child is a server as a process of its own. Its methods are for one goroutine,
// but for Address.
type Child struct {
	server Server
	ctx    context.Context //nolint:containedctx // the child's life
	cmd    *exec.Cmd
	moved  func(address string) // called after each start

	mu      sync.Mutex // guards address
	address string
}

// StartChild starts a server and waits until it serves. It ends with ctx, or by
// Kill.
func StartChild(ctx context.Context, s Server) (*Child, error) {
	c := &Child{server: s, ctx: ctx, moved: func(string) {}}
	return c, c.Start()
}

// Address is http://127.0.0.1:PORT; it changes with each Start.
func (c *Child) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.address
}

// Data is the data folder.
func (c *Child) Data() string { return c.server.Data }

// Start starts the server again after it has ended.
func (c *Child) Start() error {
	args := append([]string(nil), c.server.Command[1:]...)
	args = append(args, "-listen", "127.0.0.1:0", "-internal", "", "-limits", "off", "-log-level", "error", "-data", c.server.Data)
	if c.server.DB != "" {
		args = append(args, "-db", c.server.DB)
	}
	cmd := exec.CommandContext(c.ctx, c.server.Command[0], append(args, c.server.Options...)...) //nolint:gosec // the operator's own
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "HONGYAN_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, c.server.Env...)
	cmd.Stderr = c.server.Log
	if _, err := cmd.StdinPipe(); err != nil { // held open: a test program as the server ends with it
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.cmd = cmd
	address := announced(cmd, out)
	if address == "" {
		c.Kill()
		return errors.Join(fmt.Errorf("%s does not start", filepath.Base(c.server.Command[0])), c.ctx.Err())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
	c.mu.Lock()
	c.address = address
	c.mu.Unlock()
	c.moved(address)
	return nil
}

// announced waits for the line that says where the server is.
func announced(cmd *exec.Cmd, out io.Reader) string {
	slow := time.AfterFunc(startTime, func() { _ = cmd.Process.Kill() })
	defer slow.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, address, found := strings.Cut(lines.Text(), "open      "); found {
			return address
		}
	}
	return ""
}

// Kill ends the server as kill -9 does, and waits for that.
func (c *Child) Kill() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}

// Terminate ends the server in order and waits for that.
func (c *Child) Terminate() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	slow := time.AfterFunc(startTime, func() { _ = c.cmd.Process.Kill() })
	defer slow.Stop()
	return c.cmd.Wait()
}
