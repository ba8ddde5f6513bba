package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// asProduct in the environment makes the test program be the product.
const asProduct = "RUN_AS_PRODUCT"

// beProduct is main, but for its end: the product ends with the test that
// started it, however that ends.
func beProduct() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // held open by the test
		os.Exit(exitFault)
	}()
	main()
}

// apart leaves a test to the step "delivery" of test.sh: it judges servers that
// are processes of their own by how soon they answer, and with the race detector
// they take several times as long. TestCluster is not one of these.
func apart(t *testing.T) {
	t.Helper()
	if withRace {
		t.Skip("runs without the race detector: ./test.sh delivery")
	}
}

// child is the product as a process of its own, which can be killed.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	public string
	log    *buffer
}

// spawn starts a child on the data given and waits until it serves.
func spawn(t *testing.T, data, source string, options ...string) *child {
	t.Helper()
	return spawnBy(t, nil, data, source, options...)
}

// spawnBy is spawn through another program, which is given the command to run.
func spawnBy(t *testing.T, by []string, data, source string, options ...string) *child {
	t.Helper()
	return spawnOf(t, append(by, os.Args[0]), data, source, options...)
}

// spawnOf is spawn of another build of the product.
func spawnOf(t *testing.T, command []string, data, source string, options ...string) *child {
	t.Helper()
	command = slices.Concat(command, []string{"-listen", "127.0.0.1:0", "-internal", "", "-data", data, "-db", source}, options)
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), command[0], command[1:]...), log: newBuffer()}
	c.cmd.Env = append(os.Environ(), asProduct+"=1")
	c.cmd.Stderr = c.log
	if _, err := c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.kill()
		keep(t, fmt.Sprintf("node-%d.log", c.cmd.Process.Pid), c.log)
		if strings.Contains(c.log.String(), "DATA RACE") {
			t.Errorf("the child has a race: %s", c.log)
		}
	})
	slow := time.AfterFunc(30*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer slow.Stop()
	for lines := bufio.NewScanner(out); c.public == "" && lines.Scan(); {
		if _, address, found := strings.Cut(lines.Text(), "open      "); found {
			c.public = address
		}
	}
	if c.public == "" {
		t.Fatalf("the child does not start: %s", c.log)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return c
}

// keep leaves what a test has to tell in its folder, which go test -artifacts keeps.
func keep(t *testing.T, name string, text fmt.Stringer) {
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), []byte(text.String()), 0o600); err != nil {
		t.Log(err)
	}
}

// kill ends the child as a power cut does, and waits for that.
func (c *child) kill() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}
