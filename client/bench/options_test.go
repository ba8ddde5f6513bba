package bench

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBadCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		"":                                   "which test",
		"quick":                              `no test is called "quick"`,
		"idle -n 5":                          "-n",
		"idle stray":                         `"stray" is no option`,
		"fanout -rate 0":                     `-rate "0"`,
		"fanout -rate 20,fast":               `-rate "fast"`,
		"fanout -window 65":                  `-window "65"`,
		"fanout -members 1":                  "-members 1: want 2",
		"fanout -body 3":                     "-body 3",
		"fanout -for 0s":                     "-for",
		"fanout -against tinode":             `-against "tinode"`,
		"pairs -db postgres://x/y":           "-db: want mysql://",
		"pairs -pid 5":                       "only with -addr",
		"pairs -addr localhost:8080":         `-addr "localhost:8080"`,
		"pairs -addr http://h/path":          "-addr",
		"pairs -addr http://h -db mysql://x": "-addr and -db",
		"restart -addr http://h":             "starts one of its own",
		"all -addr http://h":                 "starts one of its own",
		"idle -addr http://h -key-file /no/such/file": "/no/such/file",
		"limit -mode fast":                            `-mode "fast"`,
		"limit stray":                                 "want one of",
	} {
		err := Run(t.Context(), strings.Fields(line), Host{}, io.Discard, io.Discard)
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
	err := Run(t.Context(), strings.Fields("fanout -members 1 -pairs 0 -rate x"), Host{}, io.Discard, io.Discard)
	if err == nil || strings.Count(err.Error(), "\n") < 3 {
		t.Errorf("not all faults at once: %v", err)
	}
}

func TestHelp(t *testing.T) {
	for _, word := range []string{"help", "-h", "-help", "--help", "pairs -help", "all -sockets 5 -h"} {
		var out strings.Builder
		if err := Run(t.Context(), strings.Fields(word), Host{}, &out, io.Discard); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s: %v", word, err)
		}
		for _, want := range append(tests(), "-sockets", "-svg", "bench limit") {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s does not tell of %s", word, want)
			}
		}
	}
}

func TestTooFewFiles(t *testing.T) {
	err := Run(t.Context(), []string{"idle", "-sockets", "1000000"}, Host{}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "ulimit -n 1000200") {
		t.Skipf("this process may have a million sockets: %v", err)
	}
}

func TestOptions(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := parse(strings.Fields("fanout -addr https://chat.example -internal 10.0.0.1:81 -key-file "+key+" -rate 20,5.5 -window 1,64 -against none -members 10"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.addr != "https://chat.example:443" || o.internal != "http://10.0.0.1:81" || o.key != "s3cret" || len(o.against) != 0 {
		t.Errorf("got %+v", o)
	}
	if got := o.loads(); len(got) != 4 || got[1].String() != "5.5/s" || got[3].String() != "W=64" {
		t.Errorf("loads %v", got)
	}
	if n := o.accounts(); n != 10 {
		t.Errorf("%d accounts", n)
	}
	if store(o) != "that of https://chat.example:443" || store(&options{db: "mysql://me:s3cret@h:1/d"}) != "mysql://me:xxxxx@h:1/d" {
		t.Error("the store's name")
	}
}
