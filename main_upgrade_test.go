//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/client/verify"
	"hongyan/service/db"
)

// ahead builds the product as its next version may be: the schema has a column
// more, which this one may go on without, and nodes say more to each other.
func ahead(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, change := range map[string][2]string{
		"service/db/migrate.go": {"\t}\n}\n\n// fill writes", fmt.Sprintf(
			"\t\t{title: \"ahead\", oldest: %d, steps: []string{\"ALTER TABLE member ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0\"}},\n\t}\n}\n\n// fill writes", db.Version())},
		"service/hub/bus.go": {"\tVersion     int             `json:\"v\"`\n",
			"\tVersion     int             `json:\"v\"`\n\tAhead int `json:\"ahead,string\"`\n"},
	} {
		source, err := filepath.Abs(name)
		check(t, err)
		text, err := os.ReadFile(source)
		check(t, err)
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Fatalf("%s has no %q to change", name, change[0])
		}
		replace[source] = filepath.Join(dir, filepath.Base(name))
		check(t, os.WriteFile(replace[source], []byte(changed), 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	program := filepath.Join(dir, "hongyan")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// TestUpgradeAndBack judges what clients saw while three nodes were replaced by
// the next version one after the other, were there of both kinds for a while,
// and were put back. OLD_HONGYAN=… begins with another program than this one, of
// a release before, and does not go back to it.
func TestUpgradeAndBack(t *testing.T) {
	apart(t)
	present, next := os.Args[0], ahead(t)
	f := fleetOf(t, serversInside(t))
	if old := os.Getenv("OLD_HONGYAN"); old != "" {
		present, next = old, os.Args[0]
	}
	f.program = present
	f.launch()
	become := func(name, program string) verify.Injection {
		return verify.Injection{Name: name, Times: 1, Inject: func(ctx context.Context, _ *verify.Target) error {
			f.program = program
			return f.roll(ctx, 2*time.Second)
		}}
	}
	changes := []verify.Injection{become("upgrade", next)}
	if os.Getenv("OLD_HONGYAN") == "" {
		changes = append(changes, become("back", present), become("upgrade again", next))
	}
	f.judged(changes)
}
