package locale

import "testing"

// FuzzMatch: any header leads to one of the languages there are.
func FuzzMatch(f *testing.F) {
	c, err := Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"zh-CN,zh;q=0.9", "en", "*", "x-;q=2", "zh-Hant-TW-u-co-stroke", "i-klingon,,;"} {
		f.Add("", seed)
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, choice, header string) {
		if got := c.Match(choice, header); len(c.Messages(got)) == 0 {
			t.Errorf("%q, %q: %q", choice, header, got)
		}
	})
}
