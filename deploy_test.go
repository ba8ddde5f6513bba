package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/model"
)

// front is a real nginx before nodes.
type front struct {
	t      *testing.T
	base   string // where it is reached
	prefix string
	port   string
	cmd    *exec.Cmd
}

// nginx runs deploy/nginx.conf before nodes, but for its addresses.
func nginx(t *testing.T, nodes ...string) *front {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("nginx is not installed: skipping deploy/nginx.conf (apt-get install nginx)")
		}
	}
	f := &front{t: t, prefix: t.TempDir(), port: freePort(t)}
	f.base = "http://127.0.0.1:" + f.port
	f.list(nodes)
	main := fmt.Sprintf("daemon off; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes 1; events { worker_connections 256; }\n"+
		"http { client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;\n"+
		"include %[1]s/site.conf; }\n", f.prefix)
	if os.Getuid() == 0 {
		main = "user root;" + main // its worker reaches the test's folder
	}
	check(t, os.WriteFile(filepath.Join(f.prefix, "nginx.conf"), []byte(main), 0o600))
	var said bytes.Buffer
	f.cmd = exec.CommandContext(context.Background(), program, "-p", f.prefix, "-e", f.prefix+"/error.log", "-c", f.prefix+"/nginx.conf")
	f.cmd.Stderr = &said
	check(t, f.cmd.Start())
	t.Cleanup(func() {
		_ = f.cmd.Process.Signal(os.Interrupt)
		_ = f.cmd.Wait() // its end is all that matters
	})
	deadline := time.Now().Add(10 * time.Second)
	for {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", "127.0.0.1:"+f.port)
		if err == nil {
			_ = conn.Close()
			return f
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not start: %v %s", err, &said)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// list writes the configuration with the nodes given.
func (f *front) list(nodes []string) {
	f.t.Helper()
	site, err := os.ReadFile("deploy/nginx.conf")
	check(f.t, err)
	text := string(site)
	const own, options = "server 127.0.0.1:8080", " max_fails=1 fail_timeout=2s;"
	servers := ""
	for _, address := range nodes {
		servers += "server " + strings.TrimPrefix(address, "http://") + options + "\n"
	}
	for old, replacement := range map[string]string{
		own + options:                servers,
		"listen 80;":                 "listen 127.0.0.1:" + f.port + ";",
		"listen [::]:80;":            "",
		"/var/log/nginx/hongyan.log": f.prefix + "/access.log",
	} {
		if !strings.Contains(text, old) {
			f.t.Fatalf("deploy/nginx.conf has no %q", old)
		}
		text = strings.Replace(text, old, replacement, 1)
	}
	check(f.t, os.WriteFile(filepath.Join(f.prefix, "site.conf"), []byte(text), 0o600))
}

func freePort(t *testing.T) string {
	t.Helper()
	var binder net.ListenConfig
	l, err := binder.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

func TestBehindNginx(t *testing.T) {
	n := start(t, "-trusted-proxies", "127.0.0.1", "-max-upload", "1MB", "-log-level", "debug")
	base := nginx(t, n.public).base

	a, b := n.pair(base)
	la, lb := a.connect(), b.connect()
	if m := la.outcome(b.id, "c1", "through the proxy"); m.Cmd != model.CmdAck {
		t.Fatalf("sent through nginx: %+v", m)
	}
	if m := lb.await(model.CmdSingle, ""); m.Content != "through the proxy" {
		t.Errorf("b got %+v", m)
	}

	t.Run("too large is refused by the application", func(t *testing.T) {
		for size, want := range map[int]int{1 << 20: http.StatusOK, 1<<20 + 1: http.StatusRequestEntityTooLarge} {
			status, body := a.upload(t, size)
			if status != want {
				t.Errorf("%d bytes: %d %s, want %d", size, status, body, want)
			}
			if status == http.StatusRequestEntityTooLarge && !strings.Contains(body, `"error":"too_large"`) {
				t.Errorf("the refusal is not the application's: %s", body)
			}
		}
	})

	t.Run("a page's own origin may act, another may not", func(t *testing.T) {
		for origin, want := range map[string]int{base: http.StatusOK, "https://evil.example": http.StatusForbidden} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/user/me", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+a.token)
			r.Header.Set("Origin", origin)
			w, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = w.Body.Close()
			if w.StatusCode != want {
				t.Errorf("from %s: %d, want %d", origin, w.StatusCode, want)
			}
		}
	})
}

// upload sends a file of a size.
func (p *person) upload(t *testing.T, size int) (status int, body string) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "notes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(bytes.Repeat([]byte("x"), size)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/attach/upload", &form)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
