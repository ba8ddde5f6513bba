package model_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hongyan/model"
)

func TestFormsOfFields(t *testing.T) {
	for _, tt := range []struct {
		name string
		ok   func(string) bool
		yes  []string
		no   []string
	}{
		{"mobile", model.ValidMobile, []string{"123456", "+8613800000000", "123456789012345"},
			[]string{"", "12345", "1234567890123456", "138 0000", "+", "1380000000a", "１２３４５６"}},
		{"password", model.ValidPassword, []string{"12345678", "密码密码密码密码", strings.Repeat("😀", 128)},
			[]string{"", "1234567", strings.Repeat("x", 129), "1234567\xff"}},
		{"name", func(s string) bool { return model.ValidName(s, 4) }, []string{"张小明", " a "}, []string{"", "  ", "abcde", "a\nb", "\xff"}},
		{"memo", func(s string) bool { return model.ValidMemo(s, 4) }, []string{"", "a\nb"}, []string{"abcde", "a\x00", "\xff"}},
		{"link", model.ValidLink, []string{"", "/mnt/a.png", "https://example.com/a?b=c", "http://x"},
			[]string{"//evil", "javascript:x", "ftp://x", "mnt/a", "/a\"b", `/\evil`, "/a b", "http://" + strings.Repeat("x", model.MaxURL)}},
	} {
		for _, s := range tt.yes {
			if !tt.ok(s) {
				t.Errorf("%s %q is refused", tt.name, s)
			}
		}
		for _, s := range tt.no {
			if tt.ok(s) {
				t.Errorf("%s %q passes", tt.name, s)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("the cause")
	err := fmt.Errorf("outside: %w", &model.Error{Code: model.CodeUnavailable, Key: "x", RetryAfter: time.Second, Err: cause})
	switch {
	case model.CodeOf(err) != model.CodeUnavailable:
		t.Error("code", model.CodeOf(err))
	case model.CodeOf(cause) != model.CodeInternal:
		t.Error("what is no Error is internal")
	case !errors.Is(err, cause) || !errors.Is(err, model.Fail(model.CodeUnavailable)):
		t.Error("is neither its cause nor its code")
	case errors.Is(err, &model.Error{Code: model.CodeUnavailable, Key: "y"}):
		t.Error("another key is the same")
	}
}
