//go:build unix

package verify

import "syscall"

// Freeze stops the server where it is.
func (c *Child) Freeze() error { return c.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (c *Child) Thaw() error { return c.cmd.Process.Signal(syscall.SIGCONT) }
