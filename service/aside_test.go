package service

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWaitingKeepsASmallStack: who waits for a value or for a QR login keeps no
// stack that a query has grown.
func TestWaitingKeepsASmallStack(t *testing.T) {
	const count, few, most = 500, 10, 6 << 10
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection halves stacks that are too large
	d := openSQLite(t)
	wakes := NewWakes(d, nil, time.Now)
	logins := NewQRLoginService(d, nil, wakes, time.Now)
	values := NewStatusService(d, nil, wakes, time.Now)
	made, err := logins.New(t.Context(), Device{})
	if err != nil {
		t.Fatal(err)
	}
	for what, wait := range map[string]func(ctx context.Context) error{
		"StatusService).Get": func(ctx context.Context) error { _, err := values.Get(ctx, "k", patience); return err },
		"QRLoginService).Wait": func(ctx context.Context) error {
			_, err := logins.Wait(ctx, made.Ticket, made.Secret, "", Device{}, patience)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			var all sync.WaitGroup
			runtime.GC()
			before := stacks()
			for parked := 0; parked < count; {
				for range few { // what looks at the same time needs stacks too
					all.Go(func() {
						if err := wait(ctx); err != nil {
							t.Error(err)
						}
					})
				}
				parked += few
				for end := time.Now().Add(patience); selecting(what) < parked; time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("not all wait")
					}
				}
			}
			each := (stacks() - before) / count
			t.Logf("%d bytes of stack each", each)
			if each > most {
				t.Errorf("who waits keeps %d bytes of stack, more than %d", each, most)
			}
			leave()
			all.Wait()
		})
	}
}

// stacks gives the bytes of all stacks.
func stacks() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse)
}

// selecting counts the goroutines that wait in a method for one of several things.
func selecting(method string) (count int) {
	text := make([]byte, 16<<20)
	text = text[:runtime.Stack(text, true)]
	for each := range strings.SplitSeq(string(text), "\n\n") {
		head, calls, _ := strings.Cut(each, "\n")
		if call, _, _ := strings.Cut(calls, "\n"); strings.Contains(head, "[select") && strings.Contains(call, method) {
			count++
		}
	}
	return count
}
