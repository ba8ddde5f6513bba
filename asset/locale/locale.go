// Package locale holds the sentences that people read, in one catalogue for
// the server and the browser: flat keys, placeholders as {{.Name}}.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Languages there is a catalogue for; the first is the default.
const (
	Chinese = "zh-CN"
	English = "en"
)

//go:embed zh-CN.json en.json
var files embed.FS

// Catalogue is the loaded set of sentences. It is immutable and safe for
// concurrent use.
type Catalogue struct {
	localizers map[string]*i18n.Localizer
	messages   map[string]map[string]string
	matcher    language.Matcher
}

// Load reads the embedded catalogues; a fault in them is an error.
func Load() (*Catalogue, error) {
	bundle := i18n.NewBundle(language.SimplifiedChinese)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	c := &Catalogue{
		localizers: map[string]*i18n.Localizer{}, messages: map[string]map[string]string{},
		matcher: language.NewMatcher([]language.Tag{language.SimplifiedChinese, language.English}),
	}
	for _, lang := range []string{Chinese, English} {
		data, err := files.ReadFile(lang + ".json")
		if err != nil {
			return nil, err
		}
		messages := map[string]string{}
		if err := json.Unmarshal(data, &messages); err != nil {
			return nil, fmt.Errorf("locale %s: %w", lang, err)
		}
		tag := language.MustParse(lang)
		for key, text := range messages {
			if err := bundle.AddMessages(tag, &i18n.Message{ID: key, Other: text}); err != nil {
				return nil, fmt.Errorf("locale %s: %s: %w", lang, key, err)
			}
		}
		c.messages[lang] = messages
		c.localizers[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return c, nil
}

// Match picks the language of a request: the reader's own choice if it is one
// we have, else the best of the Accept-Language header.
func (c *Catalogue) Match(choice, acceptLanguage string) string {
	if _, ok := c.messages[choice]; ok {
		return choice
	}
	if len(acceptLanguage) > 256 { // no browser's is; parsing is not free
		acceptLanguage = acceptLanguage[:256]
	}
	tags, _, _ := language.ParseAcceptLanguage(acceptLanguage)
	if len(tags) == 0 {
		return Chinese
	}
	_, i, confidence := c.matcher.Match(tags...)
	if i == 0 && confidence > language.No {
		return Chinese
	}
	return English
}

// Has tells whether there is a sentence for key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.messages[Chinese][key]
	return ok
}

// T gives the sentence for key in lang, with data for its placeholders. A key
// that does not exist comes back as itself, to be seen and mended.
func (c *Catalogue) T(lang, key string, data any) string {
	localizer, ok := c.localizers[lang]
	if !ok {
		localizer = c.localizers[Chinese]
	}
	text, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data})
	if err != nil {
		return key
	}
	return text
}

// Messages gives all sentences of a language, for the browser. The caller must
// not change the map.
func (c *Catalogue) Messages(lang string) map[string]string { return c.messages[lang] }
