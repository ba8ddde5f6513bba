// Package guard is the net under goroutines: what panics in one is logged and
// counted, and takes nothing else with it. It imports the standard library only.
package guard

import (
	"log/slog"
	"runtime/debug"
)

// Run calls fn and returns when fn has ended, a panic included: that is counted
// and logged with its stack, where naming the place. count may be nil.
func Run(log *slog.Logger, count func(), where string, fn func()) {
	defer func() {
		if r := recover(); r != nil {
			if count != nil {
				count()
			}
			log.Error("panic", "where", where, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	fn()
}
