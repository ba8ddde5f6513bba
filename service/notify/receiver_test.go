package notify_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/notify"
	"hongyan/util/outbound"
)

// call is one request that a receiver got.
type call struct {
	path, query string
	header      http.Header
	raw         []byte
	body        map[string]any
}

// receiver is a real HTTP server that takes what the kinds send and answers as told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []call
	answer func(w http.ResponseWriter)
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter)) *receiver {
	t.Helper()
	v := &receiver{answer: answer}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{path: r.URL.Path, query: r.URL.RawQuery, header: r.Header}
		c.raw, _ = io.ReadAll(r.Body)
		_ = json.Unmarshal(c.raw, &c.body)
		v.mu.Lock()
		v.calls = append(v.calls, c)
		v.mu.Unlock()
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		v.answer(w)
	}))
	t.Cleanup(v.Close)
	return v
}

func (v *receiver) last(t *testing.T) call {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.calls) == 0 {
		t.Fatal("nothing arrived")
	}
	return v.calls[len(v.calls)-1]
}

func says(text string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }
}

func refuses(status int, headers ...string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

// noon is when these tests play.
func noon() time.Time { return time.Unix(1_800_000_000, 0) }

func kinds() notify.Channels {
	return notify.New(notify.Options{Reach: outbound.Options{Private: true}, Now: noon})
}

func notice() *model.Notice {
	return &model.Notice{ID: "N1", Kind: 10, DstID: 7, Seq: 3, Count: 2, Total: 5, Title: "鸿雁：新消息", Text: "2 条未读消息", Path: "/c/10-7", Origin: "https://chat.example", At: 1}
}

// fault checks what kind of failure an error is.
func fault(t *testing.T, err error, reason string, final, gone bool, after time.Duration) {
	t.Helper()
	e, ok := errors.AsType[*model.NotifyError](err)
	if !ok || e.Reason != reason || e.Final != final || e.Gone != gone || e.RetryAfter != after {
		t.Errorf("got %v (%+v), want %s", err, e, reason)
	}
}
