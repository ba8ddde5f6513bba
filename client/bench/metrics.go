package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Names of what the server says of itself at /metrics.
const (
	metricPause    = `go_gc_duration_seconds{quantile="1"}` // longest of the last 256 collections
	metricMemory   = "process_resident_memory_bytes"
	metricHeap     = "go_memstats_heap_alloc_bytes"
	metricResyncs  = "hongyan_resyncs_total"
	metricSlow     = "hongyan_slow_closed_total"
	metricPeers    = "hongyan_bus_peers"
	metricBusBytes = "hongyan_bus_received_bytes_total"
	metricStacks   = "go_memstats_stack_inuse_bytes"
)

// scrape reads /metrics of a server's internal address.
func scrape(ctx context.Context, internal, key string) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(internal, "/")+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	way := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := way.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the internal address does not answer: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, errors.New("the internal address wants another key: give its file with -key-file")
	default:
		return nil, fmt.Errorf("the internal address answers %s", answer.Status)
	}
	values := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				values[name] = v
			}
		}
	}
	return values, lines.Err()
}
