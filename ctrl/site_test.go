package ctrl

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/asset/locale"
	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"
	"hongyan/util/password"
)

// live stands for the hub: it notes what it is given.
type live struct {
	mu           sync.Mutex
	deliveries   []model.Delivery
	disconnected []disconnect
	online       map[int64]bool
}

type disconnect struct {
	userID int64
	ids    []int64
	code   int
}

func (l *live) Publish(d model.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deliveries = append(l.deliveries, d)
}

func (l *live) Disconnect(userID int64, ids []int64, code int, _ string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disconnected = append(l.disconnected, disconnect{userID, ids, code})
}

func (l *live) Online(userID int64) bool { return l.online[userID] }

// site is the public listener's handler over a real database.
type site struct {
	*testing.T
	db      *db.DB
	live    *live
	server  *Server
	handler http.Handler
}

func newSite(t *testing.T, limits bool) *site {
	t.Helper()
	d, err := db.Open(dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	catalogue, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	l := &live{online: map[int64]bool{}}
	sessions := service.NewSessionService(d, l, time.Now, 20)
	s := &Server{
		Log: slog.New(slog.DiscardHandler), Locale: catalogue, Metrics: metrics.New(), Sessions: sessions, Devices: sessions,
		Users: service.NewUserService(d, sessions, password.New(2), l, l, time.Now, limits),
	}
	if limits {
		s.Limits = NewLimits()
	}
	edge := Edge{Log: s.Log, Locale: catalogue, Metrics: s.Metrics}
	handler, err := edge.Wrap(s.Handler())
	if err != nil {
		t.Fatal(err)
	}
	return &site{T: t, db: d, live: l, server: s, handler: handler}
}

// reply is an answer of a JSON route.
type reply struct {
	status int
	header http.Header
	raw    string
	Code   int             `json:"code"`
	Error  string          `json:"error"`
	Msg    string          `json:"msg"`
	Data   json.RawMessage `json:"data"`
	Rows   json.RawMessage `json:"rows"`
	Total  int             `json:"total"`
}

// into reads data, or rows, of a success.
func (r reply) into(t testing.TB, v any) {
	t.Helper()
	body := r.Data
	if body == nil {
		body = r.Rows
	}
	if r.Code != 0 || json.Unmarshal(body, v) != nil {
		t.Fatalf("unexpected answer %d %s", r.status, r.raw)
	}
}

// person is a client of the site with its cookies.
type person struct {
	*site
	ID      int64
	mobile  string
	token   string
	cookies map[string]string
}

func (s *site) nobody() *person { return &person{site: s, cookies: map[string]string{}} }

const passwd = "correct horse"

// join registers somebody.
func (s *site) join(mobile string) *person {
	s.Helper()
	p := s.nobody()
	p.mobile = mobile
	var own ownUser
	p.call("/user/register", "mobile="+mobile+"&passwd="+passwd).into(s, &own)
	p.ID, p.token = own.ID, own.Token
	return p
}

func (p *person) call(path, form string, header ...string) reply {
	p.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://hongyan.test"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", formType)
	if strings.HasPrefix(form, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept-Language", "en")
	for name, value := range p.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if p.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(p.cookies, c.Name)
		}
	}
	out := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		p.Fatalf("%s: %d %q is no JSON: %v", path, w.Code, out.raw, err)
	}
	return out
}

// want calls and checks the code of the answer; empty means success.
func (p *person) want(code, path, form string) reply {
	p.Helper()
	r := p.call(path, form)
	if r.Error != code {
		p.Fatalf("%s %s: %d %s, want %q", path, form, r.status, r.raw, code)
	}
	return r
}
