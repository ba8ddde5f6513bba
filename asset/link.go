package asset

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// linked are the modules that come together with all that they load before they
// run, as one module under the name of the first: what every page of the client
// starts with, what a conversation needs beside it, and what keeps and sends. A
// slow line pays for each request more than for its bytes.
func linked() []string { return []string{"js/app.js", chatEntry, "js/core/live.js"} }

// The statements of a module that concern other modules. The sources write them
// at the beginning of a line, and link refuses what it does not know.
var (
	importing  = regexp.MustCompile(`(?m)^import\s+(?:(?:\*\s+as\s+(\w+)|\{([^}]*)\})\s+from\s+)?'(\.[^']+)';`)
	passingOn  = regexp.MustCompile(`(?m)^export\s+(?:\*|\{([^}]*)\})\s+from\s+'(\.[^']+)';`)
	declaring  = regexp.MustCompile(`(?m)^export\s+((?:async\s+)?(?:function\*?|class|const)\s+)(\w+)`)
	listing    = regexp.MustCompile(`\bexport\s*\{([^}]*)\};?`)
	strange    = regexp.MustCompile(`(?m)^(?:import|export)\b.*`)
	fetching   = regexp.MustCompile("\\bimport\\((['`])(\\.[^'`]+)['`]\\)")
	placed     = regexp.MustCompile(`\bnew URL\('(\.[^']+)', import\.meta\.url\)`)
	awaitedTop = regexp.MustCompile(`(?m)^const \w+ = \(await import\(`)
)

// linker puts modules together. A module becomes a function that runs once and
// gives its exports as an object, by which the others have them; those that stay
// files of their own take these objects from the file that they went into.
// Exports that change later and circles of imports are not supported.
type linker struct {
	contents map[string][]byte
	home     map[string]string // by module, the file that has it; absent: its own
}

// link replaces the modules of each group by one, and leads all other modules there.
func link(contents map[string][]byte) error {
	l := &linker{contents: contents, home: map[string]string{}}
	groups := make([][]string, len(linked()))
	for i, entry := range linked() {
		if err := l.collect(entry, &groups[i], nil); err != nil {
			return err
		}
		for _, name := range groups[i] {
			l.home[name] = entry
		}
	}
	made := map[string][]byte{}
	for i, entry := range linked() {
		data, err := l.join(entry, groups[i])
		if err != nil {
			return err
		}
		made[entry] = data
	}
	for name := range contents {
		if path.Ext(name) != ".js" || l.home[name] != "" {
			continue
		}
		var needs []string
		text, _, err := l.rewrite(name, name, &needs)
		if err != nil {
			return err
		}
		made[name] = append([]byte(l.preamble(name, needs)), text...)
	}
	for name := range l.home {
		delete(contents, name)
	}
	for name, data := range made {
		contents[name] = data
	}
	return nil
}

// collect lists a module after those it imports, leaving out what another group has.
func (l *linker) collect(name string, all *[]string, above []string) error {
	if l.home[name] != "" || slices.Contains(*all, name) {
		return nil
	}
	if slices.Contains(above, name) {
		return fmt.Errorf("asset: modules import each other in a circle: %v %s", above, name)
	}
	for _, other := range imports(name, l.contents[name]) {
		if strings.Contains(other, "${") { // a language's words, which stay files of their own
			continue
		}
		if err := l.collect(other, all, append(slices.Clone(above), name)); err != nil {
			return err
		}
	}
	*all = append(*all, name)
	return nil
}

// join makes one file of a group.
func (l *linker) join(file string, group []string) ([]byte, error) {
	var body bytes.Buffer
	var needs, names []string
	for _, name := range group {
		text, exports, err := l.rewrite(name, file, &needs)
		if err != nil {
			return nil, err
		}
		begin, end := "(() => {", "})();"
		if awaitedTop.Match(text) {
			begin, end = "await (async () => {", "})();"
		}
		fmt.Fprintf(&body, "const %s = %s\n%s\nreturn { %s };\n%s\n", object(name), begin, bytes.TrimSpace(text), strings.Join(exports, ", "), end)
		names = append(names, object(name))
	}
	return slices.Concat([]byte(l.preamble(file, needs)), body.Bytes(), []byte("export { "+strings.Join(names, ", ")+" };\n")), nil
}

// preamble takes from other files what a file needs of the modules in them.
func (l *linker) preamble(file string, needs []string) string {
	var text strings.Builder
	for _, home := range linked() {
		var names []string
		for _, name := range needs {
			if l.home[name] == home && home != file && !slices.Contains(names, object(name)) {
				names = append(names, object(name))
			}
		}
		if len(names) > 0 {
			fmt.Fprintf(&text, "import { %s } from '%s'; ", strings.Join(names, ", "), relative(file, home))
		}
	}
	return text.String()
}

// object is the name of what a linked module exports.
func object(name string) string {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "js/"), ".js")
	return "$" + strings.NewReplacer("/", "_", "-", "_").Replace(name)
}

// relative leads from one asset to another.
func relative(from, to string) string {
	up, dir := "./", path.Dir(from)
	for dir != "." && !strings.HasPrefix(to, dir+"/") {
		up, dir = "../"+strings.TrimPrefix(up, "./"), path.Dir(dir)
	}
	return up + strings.TrimPrefix(to, dir+"/")
}

// rewrite gives a module as it stands in a file: its imports of linked modules
// taken from their objects, its other references as they are seen from there.
// needs grows by the linked modules that it uses. For a linked module the exports
// are told as the properties of its object; one that stays keeps its own.
func (l *linker) rewrite(name, file string, needs *[]string) (text []byte, exports []string, err error) {
	text = l.contents[name]
	inside := l.home[name] != ""
	within := func(spec string) string { return path.Join(path.Dir(name), spec) }
	text = replace(importing, text, func(m []string) string {
		target := within(m[3])
		if l.home[target] == "" {
			if inside {
				err = fmt.Errorf("asset: %s imports %s, which is not linked", name, target)
			}
			return m[0]
		}
		*needs = append(*needs, target)
		switch {
		case m[1] != "":
			return "const " + m[1] + " = " + object(target) + ";"
		case m[2] != "":
			return "const {" + strings.ReplaceAll(m[2], " as ", ": ") + "} = " + object(target) + ";"
		}
		return ""
	})
	text = replace(passingOn, text, func(m []string) string {
		target := within(m[2])
		if l.home[target] == "" && !inside {
			return m[0]
		}
		*needs = append(*needs, target)
		switch {
		case inside && m[1] == "":
			exports = append(exports, "..."+object(target))
		case inside:
			for _, item := range items(m[1]) {
				exports = append(exports, item[1]+": "+object(target)+"."+item[0])
			}
		case m[1] == "":
			err = fmt.Errorf("asset: %s exports all of %s, which is linked elsewhere", name, target)
		default:
			var names []string
			for _, item := range items(m[1]) {
				names = append(names, item[1])
			}
			return "const {" + strings.ReplaceAll(m[1], " as ", ": ") + "} = " + object(target) + "; export { " + strings.Join(names, ", ") + " };"
		}
		return ""
	})
	if inside {
		text, exports = own(text, exports)
		if m := strange.Find(text); m != nil {
			err = fmt.Errorf("asset: %s: no way to link %q", name, m)
		}
	}
	return l.point(text, name, file), exports, err
}

// own takes the word export from what a module declares, and lists it.
func own(text []byte, exports []string) ([]byte, []string) {
	text = replace(declaring, text, func(m []string) string {
		exports = append(exports, m[2])
		return m[1] + m[2]
	})
	text = replace(listing, text, func(m []string) string {
		for _, item := range items(m[1]) {
			exports = append(exports, item[1]+": "+item[0])
		}
		return ""
	})
	return text, exports
}

// point leads what a module fetches later, and the files it names, from where it stands now.
func (l *linker) point(text []byte, name, file string) []byte {
	text = replace(fetching, text, func(m []string) string {
		spec, query, again := strings.Cut(m[2], "?")
		target := path.Join(path.Dir(name), spec)
		home := l.home[target]
		if again {
			query = "?" + query
		}
		if home == "" {
			return "import(" + m[1] + relative(file, target) + query + m[1] + ")"
		}
		return "import(" + m[1] + relative(file, home) + query + m[1] + ").then((all) => all." + object(target) + ")"
	})
	return replace(placed, text, func(m []string) string {
		return "new URL('" + relative(file, path.Join(path.Dir(name), m[1])) + "', import.meta.url)"
	})
}

// items reads a list such as "a, b as c": what is there, and what it is called.
func items(list string) [][2]string {
	var all [][2]string
	for item := range strings.SplitSeq(list, ",") {
		what, as, renamed := strings.Cut(strings.TrimSpace(item), " as ")
		if !renamed {
			as = what
		}
		if what != "" {
			all = append(all, [2]string{what, as})
		}
	}
	return all
}

// replace is ReplaceAllFunc with the groups of each match.
func replace(re *regexp.Regexp, text []byte, with func([]string) string) []byte {
	return re.ReplaceAllFunc(text, func(found []byte) []byte {
		var groups []string
		for _, group := range re.FindSubmatch(found) {
			groups = append(groups, string(group))
		}
		return []byte(with(groups))
	})
}
