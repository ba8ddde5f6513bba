package ctrl

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"hongyan/asset"
	"hongyan/model"
	"hongyan/view"
)

// Names of the cookies that carry a reader's looks. The browser's modules write
// them too, so they are no secret and not HttpOnly.
const (
	themeCookie = "theme"
	careCookie  = "care"
	zoneCookie  = "tz"
	sheetCookie = "sheet" // of which set of assets the browser has the client's style sheet

	yearSeconds = 365 * 24 * 3600
)

// PageSource is what pages show and their forms do, apart from HTTP. The
// services stand behind it; tests of pages bring their own.
type PageSource interface {
	User(ctx context.Context, userID int64) (*model.User, error)
	Conversations(ctx context.Context, userID int64) ([]model.ConversationRow, error)
	// History gives the messages before a seq, or the newest if it is 0.
	History(ctx context.Context, userID int64, kind int, dstID, before int64, limit int) ([]model.Message, error)
	Say(ctx context.Context, from model.Sender, m model.Message) error
	Friends(ctx context.Context, userID int64) ([]model.Friend, error)
	Requests(ctx context.Context, userID int64) ([]model.RequestRow, error)
	Names(ctx context.Context, ids []int64) (map[int64]model.PublicUser, error)
	CreateGroup(ctx context.Context, userID int64, c *model.Community, members []int64) (groupID int64, err error)
	// Login and Register read the form of a request, as the routes of programs
	// do, and start a session in the browser that asks.
	Login(w http.ResponseWriter, r *request) error
	Register(w http.ResponseWriter, r *request) error
}

// pages serves the HTML of the product.
type pages struct {
	*Server
	views  *view.Views
	assets *asset.Files
	styles string // the policy's word on them: files, and the sheets within pages
	source PageSource
}

// pageHandler answers a page; an error becomes a page of its own.
type pageHandler func(w http.ResponseWriter, r *request) error

// routes adds the pages to the public listener's routes.
func (p *pages) routes(mux *http.ServeMux) {
	mux.Handle("GET "+asset.Prefix, p.assets)
	mux.HandleFunc("GET /manifest.webmanifest", p.manifest)
	mux.HandleFunc("GET /sw.js", p.worker)
	mux.Handle("GET /chat/offline.shtml", p.page(p.offline))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, p.assets.Path("icon-192.png"), http.StatusFound)
	})
	mux.Handle("GET "+TrustPath, p.page(p.trust))
	mux.HandleFunc("GET "+authorityPath, p.authority)
	mux.Handle("GET /{$}", p.page(p.home))
	mux.Handle("GET /user/login.shtml", p.page(p.loginPage))
	mux.Handle("POST /user/login.shtml", p.page(p.login))
	mux.Handle("GET /user/register.shtml", p.page(p.registerPage))
	mux.Handle("POST /user/register.shtml", p.page(p.registerUser))
	mux.Handle("POST /chat/createcom.shtml", p.page(p.createGroup))
	mux.Handle("POST /c/{id}", p.page(p.reply))
	mux.Handle("GET /join/{token}", p.page(p.joinPage))
	mux.Handle("POST /join/{token}", p.page(p.join))
	mux.Handle("GET /u/{id}", p.page(p.addPage))
	mux.Handle("POST /u/{id}", p.page(p.add))
	mux.Handle("GET /qr.svg", p.page(p.qr))
	for _, path := range []string{
		"/chat/index.shtml", "/chat/createcom.shtml", "/archived", "/search", "/scan", "/contacts", "/contacts/{rest...}", "/groups/{rest...}",
		"/me", "/me/{rest...}", "/c/{id}", "/c/{id}/{rest...}",
	} {
		mux.Handle("GET "+path, p.page(p.app))
	}
	// Of every method, since /record/get is a route of its own: only so is it the more exact one.
	mux.HandleFunc(model.RecordPath+"{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			p.unknown(w, r)
			return
		}
		p.page(p.app).ServeHTTP(w, r)
	})
	mux.Handle("/", http.HandlerFunc(p.unknown))
}

// page makes the handler of a page.
func (p *pages) page(handle pageHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := &request{Request: r, Lang: p.lang(r), ID: requestID(r.Context())}
		if p.looks(w, call) {
			return
		}
		session, err := p.authenticate(r)
		if err == nil {
			call.Session = session
			err = handle(w, call)
		}
		if err != nil {
			p.fault(w, call, err)
		}
	})
}

// looks changes the language or the size of text as a link without any module
// asks (?lang=, ?care=) and comes back to the page without the question.
func (p *pages) looks(w http.ResponseWriter, r *request) bool {
	query := r.URL.Query()
	if r.Method != http.MethodGet || !query.Has("lang") && !query.Has("care") {
		return false
	}
	if lang := query.Get("lang"); lang != "" && p.Locale.Match(lang, "") == lang {
		p.setLook(w, r, langCookie, lang)
	}
	if query.Has("care") {
		p.setLook(w, r, careCookie, strings.TrimPrefix(query.Get("care"), "0"))
	}
	query.Del("lang")
	query.Del("care")
	target := url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	http.Redirect(w, r.Request, localPath(target.String()), http.StatusSeeOther)
	return true
}

func (p *pages) setLook(w http.ResponseWriter, r *request, name, value string) {
	age := yearSeconds
	if value == "" {
		age = -1
	} else if name == careCookie {
		value = "1"
	}
	http.SetCookie(w, &http.Cookie{ // #nosec G124 -- modules read and write it: see the names
		Name: name, Value: value, Path: "/", MaxAge: age, SameSite: http.SameSiteLaxMode, Secure: isTLS(r.Request),
	})
}

// common is what every page is told.
func (p *pages) common(r *request) view.Common {
	c := view.Common{Lang: r.Lang, Path: r.URL.Path}
	if cookie, err := r.Cookie(themeCookie); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		c.Theme = cookie.Value
	}
	if cookie, err := r.Cookie(careCookie); err == nil {
		c.Care = cookie.Value == "1"
	}
	if cookie, err := r.Cookie(sheetCookie); err == nil {
		c.Styled = cookie.Value == p.assets.Hash()
	}
	return c
}

// render answers a page.
func (p *pages) render(w http.ResponseWriter, r *request, status int, name string, data view.Data) error {
	var out bytes.Buffer
	if err := p.views.Render(&out, name, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "style-src 'self'", p.styles, 1))
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie, Accept-Language, Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = out.WriteTo(z) // who is gone cannot be told
		_ = z.Close()
		return nil
	}
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
	return nil
}

// fault answers the page of a failure.
func (p *pages) fault(w http.ResponseWriter, r *request, err error) {
	code, text := p.explain(r.Context(), r.Lang, r.ID, err)
	data := &view.Fault{Common: p.common(r), Status: status(code), Title: p.Locale.T(r.Lang, "page.error", nil), Text: text}
	switch code {
	case model.CodeNotFound:
		data.Title = p.Locale.T(r.Lang, "page.notfound", nil)
		if e, ok := errors.AsType[*model.Error](err); !ok || e.Key == "" {
			data.Text = p.Locale.T(r.Lang, "page.notfound.text", nil)
		}
	case model.CodeInternal:
		data.Request = r.ID
	}
	if err := p.render(w, r, data.Status, "fault-page", data); err != nil {
		p.Log.ErrorContext(r.Context(), "the page of a failure failed", "request", r.ID, "error", err)
		http.Error(w, text, data.Status)
	}
}

// unknown answers what no route has: programs in JSON, people with a page.
func (p *pages) unknown(w http.ResponseWriter, r *http.Request) {
	call := &request{Request: r, Lang: p.lang(r), ID: requestID(r.Context())}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.fail(w, call, model.Fail(model.CodeNotFound))
		return
	}
	p.fault(w, call, model.Fail(model.CodeNotFound))
}

// home leads to the chats or to the login.
func (p *pages) home(w http.ResponseWriter, r *request) error {
	target := "/chat/index.shtml"
	if r.Session == nil {
		target = "/user/login.shtml"
	}
	http.Redirect(w, r.Request, target, http.StatusFound)
	return nil
}

// toLogin sends who is not signed in to the login, and back here after it.
func toLogin(w http.ResponseWriter, r *request) {
	target := "/user/login.shtml"
	if here := r.URL.RequestURI(); here != "/chat/index.shtml" {
		target += "?next=" + url.QueryEscape(here)
	}
	http.Redirect(w, r.Request, target, http.StatusSeeOther)
}

// localPath gives back next if it is a path of this site, else the chats: a
// link to the login must not lead away from here after it.
func localPath(next string) string {
	const home = "/chat/index.shtml"
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || len(next) > model.MaxURL ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return home
	}
	return next
}

func writePlainJSON(w http.ResponseWriter, kind string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data)
}

// fieldFault names the field of a form that an error speaks of.
func fieldFault(err error) string {
	e, ok := errors.AsType[*model.Error](err)
	if !ok {
		return "form"
	}
	switch e.Code {
	case model.CodeMobileTaken:
		return "mobile"
	case model.CodeBadCredentials:
		return "passwd"
	case model.CodeInvalid, model.CodeTooLarge:
		switch e.Key {
		case "mobile", "passwd", "nickname", "name", "memo":
			return e.Key
		}
	}
	return "form"
}
