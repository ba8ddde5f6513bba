//go:build linux

package faults

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mariadb is a database server that the test may kill and freeze.
type mariadb struct {
	*testing.T
	dir, daemon string
	host        string
	port        int
	cmd         *exec.Cmd
	ended       chan struct{}
}

func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if path := "/usr/sbin/" + name; exec.CommandContext(context.Background(), "test", "-x", path).Run() == nil {
		return path
	}
	return ""
}

// newMariaDB makes a data folder and starts a server on it, at an address of
// this machine.
func newMariaDB(t *testing.T, host string) *mariadb {
	t.Helper()
	daemon, install := find("mariadbd"), find("mariadb-install-db")
	if daemon == "" || install == "" {
		t.Skip("mariadbd is not installed (apt-get install mariadb-server)")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	d := &mariadb{T: t, dir: t.TempDir(), daemon: daemon, host: host, port: l.Addr().(*net.TCPAddr).Port}
	_ = l.Close()
	out, err := exec.CommandContext(t.Context(), install, "--no-defaults", "--datadir="+d.dir+"/data", "--skip-test-db",
		"--auth-root-authentication-method=normal", "--user="+whoami()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	initial := "CREATE DATABASE IF NOT EXISTS hongyan CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n" +
		"CREATE USER IF NOT EXISTS 'hongyan'@'%' IDENTIFIED BY 'hongyan';\nGRANT ALL ON *.* TO 'hongyan'@'%';\n"
	if err := os.WriteFile(filepath.Join(d.dir, "init.sql"), []byte(initial), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start()
	t.Cleanup(d.kill)
	return d
}

func whoami() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

// start starts the server on what is there and waits until it answers.
func (d *mariadb) start() {
	d.Helper()
	d.cmd = exec.CommandContext(context.Background(), d.daemon, "--no-defaults", "--datadir="+d.dir+"/data", "--bind-address="+d.host,
		fmt.Sprintf("--port=%d", d.port), "--socket="+d.dir+"/s", "--pid-file="+d.dir+"/pid", "--init-file="+d.dir+"/init.sql",
		"--skip-name-resolve", "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M", "--skip-log-bin", "--user="+whoami())
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	d.ended = make(chan struct{})
	if err := d.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	go func() { _ = d.cmd.Wait(); close(d.ended) }()
	pool := d.pool()
	defer func() { _ = pool.Close() }()
	await(d.T, "MariaDB", func() bool { return pool.PingContext(d.Context()) == nil })
}

func (d *mariadb) pool() *sql.DB {
	pool, err := sql.Open("mysql", fmt.Sprintf("hongyan:hongyan@tcp(%s:%d)/hongyan", d.host, d.port))
	if err != nil {
		d.Fatal(err)
	}
	return pool
}

func (d *mariadb) kill() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

func (d *mariadb) signal(s syscall.Signal) {
	d.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.Fatal(err)
	}
}

// TestDatabaseAway: the database is frozen, then killed. Senders are told to try
// again, sockets stay, and acks come again when it is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	away := 5 * time.Second
	if long() {
		away = 30 * time.Second
	}
	d := newMariaDB(t, "127.0.0.1")
	s := spawn(t, t.TempDir(), "-db", fmt.Sprintf("mysql://hongyan:hongyan@127.0.0.1:%d/hongyan", d.port))
	w := newTown(t, s.public)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { w.talk(ctx, s.public, 8) })
	for _, fault := range []struct {
		name       string
		hit, unhit func()
	}{
		{"frozen", func() { d.signal(syscall.SIGSTOP) }, func() { d.signal(syscall.SIGCONT) }},
		{"killed", d.kill, d.start},
	} {
		before := w.acked.Load()
		await(t, "acks", func() bool { return w.acked.Load() > before+50 })
		quick := s.rss(t)
		w.mu.Lock()
		clear(w.refused)
		w.longest = 0
		w.mu.Unlock()
		began := time.Now()
		fault.hit()
		told := await(t, fault.name+": a refusal", func() bool { return w.has("unavailable") > 0 })
		time.Sleep(away - min(away, time.Since(began))) // the database is away that long
		most := s.rss(t)
		fault.unhit()
		before = w.acked.Load()
		took := await(t, fault.name+": an ack: "+s.log.String(), func() bool { return w.acked.Load() > before })
		w.calm(t)
		w.mu.Lock()
		t.Logf("%s for %v: first told after %v, each waited %v at most, %d refusals; first ack %v after its return; RSS %d MB, before %d MB",
			fault.name, time.Since(began)-took, told, w.longest, w.refused["unavailable"], took, most>>20, quick>>20)
		goal(t, fault.name+": until a sender is told", w.longest, 2*time.Second)
		goal(t, fault.name+": until the first ack after its return", took, 3*time.Second)
		goal(t, fault.name+": RSS", most, quick+quick/5)
		w.mu.Unlock()
	}
	stop()
	all.Wait()
	w.asked(t, s.public)
	pool := d.pool()
	defer func() { _ = pool.Close() }()
	if l := w.judge(pool); !l.none() {
		t.Errorf("lost %+v", l)
	}
	t.Logf("0 lost of %d", len(w.acks))
}
