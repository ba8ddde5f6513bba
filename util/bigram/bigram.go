// Package bigram turns text into tokens that a word-based full-text index can
// find Chinese by: runs of Han, kana and Hangul become overlapping pairs of
// characters, other words stay words. Tokens are spelled so that SQLite's FTS5
// and MySQL's FULLTEXT both take them as they are: letters and digits, three
// characters or more, never a stop word. It imports nothing of ours.
package bigram

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds a word, in characters: InnoDB indexes none of more than 84.
const maxWord = 60

// Term is a part of a query: Tokens must follow each other in this order; if
// Prefix is set there is one token, and what begins with it matches.
type Term struct {
	Tokens []string
	Prefix bool
}

// Index gives the tokens of a text, separated by spaces.
func Index(text string) string {
	var tokens []string
	for _, run := range runs(text) {
		if !run.cjk {
			tokens = append(tokens, word(run.runes))
			continue
		}
		tokens = append(tokens, pairs(run.runes)...)
		// The last character by itself: every character of the run begins a
		// token then, and is found alone by its prefix.
		tokens = append(tokens, spell(run.runes[len(run.runes)-1:]))
	}
	return strings.Join(tokens, " ")
}

// Query gives the terms that a text must have to match; none if there is
// nothing in it to look for.
func Query(text string) []Term {
	var terms []Term
	for _, run := range runs(text) {
		switch {
		case !run.cjk:
			terms = append(terms, Term{Tokens: []string{word(run.runes)}, Prefix: true})
		case len(run.runes) == 1:
			terms = append(terms, Term{Tokens: []string{spell(run.runes)}, Prefix: true})
		default:
			terms = append(terms, Term{Tokens: pairs(run.runes)})
		}
	}
	return terms
}

// run is a stretch of one sort of characters.
type run struct {
	cjk   bool
	runes []rune
}

func runs(text string) []run {
	var list []run
	open := false
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			// A combining mark belongs to its letter; anything else ends a run.
			if open && unicode.IsMark(r) && !list[len(list)-1].cjk {
				continue
			}
			open = false
			continue
		}
		cjk := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
		if !open || list[len(list)-1].cjk != cjk {
			list = append(list, run{cjk: cjk})
			open = true
		}
		last := &list[len(list)-1]
		last.runes = append(last.runes, r)
	}
	return list
}

func pairs(runes []rune) []string {
	var tokens []string
	for i := range len(runes) - 1 {
		tokens = append(tokens, spell(runes[i:i+2]))
	}
	return tokens
}

// spell writes characters as digits, since MySQL's parser splits ideographs in
// ways of its own.
func spell(runes []rune) string {
	var b strings.Builder
	b.WriteByte('z')
	for _, r := range runes {
		fmt.Fprintf(&b, "%05x", r)
	}
	return b.String()
}

func word(runes []rune) string {
	if len(runes) > maxWord {
		runes = runes[:maxWord]
	}
	return "ww" + string(runes)
}
