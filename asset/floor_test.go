package asset_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// younger is what the oldest browsers served do not have: Safari 16.4, Firefox
// 115 and Chromium 111 (README.md). The figures, of Chromium, Firefox and
// Safari, are those of MDN's tables, @mdn/browser-compat-data 8.1.9. What a browser may do without
// is no matter, as a property that it drops; these are what breaks a page, or
// takes more away than it says. One more is one line, with what it looks like.
var younger = []struct {
	kind, what, since string
	looks             *regexp.Regexp
	sample            string
}{
	// A selector that is not known takes the rule with it, and all others in its list.
	{".css", ":has()", "105, 121, 15.4", regexp.MustCompile(`:has\(`), ".a, .b:has(> i) { color: red; }"},
	{".css", ":dir()", "120, 49, 16.4", regexp.MustCompile(`:dir\(`), ".a:dir(rtl) { color: red; }"},
	{".css", ":user-valid, :user-invalid", "119, 88, 16.5", regexp.MustCompile(`:user-(?:in)?valid`), "input:user-invalid { color: red; }"},
	{".css", ":popover-open", "114, 125, 17", regexp.MustCompile(`:popover-open`), ".a:popover-open { color: red; }"},
	{".css", ":open", "133, 136, 26.5", regexp.MustCompile(`:open\b`), "details:open { color: red; }"},
	{".css", ":state()", "125, 126, 17.4", regexp.MustCompile(`:state\(`), "hy-a:state(b) { color: red; }"},
	{".css", "::details-content", "131, 143, 18.4", regexp.MustCompile(`::details-content`), "details::details-content { color: red; }"},
	{".css", "@scope", "118, 146, 26.4", regexp.MustCompile(`@scope\b`), "@scope (.a) { i { color: red; } }"},
	{".css", "@starting-style", "117, 129, 17.5", regexp.MustCompile(`@starting-style\b`), "@starting-style { .a { opacity: 0; } }"},
	{".css", "@property", "85, 128, 16.4", regexp.MustCompile(`@property\b`), "@property --a { syntax: '*'; inherits: false; }"},
	{".css", "style()", "111, 151, 18", regexp.MustCompile(`@container[^{]*\bstyle\(`), "@container style(--a: 1) { i { color: red; } }"},
	{".css", "anchors", "125, 147, 26", regexp.MustCompile(`\banchor(?:-size)?\(|\b(?:anchor-name|position-(?:anchor|area|try)[a-z-]*)\s*:|@position-try`), ".a { top: anchor(bottom); }"},
	{".css", "light-dark()", "123, 120, 17.5", regexp.MustCompile(`\blight-dark\(`), ".a { color: light-dark(#000, #fff); }"},
	{".css", "colours made from colours", "122, 128, 18", regexp.MustCompile(`\b(?:rgb|hsl|oklch|oklab|lab|lch|color)\(\s*from\b`), ".a { color: rgb(from red r g b / 50%); }"},
	{".css", "round(), mod(), rem()", "125, 118, 15.4", regexp.MustCompile(`[\s:(,](?:round|mod|rem)\(`), ".a { width: round(10.5px, 1px); }"},
	{".css", "lh", "109, 120, 16.4", regexp.MustCompile(`[\s:(,-]\d*\.?\d+r?lh\b`), ".a { height: 2lh; }"},
	{".css", "subgrid", "117, 71, 16", regexp.MustCompile(`\bsubgrid\b`), ".a { grid-template-columns: subgrid; }"},
	{".css", "scripting, asked so that not knowing it says no", "120, 113, 17", regexp.MustCompile(`scripting:\s*enabled`), "@media (scripting: enabled) { .a { color: red; } }"},

	{".js", "Object.groupBy, Map.groupBy", "117, 119, 17.4", regexp.MustCompile(`\b(?:Object|Map)\.groupBy\(`), "Object.groupBy(all, of);"},
	{".js", "Array.fromAsync", "121, 115, 16.4", regexp.MustCompile(`\bArray\.fromAsync\(`), "await Array.fromAsync(all);"},
	{".js", "Promise.withResolvers", "119, 121, 17.4", regexp.MustCompile(`\bPromise\.withResolvers\(`), "const { promise } = Promise.withResolvers();"},
	{".js", "Promise.try", "128, 134, 18.2", regexp.MustCompile(`\bPromise\.try\(`), "Promise.try(act);"},
	{".js", "methods of sets", "122, 127, 17", regexp.MustCompile(`\.(?:union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(`), "a.union(b);"},
	{".js", "methods of iterators", "122, 131, 18.4", regexp.MustCompile(
		`(?:\.(?:values|keys|entries)\(\)|\.matchAll\([^()]*\)|\bIterator\.from\([^()]*\))\s*\.(?:map|filter|take|drop|flatMap|reduce|toArray|forEach|some|every|find)\(`), "map.values().map(of);"},
	{".js", "the flag v of expressions", "112, 116, 17", regexp.MustCompile(`(?m)[(=,:!&|?;\s]/(?:[^/\n\\]|\\.)+/[dgimsuy]*v[dgimsuy]*[.,;)\s]`), "const re = /[a--b]/v;"},
	{".js", "modifiers in expressions", "125, 132, 26", regexp.MustCompile(`\(\?[ims]*-?[ims]+:`), "const re = /(?i:a)b/;"},
	{".js", "using", "134, 141, 27.3", regexp.MustCompile(`(?m)^\s*(?:await )?using \w+ =`), "using file = open();"},
	{".js", "import with", "123, 138, 17.2", regexp.MustCompile(`(?m)\bfrom\s*['"][^'"]+['"]\s*with\s*\{`), "import a from './a.json' with { type: 'json' };"},
	{".js", "URL.canParse, URL.parse", "126, 126, 18", regexp.MustCompile(`\bURL\.(?:canParse|parse)\(`), "URL.parse(text);"},
	{".js", "AbortSignal.any", "116, 124, 17.4", regexp.MustCompile(`\bAbortSignal\.any\(`), "AbortSignal.any([a, b]);"},
	{".js", "checkVisibility", "105, 106, 17.4", regexp.MustCompile(`\.checkVisibility\(`), "one.checkVisibility();"},
	{".js", "requestClose", "134, 139, 18.4", regexp.MustCompile(`\.requestClose\(`), "dialog.requestClose();"},
	{".js", "moveBefore", "133, 144, no", regexp.MustCompile(`\.moveBefore\(`), "a.moveBefore(b, null);"},
	{".js", "bytes as base64 and hex", "140, 133, 18.2", regexp.MustCompile(`\.(?:toBase64|toHex)\(|\bUint8Array\.from(?:Base64|Hex)\(`), "bytes.toHex();"},
	{".js", ":has() in a query, which throws", "105, 121, 15.4", regexp.MustCompile(`(?:querySelector(?:All)?|matches|closest)\([^)]*:has\(`), "document.querySelector('a:has(b)');"},
}

var supported = regexp.MustCompile(`@supports\b[^{]*\{`)

// unguarded leaves out what a sheet has for those alone that say they know it.
func unguarded(css string) string {
	for {
		at := supported.FindStringIndex(css)
		if at == nil {
			return css
		}
		end, depth := at[1], 1
		for ; end < len(css) && depth > 0; end++ {
			switch css[end] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		css = css[:at[0]] + css[end:]
	}
}

// nested gives the first rule that stands within a rule (120, 117, 17.2), "" if there is none.
func nested(css string) string {
	var open []bool // whether it is a rule with declarations, by depth
	start := 0
	for i := range len(css) {
		switch css[i] {
		case ';':
			start = i + 1
		case '}':
			if start = i + 1; len(open) > 0 {
				open = open[:len(open)-1]
			}
		case '{':
			head := strings.TrimSpace(css[start:i])
			if len(open) > 0 && open[len(open)-1] {
				return head
			}
			open, start = append(open, !strings.HasPrefix(head, "@")), i+1
		}
	}
	return ""
}

// tooYoung lists what the oldest browsers do not have.
func tooYoung(kind, text string) []string {
	var found []string
	if text = comments.ReplaceAllString(text, ""); kind == ".css" {
		text = unguarded(text)
		if head := nested(text); head != "" {
			found = append(found, "nesting (120, 117, 17.2): "+head)
		}
	}
	for _, one := range younger {
		if m := one.looks.FindString(text); m != "" && one.kind == kind {
			found = append(found, one.what+" ("+one.since+"): "+strings.TrimSpace(m))
		}
	}
	return found
}

// Nothing is used that a browser we serve has not got, unless it says so first.
func TestOldestBrowsers(t *testing.T) {
	for _, folder := range []string{"js", "css", "vendor"} {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(name)
			for _, fault := range tooYoung(path.Ext(name), string(data)) {
				t.Errorf("%s: %s", name, fault)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What is refused is found, and what only looks like it is not.
func TestOldestBrowsersAreKnown(t *testing.T) {
	for _, one := range younger {
		if len(tooYoung(one.kind, one.sample)) != 1 {
			t.Errorf("%s: %q gives %v", one.what, one.sample, tooYoung(one.kind, one.sample))
		}
	}
	for _, css := range []string{".a { color: red; .b { color: blue; } }", ".a { &:hover { color: red; } }", "@media print { .a { i { color: red; } } }"} {
		if len(tooYoung(".css", css)) != 1 {
			t.Errorf("nesting is not found in %q", css)
		}
	}
	for kind, texts := range map[string][]string{
		".css": {
			"@supports selector(:has(a)) { .a:has(b) { color: red; } } .c { color: red; }", "/* :has() is too young */", "@media (min-width: 1px) { .a { color: red; } }",
			"@media (scripting: none) { .a { color: red; } }", ".a { background: linear-gradient(red, blue); line-height: 1.5; }", "@keyframes a { from { opacity: 0; } }",
		},
		".js": {
			"Object.values(all).map(of); [...map.values()].map(of);", "URL.parse?.(text)", "// Object.groupBy(all)", "const to = '/a/v1'; const x = a / b / v;",
			"/** like `a.union(b)` */", "const re = /a+/gu;",
		},
	} {
		for _, text := range texts {
			if found := tooYoung(kind, text); len(found) > 0 {
				t.Errorf("%q is refused: %v", text, found)
			}
		}
	}
}
