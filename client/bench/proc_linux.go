package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// measurable: what another process uses can be read here.
const measurable = true

// tick is the unit of /proc/PID/stat: 1/100 s on every Linux there is.
const tick = 10 * time.Millisecond

// processorTime is what a process has used of the processors, zero if it is not
// there.
func processorTime(pid int) time.Duration {
	if pid <= 0 {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
	fields := strings.Fields(after)
	const user, system = 11, 12 // counted from the state
	if len(fields) <= system {
		return 0
	}
	return tick * time.Duration(atoi(fields[user])+atoi(fields[system]))
}

func ownTime() time.Duration { return processorTime(os.Getpid()) }

// residentMemory is a process's memory in bytes, zero if it is not there.
func residentMemory(pid int) int64 { return 1024 * statusKB(pid, "VmRSS:") }

func statusKB(pid int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if pid <= 0 || err != nil {
		return 0
	}
	return fieldKB(string(text), name)
}

func fieldKB(text, name string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return int64(atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB")))
		}
	}
	return 0
}

func atoi(text string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(text)) // the kernel wrote it
	return n
}

// processor names the machine's processor, memory and system.
func hardware() (processor string, memory int64, system string) {
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		memory = 1024 * fieldKB(string(text), "MemTotal:")
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		system = "Linux " + strings.TrimSpace(string(text))
	}
	return processor, memory, system
}
