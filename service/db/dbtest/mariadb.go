package dbtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"hongyan/util/freeport"

	"go.uber.org/goleak"
)

// mariadb is a server of this test process.
type mariadb struct {
	port int
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// server is started by the first test that asks and ended by Main.
var server = sync.OnceValues(start)

// started tells Main whether there is a server to end.
var started *mariadb

// Main is the TestMain of a package that uses MySQL: it runs the tests, ends the
// database server they started, and fails if a goroutine of theirs goes on.
func Main(m *testing.M) int {
	code := m.Run()
	if started != nil {
		started.stop()
	}
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// start makes a data directory and starts mariadbd on a free port; nil without
// an error where MariaDB is not installed.
func start() (*mariadb, error) {
	daemon, install := find("mariadbd", "mysqld"), find("mariadb-install-db", "mysql_install_db")
	if daemon == "" || install == "" {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "hongyan-mariadb-")
	if err != nil {
		return nil, err
	}
	s := &mariadb{dir: dir, done: make(chan struct{})}
	if err := s.boot(daemon, install); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	started = s
	return s, nil
}

func (s *mariadb) boot(daemon, install string) error {
	data := filepath.Join(s.dir, "data")
	user := []string{}
	if os.Geteuid() == 0 {
		user = append(user, "--user=root")
	}
	initial := filepath.Join(s.dir, "init.sql")
	grant := "CREATE USER 'hongyan'@'127.0.0.1' IDENTIFIED BY 'hongyan';\nGRANT ALL ON *.* TO 'hongyan'@'127.0.0.1';\n"
	if err := os.WriteFile(initial, []byte(grant), 0o600); err != nil {
		return err
	}
	args := append([]string{"--no-defaults", "--datadir=" + data, "--skip-test-db", "--auth-root-authentication-method=normal"}, user...)
	if out, err := exec.CommandContext(context.Background(), install, args...).CombinedOutput(); err != nil { // #nosec G204 -- found by name, not given
		return fmt.Errorf("%s: %w: %s", install, err, out)
	}
	port, err := freeport.Find()
	if err != nil {
		return err
	}
	s.port = port
	args = append([]string{
		"--no-defaults", "--datadir=" + data, "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port),
		"--socket=" + filepath.Join(s.dir, "s"), "--pid-file=" + filepath.Join(s.dir, "pid"), "--init-file=" + initial,
		"--skip-name-resolve", "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M", "--skip-log-bin",
	}, user...)
	var out bytes.Buffer
	s.cmd = exec.CommandContext(context.Background(), daemon, args...) // #nosec G204 -- found by name, not given
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	// The server must not outlive a test process that is killed.
	s.cmd.SysProcAttr = dieWithParent()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() { _ = s.cmd.Wait(); close(s.done) }()
	if err := s.await(); err != nil {
		s.stop()
		return fmt.Errorf("%s: %w: %s", daemon, err, out.String())
	}
	return nil
}

// await asks until the server answers; there is no event to wait for.
func (s *mariadb) await() error {
	pool, err := sql.Open("mysql", fmt.Sprintf("hongyan:hongyan@tcp(127.0.0.1:%d)/", s.port))
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := pool.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-s.done:
			return errors.New("ended at start")
		case <-ctx.Done():
			return errors.New("does not answer within a minute")
		case <-tick.C:
		}
	}
}

func (s *mariadb) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGKILL) // its data goes with it
		<-s.done
	}
	_ = os.RemoveAll(s.dir)
}

func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		if path := filepath.Join("/usr/sbin", name); isFile(path) {
			return path
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
