package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"
)

// Requests that their callers give up leave no goroutine and no timer behind.
func TestAbandonedRequestsLeaveNothing(t *testing.T) {
	node := start(t, "-limits", "off")
	ask := func(within time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, node.public+"/user/login",
			strings.NewReader("mobile=13800000001&passwd=correct+horse"))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		transport := &http.Transport{DisableKeepAlives: true}
		defer transport.CloseIdleConnections()
		if answer, err := (&http.Client{Transport: transport}).Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}
	ask(10 * time.Second)
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 25 {
				ask(rand.N(40 * time.Millisecond))
			}
		})
	}
	all.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before+5 {
		if time.Now().After(deadline) {
			var left strings.Builder
			_ = pprof.Lookup("goroutine").WriteTo(&left, 1)
			t.Fatalf("%d goroutines, %d before: %s", runtime.NumGoroutine(), before, &left)
		}
		time.Sleep(10 * time.Millisecond) // their end is no event that one could wait for
	}
}
