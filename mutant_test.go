package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hongyan/client/verify"
)

// mutantBuild makes the program with build tags.
func mutantBuild(t *testing.T, tags string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "hongyan")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", program, ".")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// The checker finds each of these faults, and none in a server that has none.
func TestMutants(t *testing.T) {
	apart(t)
	program := mutantBuild(t, "mutants")
	stalls := func(o *verify.Options) {
		o.Users, o.Groups, o.Rate, o.Network, o.Size, o.Large = 4, 1, 60, true, 16_000, 100
		o.Faults = []verify.Injection{verify.Stall(2, 3*time.Second)}
	}
	mutants := []struct {
		name  string
		rules []string // of which one at least has to be broken
		shape func(*verify.Options)
	}{
		{"stale-presence", []string{"I11"}, nil},
		{"lose-on-overflow", []string{"I1", "I8"}, stalls},
		{"", nil, nil},
		{"ack-before-commit", []string{"I1", "I8"}, nil},
		{"notify-before-commit", []string{"I1", "I8"}, nil},
		{"drop-fan-out", []string{"I1", "I8"}, func(o *verify.Options) { o.Duration = 10 * time.Second }}, // rare by its nature
		{"dup-on-retry", []string{"I3"}, nil},
		{"seq-from-clock", []string{"I4", "I8"}, nil},
		{"skip-membership", []string{"I6"}, nil},
		{"swap-seqs", []string{"I3", "I4"}, nil},
		{"resume-off-by-one", []string{"I8"}, nil},
		{"trust-userid", []string{"I2", "I6", "I7"}, nil},
	}
	places := make(chan struct{}, 2)
	for _, m := range mutants {
		t.Run("of "+m.name, func(t *testing.T) {
			t.Parallel()
			places <- struct{}{}
			defer func() { <-places }()
			o := verify.Defaults()
			o.Users, o.Groups, o.Rate, o.Duration, o.Patience = 8, 2, 300, 3*time.Second, 8*time.Second
			if m.name == "" {
				o.Patience = time.Minute
			}
			if m.shape != nil {
				m.shape(&o)
			}
			o.Server = &verify.Server{Command: []string{program}, Env: []string{"MUTANT_OF_HONGYAN=" + m.name}, Data: filepath.Join(t.TempDir(), "data")}
			v := checked(t, o)
			caught := slices.ContainsFunc(m.rules, func(rule string) bool { return v.Counts[rule] > 0 })
			if m.name == "" && v.Err() != nil || m.name != "" && (!caught || !errors.Is(v.Err(), verify.ErrBroken)) {
				t.Error(printed(t, v))
			}
			t.Logf("%.1f s, %d acknowledged: %v", v.Seconds, v.Acked, v.Counts)
		})
	}
}

// What is released has neither the faults nor the way to choose one.
func TestNoMutantIsReleased(t *testing.T) {
	apart(t)
	names := []string{"MUTANT_OF_HONGYAN", "ack-before-commit", "lose-on-overflow", "udp-dup-not-filtered", "mutantEarly", "mutantSwap"}
	for tags, wanted := range map[string]bool{"": false, "mutants": true} {
		program := mutantBuild(t, tags)
		data, err := os.ReadFile(program)
		check(t, err)
		for _, name := range names {
			if bytes.Contains(data, []byte(name)) != wanted {
				t.Errorf("built with tags %q: %s is there: %v", tags, name, !wanted)
			}
		}
	}
}
