package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// policy is the product's, word for word: what passes here passes there.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
	"connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html default"

// newWorkshop serves the client's modules from the source tree, with a page
// that needs no server behind it.
func newWorkshop(t *testing.T) string {
	t.Helper()
	assets := http.StripPrefix("/a/x/", http.FileServerFS(os.DirFS(filepath.Join("..", "asset"))))
	data := http.FileServerFS(os.DirFS("testdata"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-store")
		lang, isCatalogue := strings.CutPrefix(r.URL.Path, "/a/x/js/locale/")
		switch {
		case isCatalogue:
			text, err := os.ReadFile(filepath.Join("..", "asset", "locale", strings.Split(filepath.Base(lang), ".")[0]+".json"))
			if err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(append([]byte("export default "), text...))
		case strings.HasPrefix(r.URL.Path, "/a/x/") && strings.Count(r.URL.Path, "/") == 3 && strings.HasSuffix(r.URL.Path, ".css"): // of a view that brings it
			r.URL.Path = "/a/x/css/later/" + filepath.Base(r.URL.Path)
			assets.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/a/x/"):
			assets.ServeHTTP(w, r)
		default:
			data.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestLook draws every kind of message on both screens, light and dark, and
// keeps the pictures. It fails where the console has something to say.
func TestLook(t *testing.T) {
	beside(t)
	base := newWorkshop(t)
	for _, on := range []screen{phone, desktop} {
		for _, variant := range []struct{ name, query string }{
			{"light", "?theme=light"}, {"dark", "?theme=dark"}, {"more", "?theme=light&more=1&lang=en"}, {"more-dark", "?theme=dark&more=1"}, {"care", "?theme=light&care=1"},
		} {
			t.Run(on.name+"-"+variant.name, func(t *testing.T) {
				p := newPerson(t, "looker", base, on)
				p.open("/workshop.html" + variant.query)
				p.until("the messages", "document.querySelectorAll('hy-messages article').length > 10")
				p.say("这条发送失败了，点红点重发")
				p.see(".fault-mark")
				p.eval("line.say({ cmd: 14, kind: 11, dstid: 7, userid: 2 }) ?? 0")
				p.until("who is typing", "document.querySelector('.subtitle')?.textContent.includes('林晓')")
				p.until("the bottom", "document.querySelector('.scroller').scrollTop > -2")
				p.until("pictures", "[...document.images].every((i) => i.complete)")
				p.shot("look-" + on.name + "-" + variant.name)
			})
		}
	}
}
