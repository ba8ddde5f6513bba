package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/client/verify"
)

// checked runs the delivery checker on this program as the server.
func checked(t *testing.T, o verify.Options) *verify.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	log := newBuffer()
	o.Log = log
	if o.Server == nil {
		o.Server = &verify.Server{Command: []string{os.Args[0]}, Env: []string{asProduct + "=1"}, Data: filepath.Join(t.TempDir(), "data"), Log: log}
	}
	o.History = filepath.Join(t.ArtifactDir(), "history.jsonl")
	o.MinRate = 1 // on a machine with much else to do
	v, _, err := verify.Run(ctx, o)
	keep(t, "verify.log", log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	return v
}

// printed is a verdict for people to read.
func printed(t *testing.T, v *verify.Verdict) string {
	t.Helper()
	var b strings.Builder
	check(t, v.Print(&b))
	return b.String()
}

// F1 in its short form: killed 50 times, nothing acknowledged is lost, doubled
// or told in another order.
func TestVerifyKilled(t *testing.T) {
	apart(t)
	o := verify.Defaults()
	o.Duration, o.Pause = time.Second, 200*time.Millisecond
	o.Faults = []verify.Injection{verify.Kill(50)}
	v := checked(t, o)
	if err := v.Err(); err != nil {
		t.Fatal(printed(t, v))
	}
	if v.Faults["kill"] < 50 || v.Sent == 0 || v.Sent != v.Acked || v.Acked != v.Stored || v.Stored != v.Received {
		t.Error(printed(t, v))
	}
	t.Log(printed(t, v))
}

// The network is bad, the server freezes and is restarted in order.
func TestVerifyFaults(t *testing.T) {
	apart(t)
	o := verify.Defaults()
	o.Duration, o.Network = time.Second, true
	o.Faults = []verify.Injection{verify.Net(len(verify.Troubles())), verify.Stop(2), verify.Restart(2)}
	v := checked(t, o)
	if err := v.Err(); err != nil {
		t.Fatal(printed(t, v))
	}
	t.Log(printed(t, v))
}

// What the command says of its options.
func TestVerifyCommand(t *testing.T) {
	for _, args := range [][]string{
		{"verify", "-faults", "flood"}, {"verify", "-users", "many"}, {"verify", "now"}, {"verify", "-addr", "http://localhost:1", "-faults", "kill"},
	} {
		if err := run(t.Context(), args, nil, newBuffer(), newBuffer()); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if err := run(t.Context(), []string{"verify", "-judge", "absent"}, nil, newBuffer(), newBuffer()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent history: %v", err)
	}
}
