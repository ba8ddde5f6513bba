package emoji_test

import (
	"testing"

	"hongyan/util/emoji"
)

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		"👍": true, "❤️": true, "❤": true, "🪿": true, "👩‍👩‍👧‍👦": true, "👍🏽": true, "🇨🇳": true, "🏴󠁧󠁢󠁥󠁮󠁧󠁿": true, "1️⃣": true, "#⃣": true,
		"‼️": true, "©️": true, "㊙️": true, "🀄": true, "👍👍": true,
		"": false, "a": false, "1": false, "12": false, "<script>": false, "👍a": false, "a👍": false, " ": false, "\u200d": false,
		"\u3000": false, "\ufe0f": false, "1️": false, "1👍": false, "€": false, "+": false, "好": false, "\xff": false,
	} {
		if got := emoji.Is(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
