package bigram_test

import (
	"slices"
	"strings"
	"testing"

	"hongyan/util/bigram"
)

// matches does what an index does with the tokens.
func matches(text, query string) bool {
	tokens := strings.Fields(bigram.Index(text))
	terms := bigram.Query(query)
	for _, term := range terms {
		found := slices.ContainsFunc(tokens, func(t string) bool { return strings.HasPrefix(t, term.Tokens[0]) })
		if !term.Prefix {
			found = strings.Contains(" "+strings.Join(tokens, " ")+" ", " "+strings.Join(term.Tokens, " ")+" ")
		}
		if !found {
			return false
		}
	}
	return len(terms) > 0
}

func TestWhatFindsWhat(t *testing.T) {
	for _, tt := range []struct {
		text, query string
		want        bool
	}{
		{"灰度 5% 没有异常,可以继续放量。", "灰度", true},
		{"灰度发布", "度发", true},
		{"灰度发布", "灰布", false},
		{"灰度发布", "布", true},
		{"灰度发布", "灰", true},
		{"今晚八点发版", "八点发版", true},
		{"今晚八点", "八点发版", false},
		{"Hello World", "wor", true},
		{"Hello World", "orld", false},
		{"Hello World", "HELLO world", true},
		{"回归测试报告-final(2).xlsx", "final 报告", true},
		{"我用iPhone拍照", "iphone", true},
		{"ＡＢＣ全角", "abc", true},
		{"こんにちは", "にち", true},
		{"안녕하세요", "하세", true},
		{"anything", "  !?", false},
		{"about the", "the", true},
	} {
		if got := matches(tt.text, tt.query); got != tt.want {
			t.Errorf("%q in %q: %v, want %v", tt.query, tt.text, got, tt.want)
		}
	}
}

func FuzzTokensArePlain(f *testing.F) {
	f.Add("灰度 a\"b* -c +d (e) \xff \u0301é")
	f.Fuzz(func(t *testing.T, text string) {
		for _, token := range strings.Fields(bigram.Index(text)) {
			if len([]rune(token)) < 3 || strings.ContainsAny(token, "\"*+-()~<>@'\\%_") {
				t.Errorf("token %q", token)
			}
		}
		for _, term := range bigram.Query(text) {
			if len(term.Tokens) == 0 || term.Prefix && len(term.Tokens) != 1 {
				t.Errorf("term %+v", term)
			}
		}
	})
}
