package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// noise writes a file that nothing makes smaller, and gives its hash.
func noise(t *testing.T, name string, size int) (path, hash string) {
	t.Helper()
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data)
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return path, hex.EncodeToString(sum[:])
}

// hashOf is JavaScript for the hash of what a link leads to.
func hashOf(css string) string {
	return fmt.Sprintf(`fetch(document.querySelector(%q).href).then((r) => r.arrayBuffer()).then((b) => crypto.subtle.digest('SHA-256', b))
		.then((h) => [...new Uint8Array(h)].map((n) => n.toString(16).padStart(2, '0')).join(''))`, css)
}

func calls(path string) string {
	return fmt.Sprintf("performance.getEntriesByType('resource').filter((e) => e.name.endsWith(%q)).length", path)
}

const (
	fileSize = 6 << 20
	slowRate = 1 << 20
)

// TestUploadGoesOnAfterAReload leaves the page in the middle of a file, without
// a line at first: the file goes on where it was and comes whole.
func TestUploadGoesOnAfterAReload(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	path, want := noise(t, "备份.bin", fileSize)
	ann.sends(slowRate)
	ann.choose("hy-composer input[data-for=file]", path)
	ann.until("a third of it", "store.pending(10, "+id(bo)+")[0]?.progress > 0.4")
	ann.until("how far it is", "/已上传 \\d/.test(document.querySelector('article.own .uploading')?.textContent)")
	ann.shot("upload-phone")
	ann.wire.cut()
	ann.open("/c/10-" + id(bo))
	ann.store()
	ann.until("the file waiting", "store.pending(10, "+id(bo)+")[0]?.upload && store.connection.peek().state !== 'online'")
	ann.see("article.own .uploading")
	ann.shot("upload-waiting-phone")
	ann.sends(0)
	ann.wire.mend()
	bo.until("the file", "document.querySelector('article.other .file a')?.textContent.includes('备份.bin')")
	if got := eval[string](bo.person, hashOf("article.other .file a")); got != want {
		t.Errorf("the file came as %s, not %s", got, want)
	}
	if n := eval[int](ann.person, calls("/attach/begin")); n != 0 {
		t.Errorf("it began anew %d times", n)
	}
	if n := eval[int](ann.person, calls("/attach/part")); n == 0 || n > 3 {
		t.Errorf("%d parts after the reload", n)
	}
}

// TestUploadCancel takes a file back while it goes: nobody gets it, and the
// server forgets it.
func TestUploadCancel(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	path, _ := noise(t, "zurück.bin", 3<<20)
	ann.sends(slowRate / 2)
	ann.choose("hy-composer input[data-for=file]", path)
	ann.until("some of it", "store.pending(10, "+id(bo)+")[0]?.progress > 0.1")
	upload := eval[string](ann.person, "store.pending(10, "+id(bo)+")[0].upload")
	ann.click("article.own .uploading button")
	ann.until("it gone", "store.pending(10, "+id(bo)+").length === 0 && !document.querySelector('article.own')")
	ann.sends(0)
	ann.until("the server to forget it", "(globalThis.asked = globalThis.asked || fetch('/attach/state', { method: 'POST', body: new URLSearchParams({ upload: '"+upload+"' }) }).then((r) => { globalThis.answered = r.status; globalThis.asked = null; })) && globalThis.answered === 404")
	ann.say("doch nicht")
	bo.sees("doch nicht")
}

// TestUploadSurvivesAKill kills the server in the middle of a file: it goes on
// with the next one.
func TestUploadSurvivesAKill(t *testing.T) {
	startProduct(t)
	dir, port := t.TempDir(), "0"
	start := func() (*exec.Cmd, string) {
		cmd := exec.Command(filepath.Join(product.dir, "hongyan"), "serve", "-listen", "127.0.0.1:"+port, "-internal", "", "-data", dir, "-limits", "off")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := openLine.FindStringSubmatch(lines.Text()); m != nil {
				return cmd, m[1]
			}
		}
		t.Fatal("the server did not start")
		return nil, ""
	}
	cmd, base := start()
	port = base[len("http://127.0.0.1:"):]
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })

	p := newPerson(t, "安娜", base, desktop)
	p.open("/user/login.shtml")
	group := eval[int64](p, `(async () => {
		const post = async (path, body) => (await (await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).json()).data;
		await post('/user/register', { mobile: '13911112222', passwd: 'correct horse 9', nickname: '安娜' });
		return (await post('/contact/createcommunity', { name: '自己' })).id;
	})()`)
	a := &account{person: p}
	p.open(fmt.Sprintf("/c/11-%d", group))
	a.online()
	path, want := noise(t, "影片.bin", fileSize)
	p.sends(slowRate)
	a.choose("hy-composer input[data-for=file]", path)
	p.until("half of it", fmt.Sprintf("store.pending(11, %d)[0]?.progress > 0.5", group))
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	p.until("that it waits", fmt.Sprintf("store.pending(11, %d)[0]?.state === 'waiting'", group))
	time.Sleep(100 * time.Millisecond) // the port
	cmd, _ = start()
	p.sends(0)
	p.until("the file", fmt.Sprintf("store.pending(11, %d).length === 0 && document.querySelector('article.own .file a')", group))
	if got := eval[string](p, hashOf("article.own .file a")); got != want {
		t.Errorf("the file came as %s, not %s", got, want)
	}
	if n := eval[int](p, calls("/attach/begin")); n != 1 {
		t.Errorf("it began %d times", n)
	}
}
