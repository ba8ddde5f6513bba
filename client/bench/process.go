package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// startTime bounds how long a server takes to say that it is ready: one with a
// large store may have to migrate it.
const startTime = 2 * time.Minute

// process is a server that this program started.
type process struct {
	cmd      *exec.Cmd
	stdin    io.Closer // held open while it runs: a child may end with it
	log      *tail
	ended    chan struct{}
	public   string // host:port
	internal string // http://host:port, or empty
}

// start runs this program with other arguments, and waits until it has said
// where it is.
func (h Host) start(ctx context.Context, args ...string) (*process, error) {
	// It must not end with ctx by itself: its end is in order.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), h.Program, args...) //nolint:gosec // itself
	p := &process{cmd: cmd, log: &tail{}, ended: make(chan struct{})}
	cmd.Env, cmd.Stderr = h.Environment, p.log
	detach(cmd)
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go p.listen(out, ready)
	patience := time.NewTimer(startTime)
	defer patience.Stop()
	select {
	case <-ready:
		return p, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = fmt.Errorf("it is not ready after %v", startTime)
	case <-p.ended:
		err = fmt.Errorf("it ended at once: %s", p.log)
	}
	p.kill()
	return nil, fmt.Errorf("the server cannot be started: %w", err)
}

// listen reads what the child says and waits for its end.
func (p *process) listen(out io.Reader, ready chan<- struct{}) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
		switch {
		case name == "open" && p.public == "":
			p.public = strings.TrimPrefix(value, "http://")
		case name == "internal":
			p.internal = value
		case name == "data" || name == "limit": // all addresses have been told
			if ready != nil {
				close(ready)
				ready = nil
			}
		}
	}
	_ = p.cmd.Wait() // that it was killed is no news
	close(p.ended)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill ends the process at once, as a power cut does, and waits for that.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.stdin.Close()
	<-p.ended
}

// dead tells whether it ended, and with what last words.
func (p *process) dead() error {
	select {
	case <-p.ended:
		return fmt.Errorf("the server ended: %s", p.log)
	default:
		return nil
	}
}

// tail keeps the end of what is written to it. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

// Write keeps the end of b.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

// String gives what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := string(bytes.TrimSpace(t.text)); text != "" {
		return text
	}
	return "(it said nothing)"
}

// folder makes a folder for a server's data; remove takes it away.
func folder() (path string, remove func() error, err error) {
	path, err = os.MkdirTemp("", "hongyan-bench-")
	if err != nil {
		return "", nil, err
	}
	return path, func() error {
		if err := os.RemoveAll(path); err != nil {
			return errors.Join(fmt.Errorf("the data in %s is still there", path), err)
		}
		return nil
	}, nil
}
