package logging

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretsAreBlanked(t *testing.T) {
	for _, format := range []string{Text, JSON} {
		var b bytes.Buffer
		log, err := New(&b, format, slog.LevelInfo)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("login", "passwd", "hunter2hunter2", "Authorization", "Bearer hunter2hunter2", "mobile", "hunter2hunter2",
			slog.Group("session", "token", "hunter2hunter2"), "user", 7)
		log.With("ticket", "hunter2hunter2").Error("chat", "err", errors.New("broken"))
		if strings.Contains(b.String(), "hunter2") {
			t.Errorf("%s: a secret is in the log: %s", format, b.String())
		}
		if !strings.Contains(b.String(), "user") || !strings.Contains(b.String(), "broken") {
			t.Errorf("%s: what is no secret is missing: %s", format, b.String())
		}
	}
}

func TestOneLineWhateverIsSent(t *testing.T) {
	for _, format := range []string{Text, JSON} {
		var b bytes.Buffer
		log, err := New(&b, format, slog.LevelInfo)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("request", "agent", "a\r\nlevel=ERROR msg=forged", "nickname", "\x1b[31mred\x1b[0m \x1b]0;title\x07")
		if n := strings.Count(b.String(), "\n"); n != 1 {
			t.Errorf("%s: %d lines instead of one: %q", format, n, b.String())
		}
		if strings.ContainsAny(b.String(), "\x1b\x07\r") {
			t.Errorf("%s: a control character is in the log: %q", format, b.String())
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := New(&bytes.Buffer{}, "xml", slog.LevelInfo); err == nil {
		t.Error("xml was taken for a log format")
	}
}
