package e2e

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// product is the server under test: built once, running on a free port with
// data of its own until the last test is over.
var product struct {
	once sync.Once
	err  error
	base string
	dir  string
	cmd  *exec.Cmd
}

var openLine = regexp.MustCompile(`open\s+(https?://[^\s]+)`)

// startProduct gives the address of the running product.
func startProduct(t *testing.T) string {
	t.Helper()
	beside(t)
	if findBrowser() == "" {
		startBrowser(t) // skips
	}
	product.once.Do(func() { product.err = runProduct() })
	if product.err != nil {
		t.Fatalf("the product does not start: %v", product.err)
	}
	return product.base
}

func runProduct() error {
	dir, err := os.MkdirTemp("", "hongyan-e2e-")
	if err != nil {
		return err
	}
	product.dir = dir
	binary := filepath.Join(dir, "hongyan")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = ".."
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	product.cmd, product.base, err = launch(binary, filepath.Join(dir, "data"))
	return err
}

// launch starts a server on a free port, with further flags.
func launch(binary, data string, flags ...string) (cmd *exec.Cmd, base string, err error) {
	// The tests sign in often from one address, which the limits are there to stop.
	flags = append([]string{"serve", "-listen", "127.0.0.1:0", "-internal", "", "-data", data, "-limits", "off"}, flags...)
	cmd = exec.Command(binary, flags...)
	cmd.Env = append(os.Environ(), "HONGYAN_BUS_SECRET=the same on every node") // of no use to one by itself
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := openLine.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
				_, _ = io.Copy(io.Discard, out)
				return
			}
		}
	}()
	select {
	case base, ok := <-found:
		if !ok {
			return cmd, "", errors.New("it ended at once; run the test with -v to see what it says")
		}
		return cmd, base, nil
	case <-time.After(2 * patience):
		return cmd, "", os.ErrDeadlineExceeded
	}
}

func stopProduct() {
	if product.cmd != nil {
		_ = product.cmd.Process.Signal(syscall.SIGTERM)
		_ = product.cmd.Wait()
	}
	if product.dir != "" {
		_ = os.RemoveAll(product.dir)
	}
}
