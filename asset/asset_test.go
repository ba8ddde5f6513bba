package asset_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"hongyan/asset"
	"hongyan/asset/locale"
)

func load(t *testing.T) *asset.Files {
	t.Helper()
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := asset.Load(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	importing = regexp.MustCompile("(?m)(?:\\bfrom\\s*|\\bimport\\s*\\(?\\s*|new URL\\(\\s*)['\"`](\\.[^'\"`]+)['\"`]")
	bare      = regexp.MustCompile(`(?m)^\s*(?:import|export)\b[^'"` + "`" + `;]*\bfrom\s*['"]([^.'"][^'"]*)['"]`)
	cssURL    = regexp.MustCompile(`url\(\s*['"]?([^'")]+)`)
	absolute  = regexp.MustCompile(`(?i)(?:https?|wss?)://[a-z0-9][a-z0-9.-]*\.[a-z]{2,}`)
	iconName  = regexp.MustCompile(`\bicon\(\s*'([a-z0-9-]+)'`)
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)^\s*//.*$`)
)

// Every import and reference leads to an asset, and none to another host.
func TestReferencesResolve(t *testing.T) {
	files := load(t)
	sprite, _ := files.Data("icons.svg")
	for _, name := range files.Names() {
		data, _ := files.Data(name)
		text := comments.ReplaceAllString(string(data), "")
		switch path.Ext(name) {
		case ".js":
			for _, m := range importing.FindAllStringSubmatch(text, -1) {
				for _, target := range targets(m[1]) {
					if full := path.Join(path.Dir(name), target); !files.Has(full) {
						t.Errorf("%s: no asset %s", name, full)
					}
				}
			}
			for _, m := range bare.FindAllStringSubmatch(text, -1) {
				t.Errorf("%s: import of %q is not relative", name, m[1])
			}
			for _, m := range iconName.FindAllStringSubmatch(text, -1) {
				if !strings.Contains(string(sprite), `id="`+m[1]+`"`) {
					t.Errorf("%s: no icon %s", name, m[1])
				}
			}
		case ".css":
			for _, m := range cssURL.FindAllStringSubmatch(text, -1) {
				if !files.Has(path.Join(path.Dir(name), m[1])) {
					t.Errorf("%s: no asset %s", name, m[1])
				}
			}
		}
		if ext := path.Ext(name); ext == ".js" || ext == ".css" {
			for _, host := range absolute.FindAllString(text, -1) {
				if !strings.HasSuffix(host, "//www.w3.org") {
					t.Errorf("%s names another host: %s", name, host)
				}
			}
		}
	}
}

// targets names the modules that an import may mean; the only name made at run
// time is that of a language.
func targets(name string) []string {
	name, _, _ = strings.Cut(name, "?") // asked for once more
	if !strings.Contains(name, "${") {
		return []string{name}
	}
	var all []string
	for _, lang := range []string{locale.Chinese, locale.English} {
		all = append(all, strings.ReplaceAll(name, "${lang}", lang))
	}
	return all
}

// The first load is within its budget: what the page waits for or fetches at once.
func TestFirstLoad(t *testing.T) {
	const wire = "gzip" // as on plain HTTP, where browsers do not take Brotli
	files := load(t)
	for _, lang := range []string{locale.Chinese, locale.English} {
		for _, page := range []struct {
			what    string
			entries []string
			most    struct{ modules, bytes int }
		}{
			{"the list", []string{"js/app.js"}, struct{ modules, bytes int }{2, 54_000}},
			{"a chat", []string{"js/app.js", "js/chat/chat.js", "js/locale/${lang}.chat.js"}, struct{ modules, bytes int }{4, 78_000}},
		} {
			modules := files.Modules(lang, page.entries...)
			total := files.Transfer(asset.Stylesheet, wire) + files.Transfer("icons.svg", wire) + files.Transfer("favicon.svg", wire)
			for _, name := range modules {
				if !files.Has(name) {
					t.Errorf("no module %s", name)
				}
				total += files.Transfer(name, wire)
			}
			const html = 4000 // a page of conversations
			if total += html; len(modules) > page.most.modules || total > page.most.bytes {
				t.Errorf("%s, %s: %d modules, %d bytes: %v", page.what, lang, len(modules), total, modules)
			}
			t.Logf("%s, %s: %d modules, %d bytes", page.what, lang, len(modules), total)
		}
	}
}

// What the policy of the pages would refuse must not be written in the first place.
func TestModulesKeepThePolicy(t *testing.T) {
	forbidden := []*regexp.Regexp{
		regexp.MustCompile(`\.(?:inner|outer)HTML\b`), regexp.MustCompile(`insertAdjacentHTML|document\.write`),
		regexp.MustCompile(`[\s<]style=`), regexp.MustCompile(`\bstyleMap\b`), regexp.MustCompile(`\bunsafeHTML\b`),
		regexp.MustCompile(`\beval\(|new Function\b`), regexp.MustCompile(`[\s<]on[a-z]+="`),
		regexp.MustCompile(`\b(?:alert|confirm|prompt)\(`),
	}
	err := filepath.WalkDir("js", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		for _, re := range forbidden {
			if m := re.FindString(comments.ReplaceAllString(string(data), "")); m != "" {
				t.Errorf("%s: %q", name, m)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	keyUsed  = regexp.MustCompile(`(?:^|[^\w.])t\('([a-z0-9_.-]+)'`)
	keyNamed = regexp.MustCompile(`'([a-z][a-z0-9_]*(?:\.[a-zA-Z0-9_-]+)+)'`)
)

func TestModulesUseKnownSentences(t *testing.T) {
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	files := load(t)
	for _, name := range files.Names() {
		if !strings.HasPrefix(name, "js/") {
			continue
		}
		data, _ := files.Data(name)
		for _, m := range keyUsed.FindAllStringSubmatch(string(data), -1) {
			if !catalogue.Has(m[1]) {
				t.Errorf("%s: no sentence for %s", name, m[1])
			}
		}
	}
}

func TestServe(t *testing.T) {
	files := load(t)
	get := func(target, encoding, match string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Accept-Encoding", encoding)
		r.Header.Set("If-None-Match", match)
		w := httptest.NewRecorder()
		files.ServeHTTP(w, r)
		return w.Result()
	}
	res := get(files.Path("js/app.js"), "gzip, br", "")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		!strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if res = get(files.Path(asset.Stylesheet), "gzip", ""); res.Header.Get("Content-Encoding") != "gzip" {
		t.Error("the stylesheet is not compressed")
	}
	for encoding, open := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	} {
		res := get(files.Path("js/app.js"), "zstd, deflate;q=0.5, "+encoding+";q=0.9", "")
		plain, err := open(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(plain)
		if want, _ := files.Data("js/app.js"); err != nil || res.Header.Get("Content-Encoding") != encoding || !bytes.Equal(got, want) {
			t.Errorf("%s: %q, %d bytes, %v", encoding, res.Header.Get("Content-Encoding"), len(got), err)
		}
	}
	if res = get(files.Path(asset.Stylesheet), "br;q=0", ""); res.Header.Get("Content-Encoding") != "" {
		t.Error("what is refused is sent")
	}
	if res = get(asset.Prefix+"0123456789ab/js/app.js", "", ""); strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Error("an old hash is cached for good")
	}
	if res = get(files.Path("icons.svg"), "", `"`+files.Hash()+`"`); res.StatusCode != 304 {
		t.Error(res.StatusCode)
	}
	for _, target := range []string{"/a/", "/a/x", files.Path("js/none.js"), files.Path("../asset.go"), files.Path("js/")} {
		if res := get(target, "", ""); res.StatusCode != 404 {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
}

// What runs before the first view says only what has come by then.
func TestFirstWords(t *testing.T) {
	files := load(t)
	for _, lang := range []string{locale.Chinese, locale.English} {
		first, _ := files.Data("js/locale/" + lang + ".js")
		rest, _ := files.Data("js/locale/" + lang + ".more.js")
		chat, _ := files.Data("js/locale/" + lang + ".chat.js")
		if len(rest) < len(first) || len(rest) < len(chat) {
			t.Errorf("%s: %d bytes at once, %d later", lang, len(first), len(rest))
		}
		for _, name := range files.Modules(lang, "js/app.js", "js/chat/chat.js") {
			data, _ := files.Data(name)
			// Also those that are chosen between, as record.of.one was, which passed for the one of record.of.
			for _, m := range keyNamed.FindAllStringSubmatch(string(data), -1) {
				if strings.Contains(string(rest), `"`+m[1]+`":`) {
					t.Errorf("%s may say %s, which comes later", name, m[1])
				}
			}
			if strings.HasPrefix(name, "js/chat/") {
				for _, m := range keyUsed.FindAllStringSubmatch(string(data), -1) {
					if !strings.Contains(string(first)+string(chat), `"`+m[1]+`":`) {
						t.Errorf("%s says %s, which does not come with it", name, m[1])
					}
				}
				continue
			}
			for _, m := range keyUsed.FindAllStringSubmatch(string(data), -1) {
				if !strings.Contains(string(first), `"`+m[1]+`":`) {
					t.Errorf("%s says %s, which is not among the first words", name, m[1])
				}
			}
		}
	}
}
