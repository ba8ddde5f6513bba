package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/notify"
)

func TestWebhookIsSigned(t *testing.T) {
	v := newReceiver(t, says(""))
	err := kinds()[model.ChannelWebhook].Notify(t.Context(), &model.NotifyChannel{Address: v.URL + "/in?x=1", Secret: "our secret"}, notice())
	if err != nil {
		t.Fatal(err)
	}
	c := v.last(t)
	mac := hmac.New(sha256.New, []byte("our secret"))
	mac.Write([]byte("1800000000." + string(c.raw)))
	if c.header.Get("X-Hongyan-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) || c.header.Get("X-Hongyan-Timestamp") != "1800000000" {
		t.Errorf("signature %v", c.header)
	}
	want := `{"event":"message","id":"N1","title":"鸿雁：新消息","text":"2 条未读消息","kind":10,"dstid":7,"seq":3,"count":2,"url":"https://chat.example/c/10-7","at":1}`
	if string(c.raw) != want || c.path != "/in" || c.query != "x=1" {
		t.Errorf("%s?%s got %s", c.path, c.query, c.raw)
	}
}

func TestRobotsGetTheirExactJSON(t *testing.T) {
	const text = "鸿雁：新消息\n2 条未读消息\nhttps://chat.example/c/10-7"
	hash := func(key, over string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(over))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	for _, tt := range []struct {
		kind, path, secret, answer string
		body                       map[string]any
		query                      url.Values
	}{
		{"wecom", "/cgi-bin/webhook/send?key=k", "", `{"errcode":0,"errmsg":"ok"}`,
			map[string]any{"msgtype": "text", "text": map[string]any{"content": text}}, url.Values{"key": {"k"}}},
		{"dingtalk", "/robot/send?access_token=t", "SECx", `{"errcode":0,"errmsg":"ok"}`,
			map[string]any{"msgtype": "text", "text": map[string]any{"content": text}},
			url.Values{"access_token": {"t"}, "timestamp": {"1800000000000"}, "sign": {hash("SECx", "1800000000000\nSECx")}}},
		{"dingtalk", "/robot/send?access_token=t", "", `{"errcode":0}`,
			map[string]any{"msgtype": "text", "text": map[string]any{"content": text}}, url.Values{"access_token": {"t"}}},
		{"feishu", "/open-apis/bot/v2/hook/h", "fs", `{"code":0,"msg":"success"}`,
			map[string]any{"msg_type": "text", "content": map[string]any{"text": text}, "timestamp": "1800000000", "sign": hash("1800000000\nfs", "")}, url.Values{}},
		{"feishu", "/open-apis/bot/v2/hook/h", "", `{"StatusCode":0,"StatusMessage":"success"}`,
			map[string]any{"msg_type": "text", "content": map[string]any{"text": text}}, url.Values{}},
		{"bark", "/KEY/", "", `{"code":200,"message":"success"}`,
			map[string]any{"device_key": "KEY", "title": "鸿雁：新消息", "body": "2 条未读消息", "group": "hongyan", "badge": 5.0, "url": "https://chat.example/c/10-7"}, url.Values{}},
		{"ntfy", "/sub/topic", "", `{}`,
			map[string]any{"topic": "topic", "title": "鸿雁：新消息", "message": "2 条未读消息", "tags": []any{"speech_balloon"}, "click": "https://chat.example/c/10-7"}, url.Values{}},
	} {
		v := newReceiver(t, says(tt.answer))
		if err := kinds()[tt.kind].Check(v.URL+tt.path, tt.secret); err != nil {
			t.Errorf("%s: %v", tt.kind, err)
		}
		if err := kinds()[tt.kind].Notify(t.Context(), &model.NotifyChannel{Address: v.URL + tt.path, Secret: tt.secret}, notice()); err != nil {
			t.Errorf("%s: %v", tt.kind, err)
			continue
		}
		c := v.last(t)
		query, err := url.ParseQuery(c.query)
		if err != nil || !reflect.DeepEqual(c.body, tt.body) || !reflect.DeepEqual(query, tt.query) || !strings.HasPrefix(c.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s?%s got %s", tt.kind, c.path, c.query, c.raw)
		}
		switch tt.kind {
		case "bark":
			if c.path != "/push" {
				t.Error(c.path)
			}
		case "ntfy":
			if c.path != "/sub/" {
				t.Error(c.path)
			}
		}
	}
}

func TestNtfySignsIn(t *testing.T) {
	v := newReceiver(t, says("{}"))
	for secret, want := range map[string]string{"tk_abc": "Bearer tk_abc", "ann:pass": "Basic YW5uOnBhc3M=", "": ""} {
		if err := kinds()["ntfy"].Notify(t.Context(), &model.NotifyChannel{Address: v.URL + "/t", Secret: secret}, notice()); err != nil {
			t.Fatal(err)
		}
		if got := v.last(t).header.Get("Authorization"); got != want {
			t.Errorf("%q: %q", secret, got)
		}
	}
}

func TestRefusalsAreUnderstood(t *testing.T) {
	for _, tt := range []struct {
		kind        string
		answer      func(w http.ResponseWriter)
		reason      string
		final, gone bool
		after       time.Duration
	}{
		{"wecom", says(`{"errcode":93000,"errmsg":"invalid webhook url"}`), "code: 93000 invalid webhook url", true, false, 0},
		{"wecom", says(`{"errcode":45009,"errmsg":"api freq out of limit"}`), "code: 45009 api freq out of limit", false, false, 0},
		{"dingtalk", says(`{"errcode":310000,"errmsg":"sign not match"}`), "code: 310000 sign not match", true, false, 0},
		{"dingtalk", says(`{"errcode":130101,"errmsg":"send too fast"}`), "code: 130101 send too fast", false, false, 0},
		{"feishu", says(`{"code":19021,"msg":"sign match fail"}`), "code: 19021 sign match fail", true, false, 0},
		{"bark", says(`{"code":400,"message":"failed to get device token"}`), "code: 400 failed to get device token", true, false, 0},
		{"wecom", says(`<html>\r\nlogin`), "answer", false, false, 0},
		{"webhook", refuses(429, "Retry-After", "7"), "status: 429", false, false, 7 * time.Second},
		{"webhook", refuses(429, "Retry-After", "999999"), "status: 429", false, false, 10 * time.Minute},
		{"webhook", refuses(503, "Retry-After", noon().Add(9*time.Second).UTC().Format(http.TimeFormat)), "status: 503", false, false, 9 * time.Second},
		{"webhook", refuses(500), "status: 500", false, false, 0},
		{"webhook", refuses(403), "status: 403", true, false, 0},
		{"webhook", refuses(404), "status: 404", true, true, 0},
		{"webhook", refuses(302, "Location", "http://127.0.0.1:1/"), "status: 302", true, false, 0},
	} {
		v := newReceiver(t, tt.answer)
		err := kinds()[tt.kind].Notify(t.Context(), &model.NotifyChannel{Address: v.URL + "/x", Secret: "secret 123"}, notice())
		fault(t, err, tt.reason, tt.final, tt.gone, tt.after)
	}
	err := kinds()["webhook"].Notify(t.Context(), &model.NotifyChannel{Address: "http://127.0.0.1:1/"}, notice())
	fault(t, err, "unreachable", false, false, 0)
}

func TestNothingInsideIsCalled(t *testing.T) {
	called := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer s.Close()
	guarded := notify.New(notify.Options{})
	for kind, path := range map[string]string{"webhook": "/", "ntfy": "/t", "bark": "/k", "wecom": "/?key=k", "dingtalk": "/?access_token=t", "feishu": "/"} {
		for _, address := range []string{s.URL + path, "https://127.0.0.1" + path, "https://[::ffff:169.254.169.254]" + path, "file:///etc/passwd", "https://u:p@example.com" + path} {
			if err := guarded[kind].Check(address, "secret 123"); !errors.Is(err, model.Invalid("address")) {
				t.Errorf("%s takes %s: %v", kind, address, err)
			}
		}
		err := guarded[kind].Notify(t.Context(), &model.NotifyChannel{Address: s.URL + path, Secret: "secret 123"}, notice())
		fault(t, err, "refused", true, false, 0)
	}
	if called {
		t.Error("an inside address was called")
	}
}

func TestAddressesThatLackSomethingAreRefused(t *testing.T) {
	for kind, address := range map[string]string{
		"ntfy": "https://ntfy.sh/", "bark": "https://api.day.app", "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "dingtalk": "https://oapi.dingtalk.com/robot/send?key=x",
	} {
		if err := kinds()[kind].Check(address, ""); !errors.Is(err, model.Invalid("address")) {
			t.Errorf("%s takes %s: %v", kind, address, err)
		}
	}
	if err := kinds()["webhook"].Check("https://example.com/", "short"); !errors.Is(err, model.Invalid("secret")) {
		t.Error(err)
	}
}

// An endless answer is read to a bound.
func TestEndlessAnswers(t *testing.T) {
	v := newReceiver(t, func(w http.ResponseWriter) {
		for range 100_000 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	err := kinds()["wecom"].Notify(t.Context(), &model.NotifyChannel{Address: v.URL}, notice())
	fault(t, err, "answer", false, false, 0)
}
