//go:build ignore

// This program makes the table by which names are found by their pinyin:
//
//	go mod download github.com/mozillazg/go-pinyin@v0.20.0
//	go run asset/vendor/pinyin_table.go < "$(go env GOMODCACHE)/github.com/mozillazg/go-pinyin@v0.20.0/pinyin_dict.go" > asset/vendor/pinyin.js
//
// Of the dictionary it takes the 6,763 characters of GB 2312, without their
// tones, grouped by syllable: first each character under the reading it mostly
// has, after a bar those of the first level, which are in common use, under
// their other readings. Of all other characters a browser's collation knows the
// letter that they begin with.
package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
)

// others is how many readings beyond the first are kept: what comes later is of classical texts alone.
const others = 3

var entry = regexp.MustCompile(`0x([0-9A-F]+): "([^"]+)"`)

func main() {
	first, more := map[string][]rune{}, map[string][]rune{}
	known := gb2312()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		m := entry.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		code, err := strconv.ParseInt(m[1], 16, 32)
		level := known[rune(code)]
		if err != nil || level == 0 {
			continue
		}
		var readings []string
		for reading := range strings.SplitSeq(m[2], ",") {
			if plain := toneless(reading); !slices.Contains(readings, plain) && strings.ContainsAny(plain, "aeiouv") {
				readings = append(readings, plain)
			}
		}
		for i, reading := range readings[:min(len(readings), 1+others)] {
			if i == 0 {
				first[reading] = append(first[reading], rune(code))
			} else if level == 1 {
				more[reading] = append(more[reading], rune(code))
			}
		}
	}
	fmt.Println("// Made by pinyin_table.go from the dictionary of github.com/mozillazg/go-pinyin 0.20.0, MIT; see README.")
	fmt.Printf("export default '%s|%s';\n", table(first), table(more))
}

// toneless takes the tone off a reading; ü is written v, as it is typed.
func toneless(reading string) string {
	reading = strings.Map(func(r rune) rune {
		if r == 'ü' || r == 'ǖ' || r == 'ǘ' || r == 'ǚ' || r == 'ǜ' {
			return 'v'
		}
		return r
	}, reading)
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(reading))
}

// gb2312 gives the level of each character of that set: 1 or 2.
func gb2312() map[rune]int {
	levels := map[rune]int{}
	decoder := simplifiedchinese.GBK.NewDecoder()
	for row := 0xB0; row <= 0xF7; row++ {
		for cell := 0xA1; cell <= 0xFE; cell++ {
			text, err := decoder.Bytes([]byte{byte(row), byte(cell)})
			if r := []rune(string(text)); err == nil && len(r) == 1 && unicode.Is(unicode.Han, r[0]) {
				levels[r[0]] = 1
				if row >= 0xD8 {
					levels[r[0]] = 2
				}
			}
		}
	}
	return levels
}

func table(groups map[string][]rune) string {
	var words []string
	for syllable, runes := range groups {
		slices.Sort(runes)
		words = append(words, syllable+string(runes))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
