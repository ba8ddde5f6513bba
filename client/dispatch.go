package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// askTimeout bounds the question where to connect: somebody is waiting.
const askTimeout = 3 * time.Second

// pace is how attempts follow each other: after first, then factor times as
// late each time up to most, each spread over the last part of its wait that
// jitter is, so that a cluster's clients do not return as one.
type pace struct {
	first, most    time.Duration
	factor, jitter float64
}

// usualPace is kept until a cluster asks for another.
func usualPace() pace { return pace{firstRetry, lastRetry, 2, 0.5} }

// wait is the n-th one, from 0 on.
func (p pace) wait(n int) time.Duration {
	top := math.Min(float64(p.most), float64(p.first)*math.Pow(p.factor, float64(n)))
	return time.Duration(top * (1 - p.jitter*rand.Float64())) //nolint:gosec // jitter is no secret
}

// backOff is the pace as GET /dispatch gives it, in milliseconds.
type backOff struct {
	First, Most    int64
	Factor, Jitter float64
}

// pace gives the cluster's wish, and false where it makes none that can be kept.
func (b backOff) pace() (pace, bool) {
	const longest = 10 * 60 * 1000
	ok := b.First > 0 && b.First <= b.Most && b.Most <= longest && b.Factor >= 1 && b.Factor <= 10 && b.Jitter >= 0 && b.Jitter <= 1
	return pace{time.Duration(b.First) * time.Millisecond, time.Duration(b.Most) * time.Millisecond, b.Factor, b.Jitter}, ok
}

// Discover asks the cluster where to connect and takes its addresses, best
// first; those known before stay behind them. A Line asks by itself when it is
// moved or does not get through; a client that knows one address alone may ask
// before, while that one lives.
func (c *Client) Discover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var err error
	for range c.count() {
		address := c.Address()
		var found []string
		if found, err = c.dispatch(ctx, address); err == nil {
			for i := len(found) - 1; i >= 0; i-- {
				c.prefer(found[i])
			}
			return nil
		}
		c.rotate(address)
	}
	return err
}

// dispatch asks one address.
func (c *Client) dispatch(ctx context.Context, address string) ([]string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/dispatch", nil)
	if err != nil {
		return nil, err
	}
	if token := c.Token(); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close() //nolint:errcheck // it has been read
	data, err := io.ReadAll(io.LimitReader(w.Body, maxFrame))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Code int
		Rows []struct{ URL string }

		BackOff backOff
	}
	if err := json.Unmarshal(data, &answer); err != nil || w.StatusCode != http.StatusOK || answer.Code != 0 {
		return nil, fmt.Errorf("dispatch at %s: status %d", address, w.StatusCode)
	}
	if wish, ok := answer.BackOff.pace(); ok {
		c.mu.Lock()
		c.pace = wish
		c.mu.Unlock()
	}
	var found []string
	for _, row := range answer.Rows {
		if strings.HasPrefix(row.URL, "http://") || strings.HasPrefix(row.URL, "https://") {
			found = append(found, row.URL)
		}
	}
	return found, nil
}
