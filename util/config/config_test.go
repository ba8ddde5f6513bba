package config

import (
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hongyan.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, args, env []string) *Config {
	t.Helper()
	c, err := Load(args, env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c := load(t, nil, []string{"HOME=/root", "PATH=/bin"})
	if c.Listen != ":8080" || c.Internal != "127.0.0.1:8081" || c.Data != "./data" || !c.Limits || c.ClassicTokens {
		t.Errorf("defaults are %+v", c)
	}
	if want := "sqlite:" + filepath.Join("data", "hongyan.db"); c.DB != want {
		t.Errorf("db = %q, want %q", c.DB, want)
	}
	if want := "local:" + filepath.Join("data", "files"); c.Blob != want {
		t.Errorf("blob = %q, want %q", c.Blob, want)
	}
	if c.MaxUpload != 64<<20 || c.Quota != 2<<30 || c.RecallWindow != 2*time.Minute || c.DrainTimeout != 15*time.Second {
		t.Errorf("limits are %+v", c)
	}
}

func TestFlagsWinOverEnvironmentOverFile(t *testing.T) {
	path := write(t, "listen = ':1001'\ninternal = ':1002'\nlog = 'json'\nlimits = false\n"+
		"allowed-origins = ['https://a.example', 'https://b.example']\nsessions-per-user = 3\n")
	c := load(t, []string{"-config", path, "-listen=:3001"}, []string{"HONGYAN_LISTEN=:2001", "HONGYAN_INTERNAL=:2002"})
	if c.Listen != ":3001" || c.Internal != ":2002" || c.Log != "json" || c.Limits || c.SessionsPerUser != 3 {
		t.Errorf("got %+v", c)
	}
	if want := []string{"https://a.example", "https://b.example"}; !reflect.DeepEqual(c.AllowedOrigins, want) {
		t.Errorf("origins %v, want %v", c.AllowedOrigins, want)
	}
	if c := load(t, nil, []string{"HONGYAN_CONFIG=" + path}); c.Listen != ":1001" {
		t.Errorf("HONGYAN_CONFIG was not read: %q", c.Listen)
	}
}

func TestEveryFormOfAFlag(t *testing.T) {
	for _, args := range [][]string{{"-listen", ":9"}, {"--listen", ":9"}, {"-listen=:9"}, {"--listen=:9"}} {
		if c := load(t, args, nil); c.Listen != ":9" {
			t.Errorf("%q: listen = %q", args, c.Listen)
		}
	}
	if c := load(t, []string{"-internal", "", "-trusted-proxies", "10.1.2.3/8, 127.0.0.1"}, nil); c.Internal != "" ||
		!reflect.DeepEqual(c.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}) {
		t.Errorf("got %+v", c)
	}
	if _, err := Load([]string{"-h"}, nil); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestRelay(t *testing.T) {
	c := load(t, []string{"-turn", "auto", "-turn-public", "203.0.113.9", "-turn-only", "on"}, nil)
	if c.Turn != ":3478" || c.TurnPublic != netip.MustParseAddr("203.0.113.9") || c.TurnPorts != (Ports{49160, 49959}) || c.TurnLAN || !c.TurnOnly {
		t.Errorf("got %+v", c)
	}
	if c := load(t, nil, nil); c.Turn != "" || c.CallRing != time.Minute {
		t.Errorf("by default: %+v", c)
	}
}

func TestAllFaultsAtOnceWithTheirOrigin(t *testing.T) {
	path := write(t, "listne = ':1'\nlog = 'xml'\n[cluster]\nnode = 1\n")
	_, err := Load(
		[]string{"-config", path, "-lisetn", ":1", "-max-upload", "huge", "stray", "-oss-key-secret", "s3cret"},
		[]string{"HONGYAN_LIMITS=maybe", "HONGYAN_PROT=1", "HONGYAN_BUS=redis://192.168.0.255:3000", "HONGYAN_OSS_KEY_ID_FILE=/nowhere/at/all"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"listne: unknown key (from file " + path, "cluster.node: unknown key", `log: "xml"`, "-lisetn: unknown option",
		`max-upload: "huge"`, `"stray": not an option`, "-oss-key-secret: a secret on the command line",
		`limits: "maybe": want on or off (from environment HONGYAN_LIMITS)`, "HONGYAN_PROT: unknown environment variable",
		`bus: want local, udp://`, "oss-key-id: open /nowhere/at/all",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error repeats a secret:\n%v", err)
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 11 {
		t.Errorf("%d faults, want 11:\n%v", n, err)
	}
}

func TestBadValues(t *testing.T) {
	for _, args := range [][]string{
		{"-listen", "8080"}, {"-listen", ":99999"}, {"-listen", ""}, {"-listen"}, {"-data", ""}, {"-db", "postgres://x/y"},
		{"-db", "mysql://host"}, {"-db", "sqlite:"}, {"-blob", "s3://x"}, {"-blob", "oss://bucket"}, {"-bus", "redis://x:4222"}, {"-bus", "udp://192.168.0.255:3000"}, {"-bus", "nats+embedded://0.0.0.0:6222"}, {"-bus", "nats://"},
		{"-limits", "1"}, {"-log-level", "loud"}, {"-tls-cert", "a.pem"}, {"-allowed-origins", "chat.example.com"},
		{"-allowed-origins", "https://a.example/path"}, {"-allowed-origins", "*"}, {"-trusted-proxies", "proxy"},
		{"-max-upload", "0"}, {"-max-upload", "-1"}, {"-max-upload", "9999999999TB"}, {"-recall-window", "2"}, {"-sessions-per-user", "0"},
		{"-listen", ":8081", "-internal", ":8081"}, {"-config", "/nowhere/at/all.toml"},
		{"-blob", "oss://bucket?endpoint=oss-cn-hangzhou.aliyuncs.com"},
		{"-advertise", "node1"}, {"-advertise", "https://a.example/x"}, {"-turn", "relay"}, {"-turn-public", "relay.example"}, {"-turn-public", "0.0.0.0"}, {"-turn-ports", "1-2"}, {"-turn-ports", "5000"},
		{"-turn-ports", "6000-5000"}, {"-turn-ports", "5000-70000"}, {"-turn-only", "on"}, {"-call-ring", "0s"},
	} {
		if c, err := Load(args, nil); err == nil {
			t.Errorf("%q was accepted: %+v", args, c)
		}
	}
}

func TestSecretsAreReadFromFilesAndNotPrinted(t *testing.T) {
	env := []string{
		"HONGYAN_DB_FILE=" + write(t, "mysql://hongyan:pass-w0rd@db.example:3306/chat\n"),
		"HONGYAN_OSS_KEY_ID=key-1d",
		"HONGYAN_OSS_KEY_SECRET_FILE=" + write(t, "key-s3cret\n"),
	}
	c := load(t, []string{"-blob", "oss://bucket?endpoint=oss-cn-hangzhou.aliyuncs.com"}, env)
	if c.DB != "mysql://hongyan:pass-w0rd@db.example:3306/chat" || c.OSSKeySecret != "key-s3cret" {
		t.Errorf("secrets were not read: %+v", c)
	}
	text := c.Print()
	for _, secret := range []string{"pass-w0rd", "key-1d", "key-s3cret"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is printed:\n%s", secret, text)
		}
	}
	for _, want := range []string{`db = "mysql://hongyan:xxxxx@db.example:3306/chat" # environment HONGYAN_DB_FILE`, `listen = ":8080" # default`,
		"# HONGYAN_OSS_KEY_ID: set, from environment HONGYAN_OSS_KEY_ID"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestBusPasswordsAreNotPrinted(t *testing.T) {
	c := load(t, []string{"-bus", "nats://u:hunter2@a:4222,v:hunter3@b:4222"}, []string{"HONGYAN_BUS_SECRET=0123456789abcdef"})
	if text := c.Print(); strings.Contains(text, "hunter") || strings.Contains(text, "0123456789") || !strings.Contains(text, "nats://u:xxxxx@a:4222,v:xxxxx@b:4222") {
		t.Errorf("printed:\n%s", text)
	}
}

func TestPrintIsAConfigurationFile(t *testing.T) {
	first := load(t, []string{"-listen", ":1", "-allowed-origins", "https://a.example", "-log-level", "debug"}, nil)
	second := load(t, []string{"-config", write(t, first.Print())}, nil)
	first.origin, second.origin = nil, nil
	if !reflect.DeepEqual(first, second) {
		t.Errorf("read back\n%+v, want\n%+v", second, first)
	}
}

func TestUsageNamesEveryOption(t *testing.T) {
	for _, o := range options() {
		if u := Usage(); !strings.Contains(u, o.key+" ") && !strings.Contains(u, o.env()) {
			t.Errorf("%s is not in the usage", o.key)
		}
	}
}

func TestReadersNeedNoLock(t *testing.T) {
	c := load(t, nil, nil)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if c.Listen != ":8080" || c.Print() == "" {
				t.Error("the configuration changed")
			}
		})
	}
	all.Wait()
}

func FuzzFile(f *testing.F) {
	f.Add("listen = ':8080'\n")
	f.Add("[a]\nb = [1, {c = 2}]\n")
	f.Add("limits = true\nquota = 1e400\n")
	f.Add("\x00\xff = \"\\u0000\"")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "f.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load([]string{"-config", path}, nil)
		if (c == nil) == (err == nil) {
			t.Errorf("config %v and error %v", c, err)
		}
	})
}
