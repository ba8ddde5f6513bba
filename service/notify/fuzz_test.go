package notify

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hongyan/model"
)

// FuzzAnswer: whatever a robot's service answers, it is a success or a reason
// that can be shown in one line.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"errcode":0,"errmsg":"ok"}`), "errcode", "5")
	f.Add([]byte(`{"StatusCode":0,"code":9499,"msg":"too fast"}`), "code", "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Add([]byte(`{"errcode":"0","errmsg":["\u001b[31m"]}`), "errcode", "-1")
	f.Add([]byte(`{"errcode":1,"errmsg":"line\nline\u0085\u2028\u202e"}`), "errcode", "9223372036854775807")
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte, field, retry string) {
		if d := retryAfter(retry, now); d < 0 || d > maxRetry {
			t.Errorf("Retry-After %q: %v", retry, d)
		}
		err := said(data, field, 0)
		if err == nil {
			return
		}
		e, ok := errors.AsType[*model.NotifyError](err)
		if !ok || e.Reason == "" || !utf8.ValidString(e.Reason) || len([]rune(e.Reason)) > maxDetail+10 || strings.ContainsAny(e.Reason, "\r\n\x00\x1b") {
			t.Errorf("%q: %v", data, err)
		}
	})
}
