package logging_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"hongyan/util/logging"
)

func TestForHTTP(t *testing.T) {
	var out bytes.Buffer
	l := logging.ForHTTP(slog.New(slog.NewTextHandler(&out, nil)))
	l.Print("http: TLS handshake error from 192.0.2.1:1: EOF")
	if out.Len() != 0 {
		t.Errorf("a client's fault is told: %s", &out)
	}
	l.Print("http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 1s")
	if got := out.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "too many open files") {
		t.Errorf("logged %q", got)
	}
}
