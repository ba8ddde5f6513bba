package view

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// The client finds the same addresses, by the same list.
func TestLinks(t *testing.T) {
	data, err := os.ReadFile("../e2e/testdata/links.json")
	if err != nil {
		t.Fatal(err)
	}
	var list [][2]any
	if err := json.Unmarshal(data, &list); err != nil || len(list) < 10 {
		t.Fatalf("%d, %v", len(list), err)
	}
	for _, one := range list {
		text := one[0].(string)
		want := []string{}
		for _, link := range one[1].([]any) {
			want = append(want, link.(string))
		}
		got, whole := []string{}, ""
		for _, p := range links(text) {
			if whole += p.Text; p.Link != "" {
				got = append(got, p.Link)
			}
		}
		if !slices.Equal(got, want) || whole != text {
			t.Errorf("%q: %q, want %q; together %q", text, got, want, whole)
		}
	}
}

// Where an address leads elsewhere than it seems, its host is said beside it.
func TestLinksSayTheirHosts(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.com/b":          "",
		"www.example.com":          "",
		"HTTPS://A.com:443/x":      "",
		"http://例子.中国/":            "xn--fsqu00a.xn--fiqs8s",
		"\u202ehttps://a.com/b":    "a.com",
		"https://xn--fsqu00a.com/": "xn--fsqu00a.com",
	} {
		list := links(text)
		if i := slices.IndexFunc(list, func(p part) bool { return p.Link != "" }); i < 0 || list[i].Host != want {
			t.Errorf("%q: %+v", text, list)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add("看https://a.com/b。好的 www.x.cn/(a)")
	f.Fuzz(func(t *testing.T, text string) {
		whole := ""
		for _, p := range links(text) {
			whole += p.Text
			if p.Link != "" && !strings.HasPrefix(p.Link, "http://") && !strings.HasPrefix(p.Link, "https://") {
				t.Errorf("%q leads to %q", p.Text, p.Link)
			}
		}
		if whole != text {
			t.Errorf("%q became %q", text, whole)
		}
	})
}

// BenchmarkHostileLinks is a text of 64 kB that once had each address, mark or
// bracket in it cost a reading of the whole.
func BenchmarkHostileLinks(b *testing.B) {
	for name, piece := range map[string]string{"addresses": "www.a.b ", "refused": "https://x/%zz-", "brackets": ")"} {
		text := "https://a.b/" + strings.Repeat(piece, (64<<10)/len(piece))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				links(text)
			}
		})
	}
}
