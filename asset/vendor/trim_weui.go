//go:build ignore

// This program cuts the parts that the client uses out of WeUI's stylesheet:
//
//	npm pack weui@2.6.26 && tar xzf weui-2.6.26.tgz
//	go run asset/vendor/trim_weui.go < package/dist/style/weui.min.css > asset/vendor/weui.css
//
// A rule stays if each class it names is one of keep; a custom property stays
// if a rule that stays, or the client's own css, uses it.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// keep are the components in use; a name stands for its parts too (weui-cell,
// weui-cell__bd).
var keep = []string{
	"weui-cell", "weui-cells", "weui-cells_after-title", "weui-cells_form", "weui-cells__title", "weui-cells__tips",
	"weui-cell_access", "weui-cell_active", "weui-cell_switch", "weui-label", "weui-input", "weui-textarea",
	"weui-textarea-counter", "weui-btn", "weui-btn_primary", "weui-btn_default", "weui-btn_warn", "weui-btn_disabled",
	"weui-btn_mini", "weui-btn_block", "weui-dialog", "weui-dialog__btn_default",
	"weui-dialog__btn_primary", "weui-actionsheet", "weui-actionsheet__cell_warn", "weui-toast", "weui-switch",
	"weui-primary-loading", "weui-mask",
}

// drop are parts of those components that the client does not use.
var drop = regexp.MustCompile(`weui-btn_(overlay|cell|area|wrap|reset)|weui-toast_text-more|weui-skin|weui-dialog__(close|half)|weui-half|weui-agree|weui-check|weui-icon|wx-root \.|weui-switch-cp|weui-btn_xmini|weui-btn_inline|weui-cells?_(radio|checkbox|vcode|select|swiped|readonly|disabled|warn|wrap|label|link|example|uploader)|weui-cells__group|weui-cell__control|weui-form|keyframes weui(?:Slide|Fade)`)

var (
	class    = regexp.MustCompile(`\.(weui-[a-zA-Z0-9_-]+)`)
	declared = regexp.MustCompile(`(--[A-Za-z0-9_-]+)\s*:`)
	used     = regexp.MustCompile(`var\(\s*(--[A-Za-z0-9_-]+)`)
	comment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

type rule struct {
	head string
	body string
	kids []rule
}

func main() {
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	rules, _ := parse(comment.ReplaceAllString(string(in), ""))
	rules = prune(rules)
	needed := map[string]bool{}
	for _, name := range glob("asset/css/*.css") {
		data, _ := os.ReadFile(name)
		for _, m := range used.FindAllStringSubmatch(string(data), -1) {
			needed[m[1]] = true
		}
	}
	for grown := true; grown; {
		grown = collect(rules, needed)
	}
	fmt.Print("/* WeUI 2.6.26, Copyright Tencent, Inc., MIT license: the parts in use, cut by trim_weui.go */\n")
	write(os.Stdout, rules, needed)
}

func glob(pattern string) []string {
	names, _ := filepath.Glob(pattern)
	return names
}

// parse reads rules up to the end or a closing brace.
func parse(s string) ([]rule, string) {
	var rules []rule
	for {
		s = strings.TrimSpace(s)
		if s == "" {
			return rules, ""
		}
		if s[0] == '}' {
			return rules, s[1:]
		}
		i := strings.IndexAny(s, "{;")
		if i < 0 {
			return rules, ""
		}
		if s[i] == ';' {
			s = s[i+1:]
			continue
		}
		r := rule{head: strings.TrimSpace(s[:i])}
		s = s[i+1:]
		if strings.HasPrefix(r.head, "@media") || strings.HasPrefix(r.head, "@supports") || strings.Contains(r.head, "keyframes") {
			r.kids, s = parse(s)
		} else {
			j := strings.Index(s, "}")
			r.body, s = s[:j], s[j+1:]
		}
		rules = append(rules, r)
	}
}

func prune(rules []rule) []rule {
	var kept []rule
	for _, r := range rules {
		if strings.Contains(r.head, "keyframes") {
			if !drop.MatchString(r.head) && strings.Contains(strings.ToLower(r.head), "loading") && !strings.Contains(r.head, "webkit") {
				kept = append(kept, r)
			}
			continue
		}
		if r.kids != nil {
			if r.kids = prune(r.kids); len(r.kids) > 0 {
				kept = append(kept, r)
			}
			continue
		}
		var selectors []string
		for _, s := range strings.Split(r.head, ",") {
			if wanted(s) {
				selectors = append(selectors, strings.TrimSpace(s))
			}
		}
		if len(selectors) > 0 {
			r.head = strings.Join(selectors, ",")
			kept = append(kept, r)
		}
	}
	return kept
}

func wanted(selector string) bool {
	if drop.MatchString(selector) || strings.HasPrefix(selector, "page") || strings.HasPrefix(selector, ".wx-root") || strings.Contains(selector, "wx_") {
		return false
	}
	classes := class.FindAllStringSubmatch(selector, -1)
	if len(classes) == 0 {
		return strings.HasPrefix(strings.TrimSpace(selector), "body") && !strings.Contains(selector, " ")
	}
	for _, m := range classes {
		base, _, _ := strings.Cut(m[1], "__")
		if !slices.Contains(keep, m[1]) && !slices.Contains(keep, base) {
			return false
		}
	}
	return true
}

func collect(rules []rule, needed map[string]bool) bool {
	grown := false
	for _, r := range rules {
		if collect(r.kids, needed) {
			grown = true
		}
		for _, d := range strings.Split(r.body, ";") {
			if m := declared.FindStringSubmatch(d); m != nil && strings.HasPrefix(strings.TrimSpace(d), "--") && !needed[m[1]] {
				continue
			}
			for _, m := range used.FindAllStringSubmatch(d, -1) {
				if !needed[m[1]] {
					needed[m[1]], grown = true, true
				}
			}
		}
	}
	return grown
}

func write(w io.Writer, rules []rule, needed map[string]bool) {
	for _, r := range rules {
		if r.kids != nil {
			var inner strings.Builder
			write(&inner, r.kids, needed)
			if inner.Len() > 0 {
				fmt.Fprintf(w, "%s{\n%s}\n", r.head, inner.String())
			}
			continue
		}
		var body []string
		for _, d := range strings.Split(r.body, ";") {
			d = strings.TrimSpace(d)
			if d == "" || strings.HasPrefix(d, "-webkit-") || strings.Contains(d, "data:image") {
				continue
			}
			if m := declared.FindStringSubmatch(d); m != nil && strings.HasPrefix(d, "--") && !needed[m[1]] {
				continue
			}
			body = append(body, d)
		}
		if len(body) > 0 {
			fmt.Fprintf(w, "%s{%s}\n", r.head, strings.Join(body, ";"))
		}
	}
}
