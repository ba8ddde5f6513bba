package client

import (
	"net/http"
	"testing"
	"time"
)

// FuzzAnswer: whatever a server answers, the client gets an error or a value.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"code":0,"msg":"","data":{"id":1}}`), "1")
	f.Add([]byte(`{"code":0,"msg":"","rows":[{"id":1}],"total":1}`), "0.5")
	f.Add([]byte(`{"code":-1,"error":"rate_limited","msg":"slowly"}`), "1e308")
	f.Add([]byte(`{"code":0}`), "NaN")
	f.Add([]byte(`null`), "-1")
	f.Fuzz(func(t *testing.T, data []byte, retry string) {
		answer := &http.Response{StatusCode: 429, Status: "429", Header: http.Header{"Retry-After": {retry}}}
		if d := retryAfter(answer); d < 0 || d > 100*365*24*time.Hour {
			t.Errorf("Retry-After %q: %v", retry, d)
		}
		var out any
		_ = read(answer, data, &out)
		_ = read(answer, data, nil)
	})
}
