package asset

import (
	"strings"
	"testing"
)

// sources are a shell and a chat in small, with every way in which modules name each other.
func sources() map[string][]byte {
	return map[string][]byte{
		"vendor/lib.js": []byte("var j=1;function k(){}export{j as one,k};"),
		"js/app.js":     []byte("import { one } from '../vendor/lib.js';\nimport * as store from './core/store.js';\nexport const go = () => import('./chat/chat.js').then(() => store.words(one));\n"),
		"js/core/store.js": []byte("import { k as call } from '../../vendor/lib.js';\nexport * from './state.js';\n" +
			"const picture = new URL('../../icon.svg', import.meta.url);\nexport async function words() { call(picture); return (await import(`../locale/${lang}.js`)).default; }\n"),
		"js/core/state.js": []byte("export class State {}\nexport const now = 1;\n"),
		"js/core/live.js":  []byte("import { now } from './state.js';\nexport const live = now;\nexport const again = (n) => import(`../ui/other.js?${n}`);\n"),
		"js/chat/chat.js":  []byte("import { now as then } from '../core/store.js';\nimport './list.js';\nexport { State } from '../core/state.js';\n"),
		"js/chat/list.js":  []byte("import { go } from '../app.js';\nexport function list() { go(); }\n"),
		"js/ui/later.js":   []byte("import { list } from '../chat/list.js';\nimport * as store from '../core/store.js';\nimport { now } from '../core/state.js';\nimport { other } from './other.js';\nexport { State as Stand } from '../core/state.js';\nexport const get = async () => import('../chat/list.js');\nexport const more = (n) => import(`../core/live.js?${n}`);\n"),
		"js/ui/other.js":   []byte("export default 1;\nexport const other = 1;\n"),
	}
}

func TestLink(t *testing.T) {
	contents := sources()
	if err := link(contents); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"js/app.js": {
			"const $vendor_lib = (() => {\nvar j=1;function k(){}\nreturn { one: j, k: k };\n})();",
			"const {k: call} = ", "= $vendor_lib;", "return { ...$core_state, words };",
			"new URL('../icon.svg', import.meta.url)", "import(`./locale/${lang}.js`)",
			"const $app = (() => {\nconst { one } = $vendor_lib;\nconst store = $core_store;\nconst go = () => import('./chat/chat.js').then((all) => all.$chat_chat).then(() => store.words(one));\nreturn { go };\n})();",
			"export { $vendor_lib, $core_state, $core_store, $app };",
		},
		"js/chat/chat.js": {
			"import { $app, $core_store, $core_state } from '../app.js'; const $chat_list = (() => {", "const { now: then } = $core_store;",
			"return { State: $core_state.State };", "export { $chat_list, $chat_chat };",
		},
		"js/core/live.js": {"import { $core_state } from '../app.js'; const $core_live = (() => {", "import(`../ui/other.js?${n}`)", "return { live, again };"},
		"js/ui/later.js": {
			"import(`../core/live.js?${n}`).then((all) => all.$core_live)",
			"import { $core_store, $core_state } from '../app.js'; import { $chat_list } from '../chat/chat.js'; const { list } = $chat_list;\nconst store = $core_store;",
			"import { other } from './other.js';", "const { State: Stand } = $core_state; export { Stand };", "import('../chat/chat.js').then((all) => all.$chat_list)",
		},
		"js/ui/other.js": {string(sources()["js/ui/other.js"])},
	}
	for name, parts := range want {
		for _, part := range parts {
			if !strings.Contains(squeeze(string(contents[name])), squeeze(part)) {
				t.Errorf("%s has no %s:\n%s", name, part, contents[name])
			}
		}
		delete(contents, name)
	}
	for name := range contents {
		t.Errorf("%s is left", name)
	}
}

// squeeze takes the room within braces away, which does not matter.
func squeeze(text string) string {
	return strings.NewReplacer("{ ", "{", " }", "}").Replace(text)
}

func TestLinkRefuses(t *testing.T) {
	for what, source := range map[string]string{
		"a circle":                        "import './app.js';",
		"an export that changes":          "export let now = 1;",
		"an export without a name":        "export default 1;",
		"an import without a name":        "import now from './state.js';",
		"a module that is not linked yet": "import { x } from \"./state.js\";",
	} {
		contents := sources()
		contents["js/core/state.js"] = []byte(source)
		if what == "a circle" {
			contents["js/core/state.js"] = []byte("import '../app.js';")
		}
		if err := link(contents); err == nil {
			t.Errorf("%s passes", what)
		}
	}
}
