package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// askTimeout bounds the question where to connect: somebody is waiting.
const askTimeout = 3 * time.Second

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
	}
	if err := json.Unmarshal(data, &answer); err != nil || w.StatusCode != http.StatusOK || answer.Code != 0 {
		return nil, fmt.Errorf("dispatch at %s: status %d", address, w.StatusCode)
	}
	var found []string
	for _, row := range answer.Rows {
		if strings.HasPrefix(row.URL, "http://") || strings.HasPrefix(row.URL, "https://") {
			found = append(found, row.URL)
		}
	}
	return found, nil
}
