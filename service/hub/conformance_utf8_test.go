package hub

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const kosme = "κ\u1f79σμε" // eleven bytes

// utf8Cases: texts that are UTF-8 come back; others fail as soon as that shows.
func utf8Cases() []conformance {
	valid := "Hello-µ@ßöäüàá-UTF-8!!"
	broken := kosme + "\xed\xa0\x80edited"
	late, worse := kosme+"\xf4\x90\x80\x80", kosme+"\xf4\x90"
	list := []conformance{
		echoed("6.1.1", textOp, frame(textOp, nil), 0, nil),
		echoed("6.1.2", textOp, join(part(textOp, nil), part(0, nil), frame(0, nil)), 0, nil),
		echoed("6.1.3", textOp, join(part(textOp, nil), part(0, []byte("middle")), frame(0, nil)), 0, []byte("middle")),
		echoed("6.2.1", textOp, frame(textOp, []byte(valid)), 0, []byte(valid)),
		echoed("6.2.2", textOp, join(part(textOp, []byte(valid[:12])), frame(0, []byte(valid[12:]))), 0, []byte(valid)),
		echoed("6.2.3", textOp, fragments(textOp, []byte(valid), 1), 0, []byte(valid)),
		echoed("6.2.4", textOp, fragments(textOp, []byte(kosme), 1), 0, []byte(kosme)),
		{name: "6.3.1", send: frame(textOp, []byte(broken)), fails: 1007},
		{name: "6.3.2", send: fragments(textOp, []byte(broken), 1), fails: 1007},
		// The rest of the message never comes: the server must not wait for it.
		{name: "6.4.1", send: join(part(textOp, []byte(kosme)), part(0, []byte(late[len(kosme):]))), fails: 1007},
		{name: "6.4.2", send: join(part(textOp, []byte(late[:len(kosme)+1])), part(0, []byte("\x90"))), fails: 1007},
		{name: "6.4.3", send: frame(textOp, []byte(late+"edited"))[:6+len(late)], fails: 1007},
		{name: "6.4.4", send: frame(textOp, []byte(worse+"edited"))[:6+len(worse)], fails: 1007},
	}
	for section, texts := range utf8Texts() {
		for i, text := range texts {
			c := conformance{name: fmt.Sprintf("6.%d.%d", section+5, i+1), send: frame(textOp, []byte(text)), fails: 1007}
			if utf8.ValidString(text) {
				c.fails, c.want = 0, []reply{{textOp, []byte(text)}}
			}
			list = append(list, c)
		}
	}
	return list
}

// utf8Texts are those of sections 6.5 to 6.23.
func utf8Texts() [][]string {
	var prefixes []string
	for i := range len(kosme) {
		prefixes = append(prefixes, kosme[:i+1])
	}
	unfinished := []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
	noCharacters := []string{"\ufffe", "\uffff"}
	for plane := rune(1); plane <= 16; plane++ {
		noCharacters = append(noCharacters, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	var specials []string
	for r := rune(0xfff9); r <= 0xffff; r++ {
		specials = append(specials, string(r))
	}
	high, low := []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf"}, []string{"\xed\xb0\x80", "\xed\xbf\xbf"}
	var pairs []string
	for _, h := range high {
		for _, l := range low {
			pairs = append(pairs, h+l)
		}
	}
	return [][]string{
		{"hello$world", "hello¢world", "hello€world", "hello𤭢world", kosme},
		prefixes,
		{"\x00", "\u0080", "\u0800", "\U00010000"},
		{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"},
		{"\x7f", "\u07ff", "\uffff", "\U0010ffff"},
		{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"},
		{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "\xf4\x90\x80\x80"},
		{"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", bytesFrom(0x80, 0xbe, "")},
		{bytesFrom(0xc0, 0xdf, " "), bytesFrom(0xe0, 0xef, " "), bytesFrom(0xf0, 0xf7, " "), bytesFrom(0xf8, 0xfb, " "), bytesFrom(0xfc, 0xfd, " ")},
		unfinished,
		{strings.Join(unfinished, "")},
		{"\xfe", "\xff", "\xfe\xfe\xff\xff"},
		{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"},
		{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"},
		{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"},
		append(append(append([]string{}, high...), low[0]), "\xed\xbe\x80", low[1]),
		pairs,
		noCharacters,
		specials,
	}
}

// bytesFrom gives all bytes from first to last, each with what follows it.
func bytesFrom(first, last byte, after string) string {
	var b strings.Builder
	for x := first; x <= last; x++ {
		b.WriteByte(x)
		b.WriteString(after)
	}
	return b.String()
}
