// Package view holds the pages: html/template files, embedded and parsed once
// at start, with a struct of data for each page. A file named *.shtml is a page
// whose path is its route; *.html are fragments of pages. It may import model
// alone: where assets are and what sentences say it is told.
package view

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed user chat part trust.shtml
var files embed.FS

// Texts gives the sentences of a language.
type Texts interface {
	T(lang, key string, data any) string
}

// Assets tells where assets are, which modules some modules load before they run,
// and what a style sheet says.
type Assets interface {
	Path(name string) string
	Modules(lang string, entries ...string) []string
	Sheet(name string) string
}

// Views is the set of pages, ready to be rendered. It is immutable.
type Views struct {
	pages  []string
	byLang map[string]*template.Template
}

// New parses all pages for each language; a fault in one is an error.
func New(texts Texts, assets Assets, langs ...string) (*Views, error) {
	v := &Views{byLang: map[string]*template.Template{}}
	sources := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		sources["/"+name] = string(data)
		if path.Ext(name) == ".shtml" {
			v.pages = append(v.pages, "/"+name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(v.pages)
	for _, lang := range langs {
		set := template.New("").Funcs(functions(lang, texts, assets)).Option("missingkey=zero")
		for name, source := range sources {
			if _, err := set.New(name).Parse(source); err != nil {
				return nil, fmt.Errorf("view %s: %w", name, err)
			}
		}
		v.byLang[lang] = set
	}
	return v, nil
}

// Pages lists the paths of all full pages.
func (v *Views) Pages() []string { return slices.Clone(v.pages) }

// Render writes a page. Nothing is written if the page fails.
func (v *Views) Render(w io.Writer, page string, data Data) error {
	set, ok := v.byLang[data.common().Lang]
	if !ok {
		return fmt.Errorf("view: no language %q", data.common().Lang)
	}
	var out bytes.Buffer
	if err := set.ExecuteTemplate(&out, page, data); err != nil {
		return fmt.Errorf("view: %w", err)
	}
	_, err := out.WriteTo(w)
	return err
}

func functions(lang string, texts Texts, assets Assets) template.FuncMap {
	t := func(key string, pairs ...any) (string, error) {
		if len(pairs)%2 != 0 {
			return "", fmt.Errorf("%s: a placeholder without a value", key)
		}
		values := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			values[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
		return texts.T(lang, key, values), nil
	}
	return template.FuncMap{
		"t":       t,
		"asset":   assets.Path,
		"modules": func(entries []string) []string { return assets.Modules(lang, entries...) },
		"sheet":   func(name string) template.CSS { return template.CSS(assets.Sheet(name)) }, // #nosec G203 -- our own file
		"icon":    func(name string) string { return assets.Path("icons.svg") + "#" + name },
		"initial": initial,
		"colour":  func(id int64) int64 { return max(id, 0) % 10 },
		"count":   count,
		"own":     ownPath,
		"links":   links,
		"json":    encode,
		"other":   func() string { return otherLang(lang) },
	}
}

// ownPath lets a picture of this site pass, and nothing else: one elsewhere
// would tell its host who looks at whom.
func ownPath(url string) string {
	if strings.HasPrefix(url, "/") && !strings.HasPrefix(url, "//") {
		return url
	}
	return ""
}

// encode makes what stands in a <script type="application/json">: html/template
// knows that type and would quote a plain string once more.
func encode(v any) (template.JS, error) {
	data, err := json.Marshal(v)  // escapes <, > and &, so that no </script> can be in it
	return template.JS(data), err // #nosec G203 -- JSON as encoding/json escapes it
}

func otherLang(lang string) string {
	if lang == "en" {
		return "zh-CN"
	}
	return "en"
}

// initial is the first letter of a name, for an avatar without a picture.
func initial(name string) string {
	for _, r := range strings.TrimSpace(name) {
		return strings.ToUpper(string(r))
	}
	return "?"
}

func count(n int64) string {
	if n > 99 {
		return "99+"
	}
	return fmt.Sprint(n)
}
