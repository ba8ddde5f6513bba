package ctrl

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/notify"
	"hongyan/util/outbound"

	"xorm.io/xorm"
)

// awaken gives a site its pushes and channels, which may reach private addresses.
func (s *site) awaken(private bool) {
	s.Helper()
	options := notify.Options{Reach: outbound.Options{Private: private}}
	kinds := map[string]service.Notifier{}
	for kind, notifier := range notify.New(options) {
		kinds[kind] = notifier
	}
	words := func(lang, key string, values map[string]any) string { return s.server.Locale.T(lang, key, values) }
	keys := service.NewPushKeys(s.db)
	log := slog.New(slog.DiscardHandler)
	pusher := notify.NewPusher(options, "", keys.Pair, log)
	awake := service.NewAwakeService(s.db, pusher, kinds, service.NewLooking(time.Now), time.Now, words, service.UsualPace(), log)
	s.server.Push = service.NewPushService(s.db, awake, pusher, keys, time.Now)
	s.server.Notify = service.NewNotifyService(s.db, awake, kinds, time.Now)
}

func (s *site) number(query string) (n int64) {
	s.Helper()
	if err := s.db.View(s.Context(), func(v *xorm.Session) error {
		_, err := v.SQL(query).Get(&n)
		return err
	}); err != nil {
		s.Fatal(err)
	}
	return n
}

// device is the form of a subscription.
func device(endpoint string) string {
	key, _ := ecdh.P256().GenerateKey(rand.Reader)
	return url.Values{"endpoint": {endpoint}, "auth": {"AAAAAAAAAAAAAAAAAAAAAA"},
		"p256dh": {base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())}}.Encode()
}

func TestPushRoutes(t *testing.T) {
	var answer atomic.Int64
	answer.Store(http.StatusCreated)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" || r.Header.Get("Content-Encoding") != "aes128gcm" {
			t.Error(r.Header)
		}
		w.WriteHeader(int(answer.Load()))
	}))
	defer service.Close()
	s := newSite(t, false)
	s.awaken(true)
	ann := s.join("13800000001")
	var key struct {
		Key         string
		On, Content bool
	}
	ann.want("", "/push/key", "").into(t, &key)
	if len(key.Key) != 87 || key.On {
		t.Errorf("%+v", key)
	}
	ann.want("not_found", "/push/test", "")
	ann.want("", "/push/subscribe", device(service.URL+"/a")+"&content=true")
	ann.want("", "/push/key", "").into(t, &key)
	if !key.On || !key.Content {
		t.Errorf("%+v", key)
	}
	for _, tt := range []struct {
		status int
		want   string
		left   int64
	}{{201, `{"delivered":true,"reason":""}`, 1}, {500, `{"delivered":false,"reason":"status: 500"}`, 1}, {410, `{"delivered":false,"reason":"status: 410"}`, 0}} {
		answer.Store(int64(tt.status))
		if r := ann.want("", "/push/test", ""); string(r.Data) != tt.want {
			t.Errorf("%d: %s", tt.status, r.raw)
		}
		if n := s.number("SELECT COUNT(*) FROM push_subscription"); n != tt.left {
			t.Errorf("%d: %d subscriptions left", tt.status, n)
		}
	}
	ann.want("", "/push/subscribe", device(service.URL+"/b"))
	ann.want("", "/push/unsubscribe", "")
	ann.want("", "/push/key", "").into(t, &key)
	if key.On {
		t.Error("still on")
	}
	ann.want("", "/push/subscribe", device(service.URL+"/c"))
	ann.want("", "/user/logout", "")
	if n := s.number("SELECT COUNT(*) FROM push_subscription"); n != 0 {
		t.Error("a device that was signed out is still woken")
	}
}

func TestPushGoesToPublicAddressesAlone(t *testing.T) {
	s := newSite(t, false)
	s.awaken(false)
	ann := s.join("13800000001")
	for _, endpoint := range []string{
		"", "x", "http://fcm.googleapis.com/x", "https://127.0.0.1/x", "https://[::1]/", "https://10.0.0.1:8081/", "https://localhost/", "https://u:p@example.com/",
		"https://[::ffff:169.254.169.254]/", "file:///etc/passwd", "https://example.com/" + strings.Repeat("x", model.MaxURL),
	} {
		ann.want("invalid_argument", "/push/subscribe", device(endpoint))
	}
	ann.want("invalid_argument", "/push/subscribe", "endpoint=https%3A%2F%2Fexample.com%2F&p256dh=x&auth=y")
	ann.want("", "/push/subscribe", device("https://push.example.com/x"))
}

func TestChannelRoutes(t *testing.T) {
	var last atomic.Pointer[string]
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		text := string(data)
		last.Store(&text)
	}))
	defer hook.Close()
	s := newSite(t, false)
	s.awaken(true)
	ann, ben := s.join("13800000001"), s.join("13800000002")
	if r := ann.want("", "/notify/list", ""); !strings.Contains(r.raw, `"rows":[]`) || !strings.Contains(r.raw, `"kinds":["ntfy","bark","wecom","dingtalk","feishu","webhook"]`) {
		t.Error(r.raw)
	}
	var made struct {
		ID              int64
		Address, Secret string
	}
	r := ann.call("/notify/set", "kind=webhook&address="+url.QueryEscape(hook.URL+"/in?token=verysecret")+"&zone=Asia/Shanghai", "Origin", "http://hongyan.test")
	r.into(t, &made)
	if len(made.Secret) != 43 || strings.Contains(made.Address, "verysecret") {
		t.Error(r.raw)
	}
	id := "id=" + strings.Split(strings.Split(r.raw, `"id":`)[1], ",")[0]
	if r := ann.want("", "/notify/list", ""); strings.Contains(r.raw, made.Secret) || strings.Contains(r.raw, "verysecret") || !strings.Contains(r.raw, `"hassecret":true`) {
		t.Errorf("the list tells secrets: %s", r.raw)
	}
	if r := ann.want("", "/notify/test", id); string(r.Data) != `{"delivered":true,"reason":""}` {
		t.Error(r.raw)
	}
	if got := *last.Load(); !strings.Contains(got, `"event":"test"`) || !strings.Contains(got, `"url":"http://hongyan.test/me/notify"`) {
		t.Error(got)
	}
	for _, path := range []string{"/notify/delete", "/notify/test", "/notify/confirm", "/notify/set"} {
		ben.want("not_found", path, id)
		if path != "/notify/set" {
			ben.want("invalid_argument", path, "id=0")
		}
	}
	for form, field := range map[string]string{
		"kind=pigeon&address=x": "kind", "kind=ntfy&address=x": "address", "kind=webhook&secret=short&address=" + url.QueryEscape(hook.URL): "secret",
		id + "&quietfrom=-1": "quietfrom", id + "&zone=Moon": "zone",
	} {
		if r := ann.want("invalid_argument", "/notify/set", form); r.Msg == s.server.Locale.T("en", "error.invalid_argument", nil) {
			t.Errorf("%s: no sentence of its own: %s", field, r.Msg)
		}
	}
	ann.want("", "/notify/set", id+"&enabled=false&name=Mine")
	if r := ann.want("", "/notify/list", ""); !strings.Contains(r.raw, `"enabled":false`) || !strings.Contains(r.raw, `"name":"Mine"`) {
		t.Error(r.raw)
	}
	ann.want("", "/notify/delete", id)
	ann.want("not_found", "/notify/delete", id)
}
