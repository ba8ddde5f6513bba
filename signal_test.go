//go:build unix

package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// TestEndsInOrder: each of the signals that end programs has the server tell its
// clients to move, and end with 0; that of a closed terminal only where the
// server was not started to outlive it.
func TestEndsInOrder(t *testing.T) {
	apart(t)
	// What handles a signal leaves it to its children as usual, whatever the
	// tests themselves were started to outlive.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	defer signal.Stop(handled)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		for _, nohup := range []bool{false, true} {
			t.Run(fmt.Sprint(sig, " nohup ", nohup), func(t *testing.T) {
				var by []string
				if nohup {
					by = []string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}
				}
				c := spawnBy(t, by, filepath.Join(t.TempDir(), "data"), dbtest.SQLite(t), "-limits", "off")
				p := (&node{t: t}).join(c.public, "13900000001")
				l := p.connect()
				check(t, c.cmd.Process.Signal(sig))
				if sig == syscall.SIGHUP && nohup {
					p.must("/user/me", nil, nil)
					return
				}
				l.await(model.CmdMove, "")
				if err := c.cmd.Wait(); err != nil {
					t.Errorf("ended with %v", err)
				}
			})
		}
	}
}
