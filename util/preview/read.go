package preview

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Characters kept of what a page says.
const (
	maxTitle = 120
	maxNote  = 200
)

// read takes what is wanted out of a page, by the first that says it: what it
// says for cards, and what it says for search engines.
func (p *Page) read(text io.Reader, base *url.URL) error {
	said := map[string]string{}
	tokens := html.NewTokenizer(text)
	tokens.SetMaxBuf(maxBody)
	for inTitle := false; ; {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			if err := tokens.Err(); !errors.Is(err, io.EOF) && !errors.Is(err, html.ErrBufferExceeded) {
				return err
			}
			break
		}
		token := tokens.Token()
		switch {
		case kind == html.TextToken && inTitle:
			said["title"] += token.Data
		case token.DataAtom == atom.Title:
			inTitle = kind == html.StartTagToken && said["title"] == ""
		case token.DataAtom == atom.Meta:
			meta(said, token)
		case token.DataAtom == atom.Body || token.DataAtom == atom.Head && kind == html.EndTagToken:
			p.take(said, base)
			return nil
		}
	}
	p.take(said, base)
	return nil
}

// meta notes what a meta element says, if nothing said it before.
func meta(said map[string]string, token html.Token) {
	var name, content string
	for _, a := range token.Attr {
		switch a.Key {
		case "property", "name":
			name = strings.ToLower(a.Val)
		case "content":
			content = a.Val
		}
	}
	if name != "" && name != "title" && said[name] == "" {
		said[name] = content
	}
}

func (p *Page) take(said map[string]string, base *url.URL) {
	p.Title = line(first(said, "og:title", "twitter:title", "title"), maxTitle)
	p.Note = line(first(said, "og:description", "twitter:description", "description"), maxNote)
	if picture := first(said, "og:image:secure_url", "og:image", "og:image:url", "twitter:image"); picture != "" {
		if u, err := base.Parse(strings.TrimSpace(picture)); err == nil && check(u) == nil && len(u.String()) <= maxAddress {
			p.Picture = u.String()
		}
	}
}

func first(said map[string]string, names ...string) string {
	for _, name := range names {
		if text := strings.TrimSpace(said[name]); text != "" {
			return text
		}
	}
	return ""
}

// line makes one line of a text, without what cannot be seen or turns others'
// words around, and no longer than most characters.
func line(text string, most int) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "")
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == 0xfeff:
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
