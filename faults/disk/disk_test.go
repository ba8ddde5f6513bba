//go:build linux

package disk

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// onMount runs a shell script on the disk: this process must not look into its
// own mount.
func onMount(t *testing.T, d *Disk, script string) string {
	t.Helper()
	at := t.TempDir()
	unmount, err := d.Mount(at)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "D="+at)
	out, err := cmd.CombinedOutput()
	if err := unmount(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}

func need(t *testing.T) {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip("no FUSE here, which takes root and /dev/fuse:", err)
	}
}

// A power cut takes what was not made durable, content and names, and leaves
// what was.
func TestPowerCut(t *testing.T) {
	need(t)
	d := New()
	out := onMount(t, d, `cd $D && mkdir dir && echo kept >dir/kept && sync dir/kept && sync dir && sync . &&
		echo lost >>dir/kept && echo lost >dir/lost && sync dir/lost && echo x >away && sync away && cat dir/kept && cd / `)
	if out != "kept\nlost\n" {
		t.Fatalf("read back %q", out)
	}
	d.Cut()
	if out := onMount(t, d, `echo x >$D/y`); !strings.Contains(out, "Input/output error") {
		t.Errorf("without power: %q", out)
	}
	d.Restore(nil)
	if files := d.Files(); !slices.Equal(files, []string{"dir/kept"}) {
		t.Errorf("left: %v", files)
	}
	if out := onMount(t, d, `cat $D/dir/kept; echo more >>$D/dir/kept; cat $D/dir/kept`); out != "kept\nkept\nmore\n" {
		t.Errorf("read back %q", out)
	}
}

// Chance may write anything that was under way, and touches nothing durable.
func TestChance(t *testing.T) {
	need(t)
	d := New()
	onMount(t, d, `cd $D && head -c 4096 /dev/zero | tr '\0' a >f && sync f && sync . && head -c 8192 /dev/zero | tr '\0' b >>f; cd /`)
	d.Cut()
	d.Restore(rand.New(rand.NewPCG(1, 2)))
	out := onMount(t, d, `cat $D/f`)
	if !strings.HasPrefix(out, strings.Repeat("a", 4096)) || !strings.Contains(out, "b") || strings.Count(out, "b") == 8192 {
		t.Errorf("%d bytes, %d of them written by chance", len(out), strings.Count(out, "b"))
	}
}

// A sync that failed has lost what it was for, whatever the next one says.
func TestFailedSync(t *testing.T) {
	need(t)
	d := New()
	first := true
	d.SetFault(func(op Op) Fault {
		if op.Kind == Sync && first {
			first = false
			return Fault{Errno: syscall.EIO}
		}
		return Fault{}
	})
	out := onMount(t, d, `cd $D && echo word >f; sync . ; sync f || echo failed; sync f && cat f; cd /`)
	if !strings.Contains(out, "failed\nword\n") {
		t.Fatalf("%q", out)
	}
	d.Cut()
	d.Restore(nil)
	if out := onMount(t, d, `tr '\0' 0 <$D/f`); out != "00000" {
		t.Errorf("after the cut: %q", out)
	}
}

func TestQuotaAndTornWrites(t *testing.T) {
	need(t)
	d := New()
	d.SetQuota(1000)
	out := onMount(t, d, `cd $D && head -c 2000 /dev/zero >f; wc -c <f; rm f; head -c 900 /dev/zero >g && wc -c <g; cd /`)
	if !strings.Contains(out, "No space left") || !strings.HasSuffix(out, "1000\n900\n") || d.Used() != 900 {
		t.Errorf("%q, %d used", out, d.Used())
	}
	d.SetQuota(0)
	d.SetFault(func(op Op) Fault {
		if op.Kind == Write && op.Path == "torn" {
			return Fault{Errno: syscall.EIO, Keep: 3}
		}
		return Fault{}
	})
	if out := onMount(t, d, `cd $D; echo 123456 >torn; cat torn; cd /`); !strings.Contains(out, "rror") || !strings.HasSuffix(out, "123") {
		t.Errorf("%q", out)
	}
}
