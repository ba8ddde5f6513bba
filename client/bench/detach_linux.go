package bench

import (
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl+C from reaching the child directly, as its
// end is in order, and lets none outlive a generator that is killed.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
