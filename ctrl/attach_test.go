package ctrl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/blob"
	"hongyan/service/blob/osstest"
	"hongyan/util/imaging/imagetest"
	"hongyan/util/limit"
)

// shelf is the site on a real socket, with a store for files.
type shelf struct {
	*site
	folder string
	web    *httptest.Server
	alice  *person
}

const fileLimit = 1 << 20

func newShelf(t *testing.T, store service.BlobStore) *shelf {
	t.Helper()
	h := &shelf{site: newSite(t, false), folder: t.TempDir()}
	if store == nil {
		local, err := blob.NewLocal(filepath.Join(h.folder, "files"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = local.Close() })
		store = local
	}
	limits := service.AttachLimits{Size: fileLimit, Quota: 20 << 20, Files: 100, Rate: limit.New(limit.Every(time.Hour), 60, 10)}
	files, err := service.NewAttachService(h.db, store, filepath.Join(h.folder, "uploads"), time.Now, limits)
	if err != nil {
		t.Fatal(err)
	}
	h.server.Files = files
	h.web = httptest.NewServer(h.handler)
	t.Cleanup(h.web.Close)
	h.alice = h.join("13800000001")
	return h
}

// left lists what is on the disk.
func (h *shelf) left() (list []string) {
	h.Helper()
	err := filepath.WalkDir(h.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".lock" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return list
}

// part is a part of a form.
type part struct{ name, file, kind, content string }

func form(t testing.TB, parts ...part) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		params := map[string]string{"name": p.name}
		if p.file != "" {
			params["filename"] = p.file
		}
		header.Set("Content-Disposition", mime.FormatMediaType("form-data", params))
		if p.kind != "" {
			header.Set("Content-Type", p.kind)
		}
		out, err := w.CreatePart(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// uploaded is the answer of /attach/upload.
type uploaded struct {
	status int
	header http.Header
	raw    string
	Code   int          `json:"code"`
	Error  string       `json:"error"`
	Msg    string       `json:"msg"`
	Data   string       `json:"data"`
	Attach model.Attach `json:"attach"`
}

func (h *shelf) send(token, kind string, body io.Reader) uploaded {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.web.URL+"/attach/upload", body)
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept-Language", "en")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		h.Fatal(err)
	}
	out := uploaded{status: answer.StatusCode, header: answer.Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &out); err != nil {
		h.Fatalf("%d %q is no JSON: %v", answer.StatusCode, raw, err)
	}
	return out
}

func (h *shelf) upload(parts ...part) uploaded {
	h.Helper()
	kind, body := form(h, parts...)
	return h.send(h.alice.token, kind, bytes.NewReader(body))
}

// get asks for a path as it stands, without the client cleaning it.
func (h *shelf) get(method, path, token string, header ...string) (*http.Response, string) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), method, h.web.URL, nil)
	if err != nil {
		h.Fatal(err)
	}
	r.URL.Opaque = path
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		h.Fatal(err)
	}
	return answer, string(body)
}

func TestUploadAndLoad(t *testing.T) {
	h := newShelf(t, nil)
	photo := string(imagetest.Photo(800, 600, 6))
	for name, parts := range map[string][]part{
		"type first": {{name: "filetype", content: ".png"}, {name: "userid", content: fmt.Sprint(h.alice.ID)}, {"file", "照片.jpg", "image/png", photo}},
		"file first": {{"file", "照片.jpg", "", photo}, {name: "filetype", content: ".png"}},
	} {
		out := h.upload(parts...)
		if out.status != 200 || out.Code != 0 || out.Attach.Type != "image/jpeg" || out.Attach.Width != 600 || out.Attach.Height != 800 ||
			out.Attach.Name != "照片.jpg" || !strings.HasPrefix(out.Data, "/mnt/") || !strings.HasSuffix(out.Data, ".jpg") {
			t.Fatalf("%s: %d %s", name, out.status, out.raw)
		}
		for _, path := range []string{out.Data, out.Attach.Thumb} {
			answer, body := h.get("GET", path, h.alice.token)
			if answer.StatusCode != 200 || strings.Contains(body, "GPSSECRET") || answer.Header.Get("Content-Type") != "image/jpeg" ||
				!strings.HasPrefix(answer.Header.Get("Content-Disposition"), "inline") {
				t.Errorf("%s: %d %v", path, answer.StatusCode, answer.Header)
			}
		}
	}
}

func TestUploadSoundKeepsItsOwnType(t *testing.T) {
	h := newShelf(t, nil)
	webm := "\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm" + strings.Repeat("\x00", 5000)
	out := h.upload(part{"file", "voice.mp3", "audio/webm;codecs=opus", webm})
	if out.Attach.Type != "audio/webm" || out.Attach.Name != "voice.weba" {
		t.Errorf("%+v", out.Attach)
	}
}

func TestUploadAnswersFaults(t *testing.T) {
	h := newShelf(t, nil)
	plain := part{"file", "a.txt", "", "hello"}
	big := strings.Repeat("x", fileLimit+1)
	kind, whole := form(t, plain)
	many := make([]part, 200)
	for i := range many {
		many[i] = part{name: fmt.Sprint("p", i), content: "x"}
	}
	build := func(parts ...part) []byte {
		t.Helper()
		k, b := form(t, parts...)
		return bytes.ReplaceAll(b, []byte(strings.TrimPrefix(k, "multipart/form-data; boundary=")), []byte(strings.TrimPrefix(kind, "multipart/form-data; boundary=")))
	}
	for _, c := range []struct {
		name, kind string
		body       []byte
		status     int
		code       string
	}{
		{"no file", kind, build(part{name: "filetype", content: ".png"}), 400, "invalid_argument"},
		{"empty file", kind, build(part{"file", "a.txt", "", ""}), 400, "invalid_argument"},
		{"cut off", kind, whole[:len(whole)-20], 400, "invalid_argument"},
		{"garbage", kind, []byte("garbage"), 400, "invalid_argument"},
		{"nothing", kind, nil, 400, "invalid_argument"},
		{"many parts", kind, build(append(many, plain)...), 400, "invalid_argument"},
		{"long hint", kind, build(part{name: "filetype", content: strings.Repeat("x", 5000)}, plain), 400, "invalid_argument"},
		{"somebody else's", kind, build(part{name: "userid", content: "999"}, plain), 403, "forbidden"},
		{"one byte too many", kind, build(part{"file", "a.txt", "", big}), 413, "too_large"},
		{"50,000 x 50,000", kind, build(part{"file", "a.png", "", string(imagetest.HugePNG(50_000, 50_000))}), 413, "too_large"},
		{"10,000 frames", kind, build(part{"file", "a.gif", "", string(imagetest.GIF(2, 2, 10_000))}), 413, "too_large"},
		{"damaged picture", kind, build(part{"file", "a.gif", "", "GIF89a\x05\x00\x05\x00\x00\x00\x00;alert(1)"}), 415, "unsupported_media"},
		{"a plain form", "application/x-www-form-urlencoded", []byte("file=x"), 415, "unsupported_media"},
		{"json", "application/json", []byte(`{"file":"x"}`), 415, "unsupported_media"},
		{"no boundary", "multipart/form-data", whole, 415, "unsupported_media"},
	} {
		start := time.Now()
		out := h.send(h.alice.token, c.kind, bytes.NewReader(c.body))
		if out.status != c.status || out.Error != c.code || out.Code != -1 || out.Msg == "" {
			t.Errorf("%s: %d %s, want %d %s", c.name, out.status, out.raw, c.status, c.code)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: answered after %s", c.name, took)
		}
	}
	if out := h.send("", kind, bytes.NewReader(whole)); out.status != 401 || out.Error != "unauthenticated" {
		t.Errorf("anonymous: %d %s", out.status, out.raw)
	}
	if left := h.left(); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
	if out := h.send(h.alice.token, kind, bytes.NewReader(whole)); out.status != 200 {
		t.Errorf("after all that: %d %s", out.status, out.raw)
	}
}

// TestEndlessUpload sends chunks until the server has had enough.
func TestEndlessUpload(t *testing.T) {
	h := newShelf(t, nil)
	conn, err := net.Dial("tcp", h.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	head := "POST /attach/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + h.alice.token +
		"\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
	first := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"
	chunk := strings.Repeat("x", 64<<10)
	go func() {
		_, _ = fmt.Fprintf(conn, "%s%x\r\n%s\r\n", head, len(first), first)
		for {
			if _, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", len(chunk), chunk); err != nil {
				return
			}
		}
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 413 || !answer.Close {
		t.Errorf("%d, closes %v", answer.StatusCode, answer.Close)
	}
	if left := h.left(); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
}

// TestLyingLength declares more than is allowed and sends nothing.
func TestLyingLength(t *testing.T) {
	h := newShelf(t, nil)
	conn, err := net.Dial("tcp", h.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(conn, "POST /attach/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999999999\r\n\r\n", h.alice.token)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 413 {
		t.Errorf("%d", answer.StatusCode)
	}
}

func TestSlowUploadEnds(t *testing.T) {
	now := time.Now()
	b := &pacedBody{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", 100_000))), start: now, now: func() time.Time { return now }}
	p := make([]byte, slowestRate)
	for second := range 40 { // just fast enough
		now = b.start.Add(time.Duration(second) * time.Second)
		if _, err := io.ReadFull(b, p); err != nil {
			t.Fatalf("second %d: %v", second, err)
		}
	}
	now = b.start.Add(graceTime + time.Hour)
	if _, err := b.Read(p); err == nil {
		t.Fatal("80 kB in an hour are fast enough")
	}
}

func TestFilesAreServedSafely(t *testing.T) {
	h := newShelf(t, nil)
	for _, c := range []struct{ name, content, kind, how string }{
		{"a.png", "<!DOCTYPE html><script>alert(1)</script>", "application/octet-stream", "attachment"},
		{"a.png", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "application/octet-stream", "attachment"},
		{"a.png", "<?xml version='1.0'?><x/>", "application/octet-stream", "attachment"},
		{"a.png", "alert(document.cookie)", "text/plain", "attachment"},
		{"a.png", "%PDF-1.7 /JS (app.alert(1))", "application/pdf", "attachment"},
		{"a.html", string(imagetest.PNG(20, 20, 1)), "image/png", "inline"},
		{"bomb.docx", "PK\x03\x04" + strings.Repeat("\x00", 100), "application/zip", "attachment"},
		{"报 \"告\".txt", "text", "text/plain", "attachment"},
	} {
		out := h.upload(part{name: "filetype", content: ".html"}, part{"file", c.name, "text/html", c.content})
		answer, body := h.get("GET", out.Data, h.alice.token)
		header := answer.Header
		how, params, err := mime.ParseMediaType(header.Get("Content-Disposition"))
		if err != nil || how != c.how || params["filename"] != out.Attach.Name {
			t.Errorf("%q: %q, named %q", c.content, header.Get("Content-Disposition"), out.Attach.Name)
		}
		if header.Get("Content-Type") != c.kind || header.Get("X-Content-Type-Options") != "nosniff" ||
			header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
			t.Errorf("%.20q: %v", c.content, header)
		}
		if how == "attachment" && body != c.content {
			t.Errorf("%.20q came back as %.20q", c.content, body)
		}
	}
}

func TestRangesAndCaches(t *testing.T) {
	h := newShelf(t, nil)
	out := h.upload(part{"file", "a.bin", "", "\x00\x01\x02345\x00789"})
	answer, body := h.get("GET", out.Data, h.alice.token, "Range", "bytes=2-4")
	if answer.StatusCode != 206 || body != "\x0234" || answer.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("range: %d %q %v", answer.StatusCode, body, answer.Header)
	}
	if answer, _ := h.get("GET", out.Data, h.alice.token, "Range", "bytes=20-"); answer.StatusCode != 416 {
		t.Errorf("range beyond the end: %d", answer.StatusCode)
	}
	answer, body = h.get("HEAD", out.Data, h.alice.token)
	tag := answer.Header.Get("ETag")
	if answer.StatusCode != 200 || body != "" || answer.ContentLength != 10 || tag == "" ||
		answer.Header.Get("Cache-Control") != "private, max-age=31536000, immutable" || answer.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("head: %d %v", answer.StatusCode, answer.Header)
	}
	if answer, _ := h.get("GET", out.Data, h.alice.token, "If-None-Match", tag); answer.StatusCode != 304 {
		t.Errorf("known already: %d", answer.StatusCode)
	}
	if answer, _ := h.get("POST", out.Data, h.alice.token); answer.StatusCode != 405 {
		t.Errorf("post: %d", answer.StatusCode)
	}
}

func TestFilesNeedASession(t *testing.T) {
	h := newShelf(t, nil)
	out := h.upload(part{"file", "a.txt", "", "hello"})
	absent := "/mnt/aaaaaaaaaaaaaaaaaaaaaaaaaa.txt"
	mine, mineBody := h.get("GET", out.Data, "")
	none, noneBody := h.get("GET", absent, "wrong")
	if mine.StatusCode != 401 || none.StatusCode != 401 || mineBody != noneBody || strings.Contains(mineBody, "hello") {
		t.Errorf("%d %s\n%d %s", mine.StatusCode, mineBody, none.StatusCode, noneBody)
	}
	h.alice.want("", "/user/logout", "")
	if answer, _ := h.get("GET", out.Data, h.alice.token); answer.StatusCode != 401 {
		t.Errorf("after logout: %d", answer.StatusCode)
	}
}

func TestPathsThatLeadElsewhere(t *testing.T) {
	h := newShelf(t, nil)
	out := h.upload(part{"file", "a.txt", "", "hello"})
	name := strings.TrimPrefix(out.Data, "/mnt/")
	_, want := h.get("GET", "/mnt/aaaaaaaaaaaaaaaaaaaaaaaaaa", h.alice.token)
	for _, path := range []string{
		"/mnt/", "/mnt//", "/mnt//" + name, "/mnt/./" + name, "/mnt/../mnt/" + name, "/mnt/..%2f..%2fgo.mod", "/mnt/%2e%2e/go.mod",
		"/mnt/..%5c..%5cgo.mod", "/mnt/" + name + "%00", "/mnt/" + name + "/", "/mnt/%2f" + name, "/mnt/files/" + name, "/mnt/.git/config",
		"/mnt/hongyan.db", "/mnt/tmp", "/mnt/" + name[:2], "/mnt/" + name + ".html", "/mnt/" + strings.ToUpper(name),
	} {
		answer, body := h.get("GET", path, h.alice.token)
		if answer.StatusCode != 404 || body != want {
			t.Errorf("%s: %d %.80s", path, answer.StatusCode, body)
		}
	}
}

func TestUploadLimits(t *testing.T) {
	h := newShelf(t, nil)
	chunk := strings.Repeat("x", fileLimit)
	refused := uploaded{}
	for range 25 {
		if refused = h.upload(part{"file", "a.txt", "", chunk}); refused.status != 200 {
			break
		}
	}
	if refused.status != 413 || refused.Error != "too_large" {
		t.Errorf("quota: %d %s", refused.status, refused.raw)
	}
	for range 60 {
		if refused = h.upload(part{"file", "a.txt", "", chunk}); refused.status == 429 {
			break
		}
	}
	if refused.status != 429 || refused.Error != "rate_limited" || refused.header.Get("Retry-After") == "" {
		t.Errorf("rate: %d %s", refused.status, refused.raw)
	}
}

func TestFilesInOSS(t *testing.T) {
	fake := osstest.Start(t)
	store, err := blob.Open(fake.Source(), blob.Keys{ID: osstest.KeyID, Secret: osstest.KeySecret}, false)
	if err != nil {
		t.Fatal(err)
	}
	h := newShelf(t, store)
	out := h.upload(part{"file", "合同.pdf", "", "%PDF-1.7 0123456789"})
	if out.status != 200 || strings.Contains(out.raw, osstest.KeyID) || strings.Contains(out.raw, fake.URL) {
		t.Fatalf("%d %s", out.status, out.raw)
	}
	answer, body := h.get("GET", out.Data, h.alice.token)
	location := answer.Header.Get("Location")
	if answer.StatusCode != 302 || !strings.HasPrefix(location, fake.URL) || strings.Contains(location+body, osstest.KeySecret) ||
		strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, location, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Range", "bytes=9-11")
	object, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(object.Body)
	_ = object.Body.Close()
	_, params, _ := mime.ParseMediaType(object.Header.Get("Content-Disposition"))
	if object.StatusCode != 206 || string(got) != "012" || params["filename"] != "合同.pdf" || object.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%d %q %v %v", object.StatusCode, got, object.Header, fake.Refused())
	}
	if u, err := url.Parse(location); err != nil || u.Query().Get("x-oss-expires") != "600" {
		t.Errorf("good for %s", u.Query().Get("x-oss-expires"))
	}
	if answer, _ := h.get("HEAD", out.Data, h.alice.token); answer.StatusCode != 200 || answer.ContentLength != 19 {
		t.Errorf("head: %d %d", answer.StatusCode, answer.ContentLength)
	}
	fake.Fail(http.StatusInternalServerError)
	if out := h.upload(part{"file", "a.txt", "", "x"}); out.status != 503 || out.Error != "unavailable" {
		t.Errorf("a bucket out of order: %d %s", out.status, out.raw)
	}
}
