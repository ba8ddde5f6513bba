package sniff

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the length of a file's name in bytes, as most file systems have it
// with some room for what a browser adds.
const maxName = 200

// Name makes a name that people may see and disks may bear of what a sender
// calls a file: no folders, no control characters, none that turn the direction
// of writing (which make exe.gpj of jpg.exe). The ending of a file that is
// shown in place is made to tell its type.
func Name(name, mediaType string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.Is(unicode.Cf, r) || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimRight(name, ". ")
	ending := path.Ext(name)
	stem := strings.TrimLeft(strings.TrimSuffix(name, ending), ". ")
	if said := typeOf(ending); Inline(mediaType) && said != mediaType {
		if said == "" {
			stem += ending
		}
		ending = "." + Extension(mediaType)
	}
	if stem == "" {
		stem = "file"
	}
	if len(ending) > maxName/2 {
		stem, ending = stem+ending, ""
	}
	for len(stem)+len(ending) > maxName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	return stem + ending
}

// typeOf gives the type that an ending speaks of, if it is in the list.
func typeOf(ending string) string {
	ending = strings.ToLower(strings.TrimPrefix(ending, "."))
	switch ending {
	case "jpeg", "jpe", "jfif":
		return "image/jpeg"
	case "m4v":
		return "video/mp4"
	case "oga", "opus":
		return "audio/ogg"
	}
	for _, k := range kinds() {
		if k.extension == ending {
			return k.mediaType
		}
	}
	return ""
}

// Disposition is the Content-Disposition of a file: in place or as a download,
// with its name for old programs and, by RFC 5987, for all others.
func Disposition(name string, inline bool) string {
	var plain, full strings.Builder
	for _, r := range name {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			r = '_'
		}
		plain.WriteRune(r)
	}
	const hex = "0123456789ABCDEF"
	for _, b := range []byte(name) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("!#$&+-.^_`|~", b) >= 0 {
			full.WriteByte(b)
		} else {
			full.Write([]byte{'%', hex[b>>4], hex[b&15]})
		}
	}
	how := "attachment"
	if inline {
		how = "inline"
	}
	return how + `; filename="` + plain.String() + `"; filename*=UTF-8''` + full.String()
}
