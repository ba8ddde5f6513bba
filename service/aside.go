package service

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// lookPatience bounds one look into the database; what was not seen is asked for
// again.
const lookPatience = 5 * time.Second

// aside looks on a stack of its own: one that a query has grown stays as large
// for as long as its goroutine waits, and many wait (measured: 31 kB each became
// what doc/benchmarks.md says). What it does for somebody who leaves meanwhile it
// does to the end: the caller learns what there is to be given back.
func aside[T any](ctx context.Context, look func(context.Context) (T, error)) (seen T, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A child would leave the request's context larger for as long as it waits.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookPatience)
		defer cancel()
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic in a look: %v\n%s", r, debug.Stack())
			}
		}()
		seen, err = look(ctx)
	}()
	<-done
	return seen, err
}
