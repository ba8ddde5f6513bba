package ctrl

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"hongyan/util/metrics"
)

// readyTime bounds the look at the database that /readyz takes.
const readyTime = 2 * time.Second

// Internal is the handler of the internal listener: is the process alive, does
// it want traffic, what has it counted; and, by product, what programs may do
// there. It is never served to the public.
func Internal(ready func(context.Context) error, product http.Handler, m *metrics.Metrics, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		if err := ready(ctx); err != nil {
			log.Warn("not ready", "error", err)
			tell(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		tell(w, http.StatusOK, "ok")
	})
	mux.Handle("GET /metrics", m.Handler())
	mux.Handle("/", product)
	return mux
}

func tell(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // who went away needs no answer
}
