//go:build unix && !linux

package hub

import "syscall"

// writeNow is write(2) on a socket that does not block.
func writeNow(fd uintptr, data []byte) (int, error) { return syscall.Write(int(fd), data) }
