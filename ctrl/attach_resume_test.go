package ctrl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hongyan/model"
)

// call posts JSON to a route of uploads in parts.
func (h *shelf) call(token, path string, in any) (int, model.UploadState, uploaded) {
	h.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		h.Fatal(err)
	}
	return h.postTo(token, path, "application/json", bytes.NewReader(body))
}

func (h *shelf) postTo(token, path, kind string, body io.Reader) (int, model.UploadState, uploaded) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.web.URL+path, body)
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
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
	var out struct {
		Error  string
		Data   json.RawMessage
		Attach model.Attach
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		h.Fatalf("%s: %q: %v", path, raw, err)
	}
	var state model.UploadState
	file := uploaded{Error: out.Error, Attach: out.Attach}
	if _ = json.Unmarshal(out.Data, &state); state.Upload == "" {
		_ = json.Unmarshal(out.Data, &file.Data)
	}
	return answer.StatusCode, state, file
}

func (h *shelf) part(token, upload, offset, content string) (int, model.UploadState, uploaded) {
	h.Helper()
	kind, body := form(h, part{name: "upload", content: upload}, part{name: "offset", content: offset}, part{name: "file", file: "blob", content: content})
	return h.postTo(token, "/attach/part", kind, bytes.NewReader(body))
}

// TestUploadInParts goes the whole way over HTTP.
func TestUploadInParts(t *testing.T) {
	h := newShelf(t, nil)
	status, state, _ := h.call(h.alice.token, "/attach/begin", map[string]any{"name": "notes.txt", "filetype": "text/plain", "size": 11})
	if status != 200 || state.Offset != 0 || state.Size != 11 || state.Part <= 0 {
		t.Fatalf("%d %+v", status, state)
	}
	if _, now, _ := h.part(h.alice.token, state.Upload, "0", "hello "); now.Offset != 6 {
		t.Errorf("%+v", now)
	}
	if status, _, out := h.part(h.alice.token, state.Upload, "0", "hello "); status != http.StatusConflict || out.Error != "conflict" {
		t.Errorf("a part twice: %d %q", status, out.Error)
	}
	if status, _, out := h.part(h.alice.token, state.Upload, "-1", "x"); status != http.StatusBadRequest || out.Error != "invalid_argument" {
		t.Errorf("a place before the file: %d %q", status, out.Error)
	}
	if status, _, _ := h.part(h.alice.token, state.Upload, "6", strings.Repeat("x", 6)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than was said: %d", status)
	}
	_, now, _ := h.call(h.alice.token, "/attach/state", map[string]any{"upload": state.Upload})
	if now.Offset != 6 {
		t.Errorf("bytes beyond the end were kept: %+v", now)
	}
	h.part(h.alice.token, state.Upload, "6", "world")
	status, _, file := h.call(h.alice.token, "/attach/finish", map[string]any{"upload": state.Upload})
	if status != 200 || file.Attach.Name != "notes.txt" || file.Attach.Size != 11 || !strings.HasPrefix(file.Data, "/mnt/") {
		t.Errorf("%d %+v", status, file)
	}
	if answer, body := h.get(http.MethodGet, file.Data, h.alice.token); answer.StatusCode != 200 || body != "hello world" {
		t.Errorf("%d %q", answer.StatusCode, body)
	}
}

// TestPartThatBreaksOff cuts the connection in the middle of a part: what came
// is kept.
func TestPartThatBreaksOff(t *testing.T) {
	h := newShelf(t, nil)
	_, state, _ := h.call(h.alice.token, "/attach/begin", map[string]any{"name": "a.bin", "size": 600_000})
	kind, body := form(t, part{name: "upload", content: state.Upload}, part{name: "offset", content: "0"},
		part{name: "file", file: "blob", content: strings.Repeat("x", 600_000)})
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.web.URL+"/attach/part", reader)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+h.alice.token)
	go func() {
		_, _ = writer.Write(body[:300_000])
		_ = writer.CloseWithError(io.ErrClosedPipe)
	}()
	if answer, err := http.DefaultClient.Do(r); err == nil {
		_ = answer.Body.Close()
	}
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		status, now, _ := h.call(h.alice.token, "/attach/state", map[string]any{"upload": state.Upload})
		if status == 200 && now.Offset > 250_000 && now.Offset < 300_000 {
			return
		}
		time.Sleep(10 * time.Millisecond) // the server learns of the end when it learns of it
	}
	t.Error("what came of the part is lost")
}

// TestUploadsOfOthers answers a stranger as if there were no upload, and nobody
// without a session.
func TestUploadsOfOthers(t *testing.T) {
	h := newShelf(t, nil)
	bob := h.join("13800000002")
	_, state, _ := h.call(h.alice.token, "/attach/begin", map[string]any{"name": "a", "size": 5})
	for _, path := range []string{"/attach/state", "/attach/finish"} {
		if status, _, out := h.call(bob.token, path, map[string]any{"upload": state.Upload}); status != http.StatusNotFound {
			t.Errorf("%s: %d %q", path, status, out.Error)
		}
	}
	if status, _, _ := h.part(bob.token, state.Upload, "0", "x"); status != http.StatusNotFound {
		t.Errorf("a part: %d", status)
	}
	for _, path := range []string{"/attach/begin", "/attach/state", "/attach/finish", "/attach/cancel", "/attach/part"} {
		if status, _, out := h.call("", path, map[string]any{"upload": state.Upload}); status != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d %q", path, status, out.Error)
		}
	}
	if status, _, _ := h.call(h.alice.token, "/attach/begin", map[string]any{"name": "a", "size": fileLimit + 1}); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	for _, name := range []string{"userid", "ownerid"} {
		kind, body := form(t, part{name: name, content: fmt.Sprint(bob.ID)}, part{name: "upload", content: state.Upload}, part{name: "offset", content: "0"}, part{name: "file", file: "x", content: "x"})
		if status, _, out := h.postTo(h.alice.token, "/attach/part", kind, bytes.NewReader(body)); status != http.StatusForbidden {
			t.Errorf("in somebody else's name: %d %q", status, out.Error)
		}
	}
	h.call(h.alice.token, "/attach/cancel", map[string]any{"upload": state.Upload})
	if status, _, _ := h.call(h.alice.token, "/attach/state", map[string]any{"upload": state.Upload}); status != http.StatusNotFound {
		t.Errorf("after it was cancelled: %d", status)
	}
}

// TestOnlyFilesAreLarge: the routes around the parts read their body whole, so
// what is no file has the bound of any other body.
func TestOnlyFilesAreLarge(t *testing.T) {
	h := newShelf(t, nil)
	_, state, _ := h.call(h.alice.token, "/attach/begin", map[string]any{"name": "a.bin", "size": 5})
	large := strings.Repeat("x", bodyLimit+1)
	for _, path := range []string{"/attach/begin", "/attach/state", "/attach/finish", "/attach/cancel"} {
		for kind, body := range map[string]string{
			"application/json":                  `{"upload":"` + state.Upload + `","size":5,"pad":"` + large + `"}`,
			"application/x-www-form-urlencoded": "size=5&upload=" + state.Upload + "&pad=" + large,
		} {
			if status, _, out := h.postTo(h.alice.token, path, kind, strings.NewReader(body)); status != http.StatusRequestEntityTooLarge || out.Error != "too_large" {
				t.Errorf("%s takes %d bytes of %s: %d %q", path, len(body), kind, status, out.Error)
			}
		}
	}
	h.part(h.alice.token, state.Upload, "0", "hello")
	if status, _, _ := h.call(h.alice.token, "/attach/finish", map[string]any{"upload": state.Upload}); status != 200 {
		t.Errorf("the upload is hurt: %d", status)
	}
}
