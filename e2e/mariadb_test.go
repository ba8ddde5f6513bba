package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// findServer gives the path of a program of MariaDB's, or "".
func findServer(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if path := filepath.Join("/usr/sbin", name); fileExists(path) {
		return path
	}
	return ""
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// startMariaDB starts a database server for several nodes and gives the source
// of an empty database. Its end is that of the test.
func startMariaDB(t *testing.T) string {
	t.Helper()
	daemon, install := findServer("mariadbd"), findServer("mariadb-install-db")
	if daemon == "" || install == "" {
		t.Skip("mariadbd is not installed (apt-get install mariadb-server)")
	}
	dir, err := os.MkdirTemp("", "hongyan-e2e-db-") // a short path: the socket's name is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	common := []string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data")}
	if os.Geteuid() == 0 {
		common = append(common, "--user=root")
	}
	if out, err := exec.Command(install, append(common, "--skip-test-db", "--auth-root-authentication-method=normal")...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", install, err, out)
	}
	initial := filepath.Join(dir, "init.sql")
	setUp := "CREATE DATABASE hongyan CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\nCREATE USER 'hongyan'@'127.0.0.1' IDENTIFIED BY 'hongyan';\nGRANT ALL ON *.* TO 'hongyan'@'127.0.0.1';\n"
	if err := os.WriteFile(initial, []byte(setUp), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	server := exec.Command(daemon, append(common, "--bind-address=127.0.0.1", fmt.Sprint("--port=", port), "--socket="+filepath.Join(dir, "s"),
		"--pid-file="+filepath.Join(dir, "pid"), "--init-file="+initial, "--skip-name-resolve", "--innodb-buffer-pool-size=32M", "--skip-log-bin")...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // its data goes with it
		_ = server.Wait()
	})
	awaitPort(t, port)
	return fmt.Sprintf("mysql://hongyan:hongyan@127.0.0.1:%d/hongyan", port)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// awaitPort waits until somebody listens; there is no event to wait for.
func awaitPort(t *testing.T, port int) {
	t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens at %d: %v", port, err)
		}
	}
}
