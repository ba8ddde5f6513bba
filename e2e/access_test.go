package e2e

import (
	"encoding/json"
	"os"
	"strings"
)

// finding is a rule that a part of a page breaks, as axe tells it.
type finding struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// axe looks at what is on the screen by the rules of axe-core and fails for
// what is serious or critical.
func (p *person) axe(where string) {
	p.t.Helper()
	if p.silent { // axe works with timers
		p.scripts(true)
		defer p.scripts(false)
	}
	if !eval[bool](p, "typeof axe === 'object'") {
		source, err := os.ReadFile("testdata/axe/axe.min.js")
		if err != nil {
			p.t.Fatal(err)
		}
		p.eval(string(source) + ";0")
	}
	// What still fades in has a colour that it will not keep.
	p.until("rest", "document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity)")
	text := eval[string](p, `axe.run(document, { resultTypes: ['violations'], rules: { 'page-has-heading-one': { enabled: false } } }).then((r) => JSON.stringify(
		r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => ({ id: v.id, impact: v.impact, help: v.help,
			nodes: v.nodes.slice(0, 4).map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')) }))))`)
	var found []finding
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range found {
		p.t.Errorf("%s: %s (%s): %s\n    %s", where, f.ID, f.Impact, f.Help, strings.Join(f.Nodes, "\n    "))
	}
}
