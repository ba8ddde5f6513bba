package ctrl

import "strings"

// maxDevice is the length of a program's name, in bytes, and plain what it is
// made of.
const (
	maxDevice = 64
	plain     = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+"
)

// mark is a word of a User-Agent and what people call that which says it.
type mark struct{ word, name string }

// deviceName is the short name of what a User-Agent speaks for, as the list of
// devices shows it: "Chrome · Android". More exact marks stand before those
// that others carry too; programs are shown by their own first word.
func deviceName(userAgent string) string {
	browser := named(userAgent,
		mark{"MicroMessenger", "WeChat"}, mark{"DingTalk", "DingTalk"}, mark{"Edg", "Edge"}, mark{"OPR/", "Opera"},
		mark{"SamsungBrowser", "Samsung Internet"}, mark{"HuaweiBrowser", "Huawei Browser"}, mark{"MiuiBrowser", "Mi Browser"},
		mark{"QQBrowser", "QQ Browser"}, mark{"UCBrowser", "UC Browser"}, mark{"Firefox", "Firefox"}, mark{"FxiOS", "Firefox"},
		mark{"CriOS", "Chrome"}, mark{"Chrome", "Chrome"}, mark{"Safari", "Safari"})
	system := named(userAgent,
		mark{"HarmonyOS", "HarmonyOS"}, mark{"OpenHarmony", "HarmonyOS"}, mark{"Android", "Android"}, mark{"iPhone", "iPhone"},
		mark{"iPad", "iPad"}, mark{"Windows", "Windows"}, mark{"Mac OS X", "Mac"}, mark{"CrOS", "ChromeOS"}, mark{"Linux", "Linux"})
	switch {
	case browser != "" && system != "":
		return browser + " · " + system
	case browser != "":
		return browser
	}
	return program(userAgent)
}

func named(userAgent string, marks ...mark) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.word) {
			return m.name
		}
	}
	return ""
}

// program is the first product of a User-Agent, as far as it can be shown.
func program(userAgent string) string {
	word, _, _ := strings.Cut(userAgent, " ")
	word, _, _ = strings.Cut(word, "/")
	if word == "" || len(word) > maxDevice || strings.Trim(word, plain) != "" {
		return "?"
	}
	return word
}
