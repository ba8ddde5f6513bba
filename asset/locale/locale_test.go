package locale_test

import (
	"regexp"
	"slices"
	"testing"

	"hongyan/asset/locale"
)

func load(t *testing.T) *locale.Catalogue {
	t.Helper()
	c, err := locale.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCataloguesAreEqualInKeysAndPlaceholders(t *testing.T) {
	c := load(t)
	zh, en := c.Messages(locale.Chinese), c.Messages(locale.English)
	placeholder := regexp.MustCompile(`\{\{\.\w+\}\}`)
	names := func(s string) []string {
		all := placeholder.FindAllString(s, -1)
		slices.Sort(all)
		return slices.Compact(all)
	}
	for key, text := range zh {
		other, ok := en[key]
		if !ok {
			t.Errorf("%s is missing in English", key)
		} else if !slices.Equal(names(text), names(other)) {
			t.Errorf("%s: placeholders %v and %v", key, names(text), names(other))
		}
	}
	for key := range en {
		if _, ok := zh[key]; !ok {
			t.Errorf("%s is missing in Chinese", key)
		}
	}
}

func TestMatch(t *testing.T) {
	c := load(t)
	for _, tt := range []struct{ choice, header, want string }{
		{"", "", locale.Chinese},
		{"en", "zh-CN", locale.English},
		{"xx", "en-GB,en;q=0.9", locale.English},
		{"", "zh-TW", locale.Chinese},
		{"", "zh-Hans-CN,zh;q=0.9,en;q=0.8", locale.Chinese},
		{"", "de-DE,de", locale.English},
		{"", ";;;,,,", locale.Chinese},
	} {
		if got := c.Match(tt.choice, tt.header); got != tt.want {
			t.Errorf("Match(%q, %q) = %s, want %s", tt.choice, tt.header, got, tt.want)
		}
	}
}

func TestT(t *testing.T) {
	c := load(t)
	if got := c.T("en", "error.internal", map[string]any{"ID": "x7"}); got != "Something went wrong on the server. Please try again later (number x7)" {
		t.Error(got)
	}
	if got := c.T("en", "no.such", nil); got != "no.such" {
		t.Error(got)
	}
}
