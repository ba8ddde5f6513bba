package guard_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"hongyan/util/guard"
)

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		fn    func()
		count int
		want  []string
	}{
		"an ordinary end":   {func() {}, 0, nil},
		"a panic":           {func() { panic("boom") }, 1, []string{"where=here", "boom", "guard_test.go"}},
		"an error":          {func() { panic(errors.New("bad state")) }, 1, []string{"where=here", "bad state"}},
		"a runtime's fault": {func() { _ = make([]int, 0)[len(os.Args)] }, 1, []string{"where=here", "out of range"}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			counted := 0
			guard.Run(slog.New(slog.NewTextHandler(&log, nil)), func() { counted++ }, "here", c.fn)
			if counted != c.count {
				t.Errorf("counted %d, want %d", counted, c.count)
			}
			if c.count == 0 && log.Len() > 0 {
				t.Errorf("logged %s", log.String())
			}
			for _, part := range c.want {
				if !strings.Contains(log.String(), part) {
					t.Errorf("the log %q lacks %q", log.String(), part)
				}
			}
		})
	}
}

func TestRunNeedsNoCount(t *testing.T) {
	var log bytes.Buffer
	guard.Run(slog.New(slog.NewTextHandler(&log, nil)), nil, "here", func() { panic("boom") })
	if !strings.Contains(log.String(), "boom") {
		t.Errorf("logged %q", log.String())
	}
}
