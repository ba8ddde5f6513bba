package blob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"hongyan/service/blob/osstest"
)

func openOSS(t *testing.T, keys Keys) (Store, *osstest.Server) {
	t.Helper()
	fake := osstest.Start(t)
	s, err := Open(fake.Source(), keys, false)
	if err != nil {
		t.Fatal(err)
	}
	return s, fake
}

func TestOSSStoresPrivately(t *testing.T) {
	s, fake := openOSS(t, rightKeys())
	key := newKey()
	if _, err := s.Put(context.Background(), key, io.LimitReader(zeros{}, 1<<20)); err != nil {
		t.Fatal(err)
	}
	object, ok := fake.Objects()[key]
	if !ok || object.ACL != "private" || object.ContentType != "application/octet-stream" || object.Disposition != "attachment" {
		t.Errorf("stored as %q, %q, %q", object.ACL, object.ContentType, object.Disposition)
	}
	if len(object.Body) != 1<<20 || !object.Chunked {
		t.Errorf("%d bytes, streamed %v", len(object.Body), object.Chunked)
	}
}

func TestOSSSignedURL(t *testing.T) {
	s, fake := openOSS(t, rightKeys())
	key := newKey()
	body := []byte("0123456789")
	if _, err := s.Put(context.Background(), key, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	disposition := `attachment; filename*=UTF-8''%E9%B8%BF%E9%9B%81%20(1).pdf`
	signed, err := s.SignGet(context.Background(), key, "application/pdf", disposition)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	if seconds, _ := strconv.Atoi(u.Query().Get("x-oss-expires")); seconds < 60 || seconds > 900 {
		t.Errorf("good for %d seconds", seconds)
	}
	if s.Origin() != fake.URL || strings.Contains(signed, osstest.KeySecret) {
		t.Errorf("origin %s, URL %s", s.Origin(), signed)
	}
	status, header, got := get(t, signed, "")
	if status != 200 || got != string(body) || header.Get("Content-Type") != "application/pdf" || header.Get("Content-Disposition") != disposition {
		t.Fatalf("%d %v %q %v", status, header, got, fake.Refused())
	}
	if status, _, got := get(t, signed, "bytes=2-4"); status != 206 || got != "234" {
		t.Errorf("range: %d %q", status, got)
	}
	for name, tampered := range map[string]string{
		"another key":         strings.Replace(signed, key, newKey(), 1),
		"another disposition": strings.Replace(signed, "attachment", "inline", 1),
		"a longer life":       strings.Replace(signed, "x-oss-expires=600", "x-oss-expires=900", 1),
		"no signature":        strings.Split(signed, "?")[0],
		"another signature":   signed[:len(signed)-3] + "000",
	} {
		if status, _, _ := get(t, tampered, ""); tampered == signed || status != 403 {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func get(t *testing.T, address, ranged string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranged != "" {
		r.Header.Set("Range", ranged)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func TestOSSWrongKeys(t *testing.T) {
	for name, wrong := range map[string]Keys{"id": {"LTAI-other", osstest.KeySecret}, "secret": {osstest.KeyID, "wrong-secret"}} {
		s, fake := openOSS(t, wrong)
		_, err := s.Put(context.Background(), newKey(), strings.NewReader("x"))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s wrong: %v", name, err)
		}
		if err := s.Check(context.Background()); err == nil {
			t.Errorf("%s wrong: the check passes", name)
		}
		if n := len(fake.Objects()); n > 0 {
			t.Errorf("%d objects", n)
		}
	}
}

func TestOSSFailure(t *testing.T) {
	s, fake := openOSS(t, rightKeys())
	fake.Fail(http.StatusServiceUnavailable)
	if _, err := s.Put(context.Background(), newKey(), strings.NewReader("x")); err == nil {
		t.Error("stored nowhere")
	}
	fake.Fail(0)
	if _, err := s.Put(context.Background(), newKey(), strings.NewReader("x")); err != nil {
		t.Error(err)
	}
}

func TestParseOSS(t *testing.T) {
	c, err := ParseOSS("oss://pictures?endpoint=oss-cn-beijing-internal.aliyuncs.com&public=files.example.com&pathstyle=true",
		Keys{"id", "hidden"})
	if err != nil {
		t.Fatal(err)
	}
	want := OSSConfig{
		Bucket: "pictures", Endpoint: "https://oss-cn-beijing-internal.aliyuncs.com", Public: "https://files.example.com",
		Region: "cn-beijing", PathStyle: true, Keys: Keys{"id", "hidden"},
	}
	if c != want {
		t.Errorf("read as %+v", c)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(text, "hidden") {
		t.Errorf("it prints its keys: %s", text)
	}
	s, err := NewOSS(c)
	if err != nil || s.Origin() != "https://files.example.com" {
		t.Errorf("origin %s, %v", s.Origin(), err)
	}
}
