package e2e

import (
	_ "embed"
	"fmt"
)

// faults is JavaScript that lists what a person would wince at in what is on top
// of the screen.
//
//go:embed testdata/faults.js
var faults string

// moves lists content that moved after it was shown by more than layout shift is
// to be at most in the view of https://web.dev/articles/cls.
func moves(most float64) string { return fmt.Sprintf(moved, most) }

const moved = `(async () => {
	const name = (e) => e.localName + (typeof e.className === 'string' && e.className ? '.' + e.className.trim().replace(/\s+/g, '.') : '');
	const all = await new Promise((resolve) => {
		const list = [];
		const take = (entries) => { for (const e of entries) if (!e.hadRecentInput) list.push(e); };
		const watch = new PerformanceObserver((l) => take(l.getEntries()));
		watch.observe({ type: 'layout-shift', buffered: true });
		setTimeout(() => { take(watch.takeRecords()); resolve(list); }, 100);
	});
	const shift = all.reduce((sum, e) => sum + e.value, 0);
	return shift > %v ? ['moved by ' + shift.toFixed(3) + ': ' + all.flatMap((e) => e.sources.map((s) => s.node && name(s.node.nodeType === 1 ? s.node : s.node.parentElement))).join(' ')] : [];
})()`
