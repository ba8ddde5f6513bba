package view

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// part is a piece of a text: words, or an address that Link leads to. Host is
// said beside it where that is another than it seems.
type part struct{ Text, Link, Host string }

// The rules are those of the client's asset/js/chat/text.js, and both are held to
// e2e/testdata/links.json. A path ends where Chinese begins: people write
// 看https://a.com/b。好的 without a space.
const (
	labelOf   = `[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?`
	asciiHost = `(?:` + labelOf + `\.)*` + labelOf + `|\[[0-9A-Fa-f:.]+\]`
	otherHost = `[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+`
	pathOf    = `(?::\d{1,5})?(?:[/?#][\w\-.~!$&'()*+,;=:@%/?#\[\]|{}^]*)?`
)

var (
	linkStart = regexp.MustCompile(`(?i)https?://|www\.`)
	linkWhole = regexp.MustCompile(`^(?i:https?://(?:` + asciiHost + `|` + otherHost + `)|www\.(?:` + asciiHost + `))` + pathOf)
	// turns are marks that turn the direction of what follows.
	turns = regexp.MustCompile(`[\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
)

// links splits a text into words and addresses.
func links(text string) []part {
	var all []part
	from := 0
	turned := turns.MatchString(text)
	for at := 0; at < len(text); {
		found := linkStart.FindStringIndex(text[at:])
		if found == nil {
			break
		}
		begin := at + found[0]
		at += found[1]
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		if begin > 0 && strings.ContainsRune("@./", before) || isAlphanumeric(before) {
			continue
		}
		shown := trimLink(linkWhole.FindString(text[begin:]))
		link := linkOf(shown)
		if link == nil {
			at = max(at, begin+len(shown)) // not looked at again: each start would read on to the end
			continue
		}
		if begin > from {
			all = append(all, part{Text: text[from:begin]})
		}
		p := part{Text: shown, Link: link.String()}
		if said := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(shown), "http://"), "https://"); turned ||
			strings.Contains(link.Host, "xn--") || !strings.HasPrefix(said, link.Host) {
			p.Host = link.Host
		}
		all = append(all, p)
		from = begin + len(shown)
		at = from
	}
	if from < len(text) {
		all = append(all, part{Text: text[from:]})
	}
	return all
}

func isAlphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// trimLink takes off what ends the sentence and not the address; a bracket stays
// if the address opened it.
func trimLink(text string) string {
	const ends = ".,;:!?'*|^"
	openers := map[byte]string{')': "(", ']': "[", '}': "{"}
	unopened := map[byte]int{} // brackets that close more than was opened
	for closer, opener := range openers {
		unopened[closer] = strings.Count(text, string(closer)) - strings.Count(text, opener)
	}
	for text != "" {
		last := text[len(text)-1]
		switch {
		case strings.IndexByte(ends, last) >= 0:
		case unopened[last] > 0:
			unopened[last]--
		default:
			return text
		}
		text = text[:len(text)-1]
	}
	return text
}

// linkOf is the address that a text spells, as a browser would open it; nil if it
// is none.
func linkOf(shown string) *url.URL {
	if strings.HasPrefix(strings.ToLower(shown), "www.") {
		shown = "https://" + shown
	}
	link, err := url.Parse(shown)
	if err != nil || link.Hostname() == "" {
		return nil
	}
	host := strings.ToLower(link.Host)
	if !strings.HasPrefix(host, "[") {
		if host, err = idna.Lookup.ToASCII(link.Hostname()); err != nil {
			return nil
		}
		if port := link.Port(); port != "" {
			host += ":" + port
		}
	}
	if link.Host = host; link.Path == "" {
		link.Path = "/"
	}
	return link
}
