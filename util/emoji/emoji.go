// Package emoji tells emoji from other texts.
package emoji

// What an emoji may have beside its pictures.
const (
	joiner    = 0x200D
	asPicture = 0xFE0F
	keycap    = 0x20E3
)

// Is tells whether a text is made of emoji and nothing else, and not empty. It
// does not tell how many, nor whether fonts have them.
func Is(text string) bool {
	seen, digit := false, false
	for _, r := range text {
		if digit && r != asPicture && r != keycap {
			return false // a number that is no key
		}
		switch {
		case r == keycap:
			seen, digit = true, false
		case picture(r):
			seen = true
		case '0' <= r && r <= '9', r == '#', r == '*':
			digit = true
		case r == joiner, r == asPicture, 0xE0020 <= r && r <= 0xE007F: // the last spell the flags of regions
		default:
			return false
		}
	}
	return seen && !digit
}

// picture tells whether a character is in Unicode's Extended_Pictographic
// (emoji-data.txt of version 16) or a letter of a flag; of the blocks of symbols
// that have many of them it takes the rest as well.
func picture(r rune) bool {
	switch {
	case 0x2190 <= r && r <= 0x21FF, 0x2300 <= r && r <= 0x23FF, 0x25A0 <= r && r <= 0x27BF, // arrows, technical, shapes to dingbats
		0x2900 <= r && r <= 0x297F, 0x2B00 <= r && r <= 0x2BFF, // more arrows
		0x1F000 <= r && r <= 0x1FAFF, 0x1FC00 <= r && r <= 0x1FFFD:
		return true
	}
	switch r {
	case '©', '®', '‼', '⁉', '™', 'ℹ', 'Ⓜ', '〰', '〽', '㊗', '㊙':
		return true
	}
	return false
}
