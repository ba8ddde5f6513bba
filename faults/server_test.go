//go:build linux

package faults

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is for what should take a moment, on a machine that is busy.
const patience = 120 * time.Second

// long tells whether the long form was asked for.
func long() bool { return os.Getenv("FAULTS") == "long" }

// goal holds what was measured against what doc/reliability.md promises. The long
// form alone asks for it, one test after the other on a machine that does nothing
// else.
func goal[T cmp.Ordered](t *testing.T, what string, got, most T) {
	t.Helper()
	if long() && got > most {
		t.Errorf("%s: %v, want at most %v", what, got, most)
	}
}

// binary is the product, built once.
var binary struct {
	once sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	if beFrozen() {
		return
	}
	code := m.Run()
	if binary.path != "" {
		_ = os.RemoveAll(filepath.Dir(binary.path))
	}
	os.Exit(code)
}

func built(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		dir, err := os.MkdirTemp("", "hongyan-faults-")
		if err != nil {
			binary.err = err
			return
		}
		binary.path = filepath.Join(dir, "hongyan")
		build := exec.CommandContext(context.Background(), "go", "build", "-o", binary.path, ".")
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			binary.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// log is what a server writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	if len(text) > 6000 {
		return text[:2000] + "\n…\n" + text[len(text)-4000:]
	}
	return text
}

func (l *log) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.text.Bytes(), []byte(text))
}

// server is the product as a process of its own.
type server struct {
	cmd              *exec.Cmd
	public, internal string
	log              *log
	ended            chan struct{}
}

var errEnded = errors.New("the server ended instead of serving")

// launch starts a server on the data given and waits until it serves. by, if
// any, is the command that runs it.
func launch(t *testing.T, by []string, data string, options ...string) (*server, error) {
	t.Helper()
	return launchOf(t, append(by, built(t)), data, options...)
}

// launchOf is launch of another build of the product.
func launchOf(t *testing.T, command []string, data string, options ...string) (*server, error) {
	t.Helper()
	command = slices.Concat(command, []string{"serve", "-listen", "127.0.0.1:0", "-internal", "127.0.0.1:0", "-data", data, "-limits", "off"}, options)
	s := &server{cmd: exec.CommandContext(context.Background(), command[0], command[1:]...), log: &log{}, ended: make(chan struct{})}
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(s.kill)
	slow := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer slow.Stop()
	lines := bufio.NewScanner(out)
	for (s.public == "" || s.internal == "") && lines.Scan() {
		if name, rest, found := strings.Cut(strings.TrimSpace(lines.Text()), " "); found {
			address, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			switch name {
			case "open":
				s.public = address
			case "internal":
				s.internal = address
			}
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	if s.internal == "" {
		<-s.ended
		return s, fmt.Errorf("%w: %v: %s", errEnded, s.cmd.ProcessState, s.log)
	}
	return s, nil
}

func spawn(t *testing.T, data string, options ...string) *server {
	t.Helper()
	for tries := 0; ; tries++ {
		s, err := launch(t, nil, data, options...)
		if err == nil {
			return s
		}
		// A machine that is very busy takes longer to open a database than a
		// server waits; whoever runs one starts it again.
		if tries == 5 || !s.log.has("context deadline exceeded") {
			t.Fatal(err)
		}
	}
}

// kill ends the process as a power cut does, and waits for that.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// rss is the memory that the process holds, in bytes.
func (s *server) rss(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kb int64
	if _, err := fmt.Sscan(after, &kb); err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// metric reads one value of /metrics.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.internal+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), name+" "); found {
			var value float64
			_, err := fmt.Sscan(text, &value)
			return value, err
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}

// await asks until ask says yes; there is no event to wait for outside a process.
func await(t *testing.T, what string, ask func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ask() {
		if time.Since(began) > patience {
			t.Fatalf("%s does not come about within %v", what, patience)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}
