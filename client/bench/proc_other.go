//go:build !linux

package bench

import (
	"runtime"
	"time"
)

// measurable: what another process uses is not read here.
const measurable = false

func processorTime(int) time.Duration { return 0 }

func ownTime() time.Duration { return 0 }

func residentMemory(int) int64 { return 0 }

func hardware() (processor string, memory int64, system string) {
	return runtime.GOARCH, 0, runtime.GOOS
}
