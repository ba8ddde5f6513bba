package asset

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"hongyan/asset/locale"
)

// chatEntry is the module that a conversation's own address needs beside the shell.
const chatEntry = "js/chat/chat.js"

// eagerWords are the first words of the keys that the client's first load uses:
// the shell, the list of conversations and what is said when a view cannot be
// fetched. All other sentences come with the first view.
func eagerWords() []string {
	return []string{"act", "app", "error", "line", "list", "media", "menu", "nav", "preview", "tab", "time"}
}

// addWords makes three modules of each language's sentences: those of the first
// load, those that a conversation needs to be shown, and the rest. The sentences
// of failures stay on the server, which sends them with the failure; those under
// "error.client." are the browser's own.
func addWords(contents map[string][]byte, catalogue *locale.Catalogue) error {
	said := spoken(contents, chatEntry)
	for _, lang := range []string{locale.Chinese, locale.English} {
		parts := map[string]map[string]string{"": {}, ".chat": {}, ".more": {}}
		for key, text := range catalogue.Messages(lang) {
			word, _, _ := strings.Cut(key, ".")
			switch {
			case word == "error" && !strings.HasPrefix(key, "error.client."):
			case slices.Contains(eagerWords(), word):
				parts[""][key] = text
			case said(key), said(strings.TrimSuffix(key, ".one")):
				parts[".chat"][key] = text
			default:
				parts[".more"][key] = text
			}
		}
		for part, sentences := range parts {
			data, err := json.Marshal(sentences)
			if err != nil {
				return err
			}
			contents["js/locale/"+lang+part+".js"] = slices.Concat([]byte("export default "), data, []byte(";\n"))
		}
	}
	return nil
}

// A key stands in a module as a text of its own, or, where its end is made at
// run time, as the beginning of a template.
var (
	keyText   = regexp.MustCompile("['\"`]([a-z][a-z0-9_]*(?:\\.[a-zA-Z0-9_-]+)+)['\"`]")
	keyPrefix = regexp.MustCompile("`([a-z][a-z0-9_]*(?:\\.[a-zA-Z0-9_-]+)*\\.)\\$\\{")
)

// spoken tells of a key whether a module, or one that it loads before it runs,
// says its sentence.
func spoken(contents map[string][]byte, entry string) func(key string) bool {
	all, keys, prefixes := []string{entry}, map[string]bool{}, []string{}
	for i := 0; i < len(all); i++ {
		data := contents[all[i]]
		for _, name := range imports(all[i], data) {
			if path.Ext(name) == ".js" && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
		for _, m := range keyText.FindAllSubmatch(data, -1) {
			keys[string(m[1])] = true
		}
		for _, m := range keyPrefix.FindAllSubmatch(data, -1) {
			prefixes = append(prefixes, string(m[1]))
		}
	}
	return func(key string) bool {
		return keys[key] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
	}
}
