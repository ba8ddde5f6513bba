package ctrl

import (
	"net/http"

	"hongyan/view"
)

// manifest makes the site installable, in the reader's language.
func (p *pages) manifest(w http.ResponseWriter, r *http.Request) {
	lang := p.lang(r)
	say := func(key string) string { return p.Locale.T(lang, key, nil) }
	icon := func(file, size, kind, purpose string) map[string]string {
		return map[string]string{"src": p.assets.Path(file), "sizes": size, "type": kind, "purpose": purpose}
	}
	shortcut := func(key, path string) map[string]any {
		return map[string]any{"name": say(key), "url": path,
			"icons": []map[string]string{icon("icon-192.png", "192x192", "image/png", "any")}}
	}
	w.Header().Set("Vary", "Cookie, Accept-Language")
	w.Header().Set("Cache-Control", "no-cache")
	writePlainJSON(w, "application/manifest+json", map[string]any{
		"name": say("app.name"), "short_name": say("app.name"), "description": say("pwa.description"),
		"id": "/", "start_url": "/chat/index.shtml", "scope": "/", "display": "standalone",
		"background_color": "#ededed", "theme_color": "#ededed", "lang": lang, "dir": "ltr",
		"categories": []string{"social", "productivity"}, "prefer_related_applications": false,
		"launch_handler": map[string]string{"client_mode": "navigate-existing"},
		"icons": []map[string]string{
			icon("icon-192.png", "192x192", "image/png", "any"), icon("icon-512.png", "512x512", "image/png", "any"),
			icon("icon-maskable-512.png", "512x512", "image/png", "maskable"), icon("favicon.svg", "any", "image/svg+xml", "any"),
		},
		"shortcuts": []map[string]any{
			shortcut("tab.contacts", "/contacts"), shortcut("menu.group", "/chat/createcom.shtml"), shortcut("act.search", "/search"),
		},
	})
}

// worker serves the service worker. It lies at the root, which is how far it
// reaches, and is asked for anew each time, so that a new version is noticed.
func (p *pages) worker(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(p.assets.Worker()) // who is gone cannot be told
}

// offline is the client's page for when there is no server to ask. It is kept
// by the browser, so there is nothing of anybody's session in it.
func (p *pages) offline(w http.ResponseWriter, r *request) error {
	nodes, err := p.openNodes(w, r)
	if err != nil {
		return err
	}
	common := p.common(r)
	common.Styled = true // the worker keeps the sheet beside this page
	data := &view.App{Common: common, Tab: "messages", Pane: "list", Boot: view.Boot{Offline: true, Nodes: nodes}}
	return p.render(w, r, http.StatusOK, "/chat/offline.shtml", data)
}
