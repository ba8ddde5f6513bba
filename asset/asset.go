// Package asset serves the client's own files: styles, ES modules, icons and
// the vendored libraries. They are embedded, live under a URL that carries the
// hash of all of them, and cross the wire compressed. It imports nothing else of
// ours but the catalogue beneath it.
package asset

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"hongyan/asset/locale"
)

//go:embed css js vendor/*.js vendor/*.css icons.svg favicon.svg icon-192.png icon-512.png icon-maskable-512.png icon-badge.png
var embedded embed.FS

// Prefix is the path under which all assets live.
const Prefix = "/a/"

// The one sheet that a page waits for: Stylesheet has the client's styles in one
// file, FormSheet no more than the pages need that do without the client. A view
// that few people open has its sheet in css/later, and brings it itself.
const (
	Stylesheet = "app.css"
	FormSheet  = "auth.css"
)

// sheets are the parts of every sheet in the order of the cascade; in the
// Stylesheet those not named here follow in the order of their names.
func sheets() []string { return []string{"vendor/weui.css", "css/tokens.css", "css/base.css"} }

// Files is the set of assets, ready to be served. It is immutable.
type Files struct {
	hash    string
	files   map[string]file
	imports map[string][]string // by module, what it imports itself
}

// Load reads the embedded assets and builds what is made of them: the joined
// stylesheet and one module per language.
func Load(catalogue *locale.Catalogue) (*Files, error) {
	contents := map[string][]byte{}
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		contents[name], err = embedded.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	for name, data := range contents {
		if strings.HasPrefix(name, "js/") || strings.HasPrefix(name, "css/") {
			contents[name] = slim(data)
		}
	}
	contents[FormSheet] = join(contents, append(sheets(), "css/auth.css"))
	delete(contents, "css/auth.css")
	for name, data := range contents {
		if later, ok := strings.CutPrefix(name, "css/later/"); ok {
			contents[later] = data
			delete(contents, name)
		}
	}
	contents[Stylesheet] = join(contents, order(contents))
	maps.DeleteFunc(contents, func(name string, _ []byte) bool { return strings.HasPrefix(name, "css/") })
	if err := addWords(contents, catalogue); err != nil {
		return nil, err
	}
	if err := link(contents); err != nil {
		return nil, err
	}
	f := &Files{hash: sum(contents), files: map[string]file{}, imports: map[string][]string{}}
	for name, data := range contents {
		if path.Ext(name) == ".js" {
			f.imports[name] = imports(name, data)
		}
		if f.files[name], err = prepare(name, data); err != nil {
			return nil, fmt.Errorf("asset %s: %w", name, err)
		}
	}
	return f, nil
}

// whole matches comments that have their lines to themselves, and types told within a line.
var whole = regexp.MustCompile(`(?m)^[ \t]*(?://.*|/\*(?s:.*?)\*/[ \t]*)$|/\*\* @type [^*\n]*\*/ ?`)

// slim leaves out what is written for people and their tools: comments. Their
// lines stay, so that a line number in an error is that of the source, or, in a
// module put together by link, of its part.
func slim(data []byte) []byte {
	return whole.ReplaceAllFunc(data, func(comment []byte) []byte {
		return bytes.Repeat([]byte("\n"), bytes.Count(comment, []byte("\n")))
	})
}

// order lists all parts of the Stylesheet.
func order(contents map[string][]byte) []string {
	all := sheets()
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		if strings.HasPrefix(name, "css/") && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// join makes one stylesheet, since each one more would cost a round trip
// before the first paint.
func join(contents map[string][]byte, names []string) []byte {
	var all bytes.Buffer
	for _, name := range names {
		all.Write(contents[name])
		all.WriteByte('\n')
	}
	return all.Bytes()
}

func sum(contents map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		_, _ = fmt.Fprintf(h, "%s\x00%d\x00", name, len(contents[name]))
		h.Write(contents[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Path gives the URL of an asset, such as "js/app.js".
func (f *Files) Path(name string) string { return Prefix + f.hash + "/" + name }

// worker is the module that becomes the service worker. It is served under a
// path of its own, since that is how far it reaches.
const worker = "js/sw.js"

// Worker gives the source of the service worker, which keeps all other assets:
// in front stand the hash of the set and where its files are.
func (f *Files) Worker() []byte {
	var kept []string
	for _, name := range f.Names() {
		if name != worker && name != FormSheet && name != "icon-512.png" && name != "icon-maskable-512.png" {
			kept = append(kept, f.Path(name))
		}
	}
	list, err := json.Marshal(kept)
	if err != nil {
		return nil // strings can always be encoded
	}
	source, _ := f.Data(worker)
	return slices.Concat([]byte("const SET = '"+f.hash+"';\nconst FILES = "), list, []byte(";\n"), source)
}

// Hash names this set of assets.
func (f *Files) Hash() string { return f.hash }

// Has tells whether there is such an asset.
func (f *Files) Has(name string) bool {
	_, ok := f.files[name]
	return ok
}

// Names lists all assets in order.
func (f *Files) Names() []string { return slices.Sorted(maps.Keys(f.files)) }

// Data gives an asset's content, which the caller must not change.
func (f *Files) Data(name string) ([]byte, bool) {
	v, ok := f.files[name]
	return v.plain, ok
}

// Sheet gives a style sheet as it stands within a page; "" if there is none of
// that name.
func (f *Files) Sheet(name string) string { return string(f.files[name].plain) }

// Transfer is the size in bytes of what crosses the wire for an asset, to who
// accepts these encodings.
func (f *Files) Transfer(name, accepted string) int {
	_, data := f.files[name].pick(accepted)
	return len(data)
}

// Modules lists modules and what they load before they run, to be fetched at
// once instead of one after the other.
func (f *Files) Modules(lang string, entries ...string) []string {
	var all []string
	add := func(names []string) {
		for _, name := range names {
			if name = strings.ReplaceAll(name, "${lang}", lang); !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	add(entries)
	for i := 0; i < len(all); i++ {
		add(f.imports[all[i]])
	}
	return all
}

// static is an import that a module waits for. One awaited at the top of a
// module, as that of the language is, counts too.
var static = regexp.MustCompile("(?m)^(?:import|export)\\s(?:[^'\"`;()]*\\sfrom\\s*)?['\"](\\.[^'\"]+)['\"]|^const \\w+ = \\(await import\\([`'](\\.[^`']+)[`']\\)\\)")

func imports(name string, data []byte) []string {
	var all []string
	for _, m := range static.FindAllStringSubmatch(string(data), -1) {
		all = append(all, path.Join(path.Dir(name), m[1]+m[2]))
	}
	return all
}

// ServeHTTP serves an asset for good under the hash of the set. A page that is
// still open from an older version gets the newest content of the same name,
// not to be kept.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	v, ok := f.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", v.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	if hash == f.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	etag := `"` + f.hash + `"`
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	encoding, data := v.pick(r.Header.Get("Accept-Encoding"))
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", fmt.Sprint(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
}
