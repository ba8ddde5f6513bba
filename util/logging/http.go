package logging

import (
	"log"
	"log/slog"
	"strings"
)

// ForHTTP gives the logger that an http.Server wants. Clients that break off or
// speak no TLS are a matter for debugging; that no connection can be accepted,
// as where descriptors have run out, is for the operator to know.
func ForHTTP(logger *slog.Logger) *log.Logger {
	return log.New(httpWriter{logger}, "", 0)
}

type httpWriter struct{ log *slog.Logger }

// Write logs one message of the server.
func (w httpWriter) Write(message []byte) (int, error) {
	text := strings.TrimSpace(string(message))
	if strings.HasPrefix(text, "http: Accept error") {
		w.log.Warn(text)
	} else {
		w.log.Debug(text)
	}
	return len(message), nil
}
