package e2e

import "testing"

// TestModules runs the checks of the client's pure modules in the browser: no
// other JavaScript engine is needed to test the product.
func TestModules(t *testing.T) {
	p := newPerson(t, "modules", newWorkshop(t), desktop)
	p.open("/modules.html")
	for _, name := range eval[[]string](p, "import('/logic.js').then((m) => Object.keys((globalThis.checks = m.checks)))") {
		t.Run(name, func(t *testing.T) {
			for _, wrong := range eval[[]string](p, "Promise.resolve(checks['"+name+"']()).then((w) => w.slice(0, 5))") {
				t.Error(wrong)
			}
		})
	}
}
