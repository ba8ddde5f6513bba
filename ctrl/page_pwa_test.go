package ctrl

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestManifest(t *testing.T) {
	for lang, name := range map[string]string{"en": "Hongyan", "zh-CN": "鸿雁"} {
		v := visit{t: t, handler: newPages(t, &scene{}), lang: lang}
		res := v.do("GET", "/manifest.webmanifest", nil)
		var manifest struct {
			Name     string
			Lang     string
			StartURL string `json:"start_url"`
			Display  string
			Icons    []struct{ Src, Purpose string }

			Shortcuts []struct{ Name, URL string }
		}
		if err := json.Unmarshal([]byte(body(t, res)), &manifest); err != nil || manifest.Name != name || manifest.Lang != lang ||
			manifest.StartURL != "/chat/index.shtml" || manifest.Display != "standalone" || len(manifest.Icons) != 4 || len(manifest.Shortcuts) != 3 {
			t.Fatalf("%v %+v", err, manifest)
		}
		purposes := ""
		for _, icon := range manifest.Icons {
			purposes += icon.Purpose + " "
			if res := v.do("GET", icon.Src, nil); res.StatusCode != 200 {
				t.Errorf("%s: %d", icon.Src, res.StatusCode)
			}
		}
		if !strings.Contains(purposes, "maskable") {
			t.Error(purposes)
		}
		for _, shortcut := range manifest.Shortcuts {
			if res := v.do("GET", shortcut.URL, nil); shortcut.Name == "" || res.StatusCode == http.StatusNotFound {
				t.Errorf("%+v: %d", shortcut, res.StatusCode)
			}
		}
	}
}

// The worker keeps files that there are, and comes anew each time.
func TestTheWorkerKeepsWhatThereIs(t *testing.T) {
	v := visit{t: t, handler: newPages(t, &scene{}), lang: "en"}
	res := v.do("GET", "/sw.js", nil)
	source := body(t, res)
	if res.Header.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
		t.Error(res.Header)
	}
	found := regexp.MustCompile(`const SET = '(\w+)';\nconst FILES = (\[.*\]);\n`).FindStringSubmatch(source)
	if found == nil {
		t.Fatal(source[:200])
	}
	var files []string
	if err := json.Unmarshal([]byte(found[2]), &files); err != nil || len(files) < 40 {
		t.Fatal(err, len(files))
	}
	all := strings.Join(files, " ")
	for _, name := range []string{"app.css", "js/app.js", "js/locale/en.js", "js/locale/zh-CN.js", "js/chat/chat.js", "icons.svg"} {
		if !strings.Contains(all, "/a/"+found[1]+"/"+name) {
			t.Errorf("%s is not kept", name)
		}
	}
	for _, file := range files {
		if res := v.do("GET", file, nil); res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d", file, res.StatusCode)
		}
	}
}

// The page that browsers keep has nothing in it of who was signed in then.
func TestTheOfflinePageIsNobodys(t *testing.T) {
	pages := newPages(t, &scene{})
	nobody := visit{t: t, handler: pages, lang: "en"}
	somebody := visit{t: t, handler: pages, lang: "en", cookies: []string{"hongyan=1"}}
	page := body(t, nobody.do("GET", "/chat/offline.shtml", nil))
	if page != body(t, somebody.do("GET", "/chat/offline.shtml", nil)) {
		t.Error("the page differs with a session")
	}
	if !strings.Contains(page, `{"offline":true,"me":null,"conversations":null}`) || !strings.Contains(page, "/js/app.js") {
		t.Error(page)
	}
}
