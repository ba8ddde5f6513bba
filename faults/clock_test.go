//go:build linux

package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/client/verify"
)

// clockEnv has how many seconds a server's clock is wrong; with ~ before it the
// clock jumps between that much ahead and that much behind, every ten seconds.
const clockEnv = "FAULTS_CLOCK"

// wrongClock is what the product is built with in place of time.Now.
const wrongClock = `func Now() Time {
	sec, nsec, mono := runtimeNow()
	sec += clockError(mono)
`

const clockError = `
var clockText, _ = syscall.Getenv("` + clockEnv + `")

func clockError(mono int64) int64 {
	text, jumps := clockText, false
	if text != "" && text[0] == '~' {
		text, jumps = text[1:], true
	}
	n, _ := atoi(text)
	if jumps && mono/10_000_000_000%2 == 1 {
		n = -n
	}
	return int64(n)
}
`

// clocked builds the product so that its clock can be wrong. All of the
// standard library is compiled anew for it.
func clocked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	ok(t, err)
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	ok(t, err)
	changed := strings.Replace(string(text), "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n", wrongClock, 1)
	changed = strings.Replace(changed, "import (\n", "import (\n\t\"syscall\"\n", 1) + clockError
	if !strings.Contains(changed, wrongClock) {
		t.Skip("this Go has another time.Now")
	}
	ok(t, os.WriteFile(filepath.Join(dir, "time.go"), []byte(changed), 0o600))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: filepath.Join(dir, "time.go")}})
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "hongyan"), ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "hongyan")
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestClocks: the clocks of three nodes are an hour ahead, three days behind, and
// jump an hour ahead and behind. Order is by seq; nobody is logged out or let in by it.
func TestClocks(t *testing.T) {
	if !long() {
		t.Skip("compiles the standard library: FAULTS=long go test -run TestClocks .")
	}
	program := clocked(t)
	d := newMariaDB(t, "127.0.0.1")
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	ok(t, err)
	bus := fmt.Sprintf("udp://127.255.255.255:%d", free.LocalAddr().(*net.UDPAddr).Port)
	_ = free.Close()
	o := verify.Defaults()
	for _, clock := range []string{"3600", "-259200", "~3600"} {
		s, err := launchOf(t, []string{"env", clockEnv + "=" + clock, "HONGYAN_BUS_SECRET=the same on every node", program}, t.TempDir(),
			"-db", fmt.Sprintf("mysql://hongyan:hongyan@127.0.0.1:%d/hongyan", d.port), "-bus", bus)
		ok(t, err)
		o.Addresses = append(o.Addresses, s.public)
	}
	for _, from := range o.Addresses {
		entered(t, from, o.Addresses)
	}
	o.Rate, o.Duration, o.Hole, o.MinRate, o.Patience = 300, 30*time.Second, 5*time.Second, 1, patience
	verdict, path, err := verify.Run(t.Context(), o)
	ok(t, err)
	table := &log{}
	if err := errors.Join(verdict.Print(table), verdict.Err()); err != nil {
		t.Errorf("%v; the history is in %s", err, path)
	}
	t.Log(table)
}

// entered looks whether who signs in at one node is let in at all: by token, by
// ticket, and by the code that a browser there shows.
func entered(t *testing.T, from string, addresses []string) {
	t.Helper()
	c, err := registered(t, from)
	ok(t, err)
	for _, to := range addresses {
		other := client.New(to)
		t.Cleanup(other.Close)
		other.SetToken(c.Token())
		s, err := other.Dial(t.Context())
		if err != nil {
			t.Errorf("registered at %s, refused at %s: %v", from, to, err)
			continue
		}
		s.Close()
		var ticket struct{ Ticket string }
		ok(t, c.Post(t.Context(), "/user/ticket", nil, &ticket))
		for _, fresh := range []bool{true, false} {
			s, err := client.Open(t.Context(), to+"/chat?ticket="+url.QueryEscape(ticket.Ticket), nil)
			if fresh != (err == nil) {
				t.Errorf("a ticket of %s at %s, fresh %v: %v", from, to, fresh, err)
			}
			if err == nil {
				s.Close()
			}
		}
		scanned(t, c, to)
	}
}

// scanned confirms, as somebody elsewhere, the code of a browser at a node.
func scanned(t *testing.T, phone *client.Client, to string) {
	t.Helper()
	browser := client.New(to)
	t.Cleanup(browser.Close)
	var code struct{ Ticket, Secret string }
	ok(t, browser.Post(t.Context(), "/qrlogin/new", nil, &code))
	for _, step := range []string{"scan", "confirm"} {
		ok(t, phone.Post(t.Context(), "/qrlogin/"+step, map[string]string{"ticket": code.Ticket}, nil))
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to+"/qrlogin/wait?state=scanned&ticket="+code.Ticket, nil)
	ok(t, err)
	r.Header.Set("X-QR-Secret", code.Secret)
	answer, err := http.DefaultClient.Do(r)
	ok(t, err)
	body, err := io.ReadAll(answer.Body)
	ok(t, errors.Join(err, answer.Body.Close()))
	if !strings.Contains(string(body), `"state":"confirmed"`) {
		t.Errorf("a code of %s, confirmed at %s: %s", to, phone.Address(), body)
	}
}
