// Package logging makes the server's logger: log/slog as text or JSON, with
// whatever is named like a secret blanked out, so that a careless attribute
// does not carry a password into a file. It imports nothing of ours.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Redacted stands in a log where a secret would.
const Redacted = "***"

// Formats that New knows.
const (
	Text = "text"
	JSON = "json"
)

// New makes a logger that writes to w. Both formats escape control characters:
// what a client sends cannot forge a line or steer a terminal.
func New(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	switch format {
	case Text:
		return slog.New(slog.NewTextHandler(w, o)), nil
	case JSON:
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fmt.Errorf("log format %q: want %s or %s", format, Text, JSON)
}

// redact blanks out the attributes whose key says that they hold a secret or a
// telephone number.
func redact(_ []string, a slog.Attr) slog.Attr {
	if isSecret(a.Key) {
		return slog.String(a.Key, Redacted)
	}
	return a
}

func isSecret(key string) bool {
	key = strings.ToLower(key)
	for _, part := range []string{"passw", "token", "secret", "cookie", "authoriz", "ticket", "mobile", "phone", "apikey", "dsn", "query"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
