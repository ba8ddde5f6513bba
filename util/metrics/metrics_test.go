package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHandlerShowsWhatWasCounted(t *testing.T) {
	m := New()
	m.Build("1.2.3")
	m.Connections.Set(3)
	m.Acks.Inc()
	m.Panics.WithLabelValues("http").Inc()
	m.BatchSize.Observe(5)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`hongyan_build_info{version="1.2.3"} 1`, "hongyan_connections 3", "hongyan_acks_total 1",
		`hongyan_panics_total{where="http"} 1`, `hongyan_commit_batch_size_bucket{le="8"} 1`, "go_goroutines",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
}

func TestTwoServersInOneProcess(t *testing.T) {
	a, b := New(), New()
	a.Acks.Inc()
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), "hongyan_acks_total 0") {
		t.Error("one server's count shows in the other's metrics")
	}
}
