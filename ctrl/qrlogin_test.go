package ctrl

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hongyan/service"
	"hongyan/util/limit"
)

// newQRSite is a booth with QR logins and a signed-in phone.
func newQRSite(t *testing.T) (*booth, *person) {
	b := newBooth(t)
	b.server.QRLogins = service.NewQRLoginService(b.db, b.server.Users, b.wakes, time.Now)
	edge := Edge{Log: b.server.Log, Locale: b.server.Locale, Metrics: b.server.Metrics}
	handler, err := edge.Wrap(b.server.Handler())
	if err != nil {
		t.Fatal(err)
	}
	b.handler = handler
	return b, b.join("13800000001")
}

// qrShown is what a browser that asks for a QR login gets.
type qrShown struct {
	Ticket, Secret, Code, Image string
	Expires                     int64
}

// qrState asks how a QR login stands, and gives the cookies that came with it.
func (p *person) qrState(ticket, secret, state string) (reply, []*http.Cookie) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), http.MethodGet, "http://hongyan.test/qrlogin/wait?timeout=5&ticket="+url.QueryEscape(ticket)+"&state="+state, nil)
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("X-QR-Secret", secret)
	w := record(p.handler, r)
	out := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	unmarshal(p.T, w.Body.Bytes(), &out)
	return out, w.Result().Cookies()
}

func TestQRLoginRoutes(t *testing.T) {
	b, phone := newQRSite(t)
	desk := b.nobody()
	var made qrShown
	desk.want("", "/qrlogin/new", "image=true").into(t, &made)
	if len(made.Ticket) != 22 || made.Secret == "" || !strings.HasPrefix(made.Image, "<svg ") || strings.Contains(made.Image, made.Secret) ||
		made.Expires <= time.Now().UnixMilli() || made.Expires > time.Now().Add(2*time.Minute).UnixMilli() {
		t.Fatalf("made %+v", made)
	}
	form := "ticket=" + made.Ticket
	desk.want("unauthenticated", "/qrlogin/scan", form)
	desk.want("unauthenticated", "/qrlogin/confirm", form)
	phone.want("invalid_argument", "/qrlogin/scan", "")
	phone.want("not_found", "/qrlogin/scan", "ticket=guess")
	phone.want("not_found", "/qrlogin/confirm", form) // before the scan
	if got, _ := desk.qrState(made.Ticket, "guess", ""); got.status != 404 || got.Error != "not_found" {
		t.Errorf("another browser: %d %s", got.status, got.raw)
	}
	var scan struct {
		Device, Address string
		CreateAt        int64
	}
	phone.want("", "/qrlogin/scan", form).into(t, &scan)
	if scan.Device == "" || scan.Address != "192.0.2.1" || scan.CreateAt == 0 {
		t.Errorf("the phone is shown %+v", scan)
	}
	if got, cookies := desk.qrState(made.Ticket, made.Secret, ""); !strings.Contains(got.raw, `"state":"scanned"`) || !strings.Contains(got.raw, `"nickname"`) || len(cookies) != 0 {
		t.Errorf("after the scan: %s %v", got.raw, cookies)
	}
	phone.want("", "/qrlogin/confirm", form)
	phone.want("conflict", "/qrlogin/confirm", form)
	got, cookies := desk.qrState(made.Ticket, made.Secret, "scanned")
	if !strings.Contains(got.raw, `"state":"confirmed"`) || len(cookies) != 2 {
		t.Fatalf("after the answer: %s %v", got.raw, cookies)
	}
	for _, c := range cookies {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %+v", c)
		}
		desk.cookies[c.Name] = c.Value
	}
	var me struct{ ID int64 }
	desk.want("", "/user/me", "").into(t, &me)
	if me.ID != phone.ID {
		t.Errorf("signed in as %d, want %d", me.ID, phone.ID)
	}
	if got, _ := desk.qrState(made.Ticket, made.Secret, ""); got.status != 404 {
		t.Errorf("fetched twice: %d %s", got.status, got.raw)
	}
	var list []struct{ Device string }
	phone.want("", "/user/sessions", "").into(t, &list)
	if len(list) != 2 || !strings.HasSuffix(list[0].Device, " · QR") {
		t.Errorf("the list of devices is %+v", list)
	}
}

// TestQRLoginLimits: neither pictures nor guesses without end.
func TestQRLoginLimits(t *testing.T) {
	b, phone := newQRSite(t)
	b.server.Limits.QRNew, b.server.Limits.QRScan = limit.New(0, 1, 10), limit.New(0, 2, 10)
	b.nobody().want("", "/qrlogin/new", "")
	b.nobody().want("rate_limited", "/qrlogin/new", "")
	phone.want("not_found", "/qrlogin/scan", "code=ABCDEFGH")
	phone.want("not_found", "/qrlogin/scan", "code=BCDEFGHJ")
	phone.want("rate_limited", "/qrlogin/scan", "code=CDEFGHJK")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://hongyan.test/qrlogin/wait", nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := record(b.handler, r); w.Code != 405 || w.Header().Get("Allow") != http.MethodGet {
		t.Errorf("POST: %d", w.Code)
	}
}

// cut is the writer of a connection that has broken: what is written is lost when
// it is to go out.
type cut struct{ *httptest.ResponseRecorder }

func (cut) FlushError() error { return io.ErrClosedPipe }

// TestQRLoginOfBrowserThatIsGone: a browser whose line broke while it was told
// that it may come in is told again, and has one session in the end.
func TestQRLoginOfBrowserThatIsGone(t *testing.T) {
	b, phone := newQRSite(t)
	desk := b.nobody()
	var made qrShown
	desk.want("", "/qrlogin/new", "").into(t, &made)
	phone.want("", "/qrlogin/scan", "ticket="+made.Ticket)
	phone.want("", "/qrlogin/confirm", "ticket="+made.Ticket)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://hongyan.test/qrlogin/wait?state=scanned&ticket="+made.Ticket, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-QR-Secret", made.Secret)
	r.RemoteAddr = "192.0.2.1:1234"
	lost := cut{httptest.NewRecorder()}
	b.handler.ServeHTTP(lost, r)
	if cookies := lost.Result().Cookies(); len(cookies) != 2 {
		t.Fatalf("nothing was lost: %v", cookies)
	}
	got, cookies := desk.qrState(made.Ticket, made.Secret, "scanned")
	if !strings.Contains(got.raw, `"state":"confirmed"`) || len(cookies) != 2 {
		t.Fatalf("asked again: %d %s", got.status, got.raw)
	}
	var list []struct{ Device string }
	phone.want("", "/user/sessions", "").into(t, &list)
	if len(list) != 2 {
		t.Errorf("the devices are %+v", list)
	}
	if got, _ := desk.qrState(made.Ticket, made.Secret, ""); got.status != 404 {
		t.Errorf("fetched twice: %d %s", got.status, got.raw)
	}
}
