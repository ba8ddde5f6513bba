package hub

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const (
	textOp   = 1
	binaryOp = 2
)

// conformanceCases are numbered as in the Autobahn test suite.
func conformanceCases() []conformance {
	return slices.Concat(echoCases(), pingCases(), reservedCases(), fragmentCases(), utf8Cases(), closeCases(), largeCases())
}

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

func body(n int) []byte { return bytes.Repeat([]byte("*"), n) }

// fragments cuts a message into frames of size bytes.
func fragments(op byte, data []byte, size int) []byte {
	var b []byte
	for len(data) > size {
		b = append(b, part(op, data[:size])...)
		op, data = 0, data[size:]
	}
	return append(b, frame(op, data)...)
}

// echoed is a case of messages that all come back.
func echoed(name string, op byte, send []byte, chop int, data ...[]byte) conformance {
	c := conformance{name: name, send: send, chop: chop}
	for _, d := range data {
		c.want = append(c.want, reply{op, d})
	}
	return c
}

func echoCases() []conformance {
	var list []conformance
	for op := byte(textOp); op <= binaryOp; op++ {
		for i, size := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
			chop := 0
			if i == 7 {
				chop = 997
			}
			list = append(list, echoed(fmt.Sprintf("1.%d.%d", op, i+1), op, frame(op, body(size)), chop, body(size)))
		}
	}
	return append(list, echoed("10.1.1", textOp, fragments(textOp, body(65536), 1300), 0, body(65536)))
}

func pingCases() []conformance {
	ping := func(data string) []byte { return frame(9, []byte(data)) }
	pong := func(data string) reply { return reply{10, []byte(data)} }
	raw, long := "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", strings.Repeat("\xfe", 125)
	list := []conformance{
		{name: "2.1", send: ping(""), want: []reply{pong("")}},
		{name: "2.2", send: ping("Hello, world!"), want: []reply{pong("Hello, world!")}},
		{name: "2.3", send: ping(raw), want: []reply{pong(raw)}},
		{name: "2.4", send: ping(long), want: []reply{pong(long)}},
		{name: "2.5", send: ping(long + "\xfe"), fails: 1002},
		{name: "2.6", send: ping(long), chop: 1, want: []reply{pong(long)}},
		{name: "2.7", send: frame(10, nil)},
		{name: "2.8", send: frame(10, []byte("unasked"))},
		{name: "2.9", send: join(frame(10, []byte("unasked")), ping("asked")), want: []reply{pong("asked")}},
	}
	ten := conformance{name: "2.10"}
	for i := range 10 {
		data := fmt.Sprint("payload-", i)
		ten.send, ten.want = append(ten.send, ping(data)...), append(ten.want, pong(data))
	}
	slow := ten
	slow.name, slow.chop = "2.11", 1
	return append(list, ten, slow)
}

// reservedCases: bits and opcodes that mean nothing. What came before them is
// answered, what comes after is not.
func reservedCases() []conformance {
	hello := []byte("Hello, world!")
	bad := func(name string, first byte, data []byte, chop int, among bool) conformance {
		c := conformance{name: name, send: frame(first, data), chop: chop, fails: 1002}
		if among {
			c.send = join(frame(textOp, hello), c.send, frame(9, nil))
			c.want = []reply{{textOp, hello}}
		}
		return c
	}
	list := []conformance{
		bad("3.1", 0x10|textOp, hello, 0, false), bad("3.2", 0x20|textOp, hello, 0, true),
		bad("3.3", 0x30|textOp, hello, 19, true), bad("3.4", 0x40|textOp, hello, 1, true),
		bad("3.5", 0x50|binaryOp, []byte("\x00\xff\xfe\xfd"), 0, false), bad("3.6", 0x60|9, hello, 0, false),
		bad("3.7", 0x70|8, goodbye(1000, ""), 0, false),
	}
	for section, first := range map[int]byte{1: 3, 2: 11} {
		for i := range byte(5) {
			data, chop := []byte(nil), 0
			if i%2 == 1 || i == 4 {
				data = hello
			}
			if i == 4 {
				chop = 1
			}
			list = append(list, bad(fmt.Sprintf("4.%d.%d", section, i+1), first+i, data, chop, i > 1))
		}
	}
	return list
}

func fragmentCases() []conformance {
	one, two := []byte("fragment1"), []byte("fragment2")
	both := slices.Concat(one, two)
	message := join(part(textOp, one), frame(0, two))
	ping, pong := frame(9, []byte("ping")), reply{10, []byte("ping")}
	between := join(part(textOp, one), ping, frame(0, two))
	whole := frame(textOp, []byte("whole"))
	back := reply{textOp, both}
	orphan := join(frame(0, one), whole)
	unended := join(part(0, one), whole)
	five := join(part(textOp, []byte("1")), part(0, []byte("2")), ping, part(0, []byte("3")), part(0, []byte("4")), ping, frame(0, []byte("5")))
	fiveBack := []reply{pong, pong, {textOp, []byte("12345")}}
	return []conformance{
		{name: "5.1", send: join(part(9, one), frame(0, two)), fails: 1002},
		{name: "5.2", send: join(part(10, one), frame(0, two)), fails: 1002},
		{name: "5.3", send: message, want: []reply{back}},
		{name: "5.4", send: message, chop: 15, want: []reply{back}},
		{name: "5.5", send: message, chop: 1, want: []reply{back}},
		{name: "5.6", send: between, want: []reply{pong, back}},
		{name: "5.7", send: between, chop: 15, want: []reply{pong, back}},
		{name: "5.8", send: between, chop: 1, want: []reply{pong, back}},
		{name: "5.9", send: orphan, fails: 1002},
		{name: "5.10", send: orphan, chop: 15, fails: 1002},
		{name: "5.11", send: orphan, chop: 1, fails: 1002},
		{name: "5.12", send: unended, fails: 1002},
		{name: "5.13", send: unended, chop: 15, fails: 1002},
		{name: "5.14", send: unended, chop: 1, fails: 1002},
		{name: "5.15", send: join(message, part(0, one), whole), want: []reply{back}, fails: 1002},
		{name: "5.16", send: bytes.Repeat(join(part(0, one), message), 2), fails: 1002},
		{name: "5.17", send: bytes.Repeat(join(frame(0, one), message), 2), fails: 1002},
		{name: "5.18", send: join(part(textOp, one), frame(textOp, two)), fails: 1002},
		{name: "5.19", send: five, chop: 11, want: fiveBack},
		{name: "5.20", send: five, want: fiveBack},
	}
}

func closeCases() []conformance {
	hello := []byte("Hello World!")
	back := []reply{{textOp, hello}}
	bye := frame(8, goodbye(1000, ""))
	says := func(name string, answer int, frames ...[]byte) conformance {
		return conformance{name: name, send: join(frames...), says: true, answer: answer}
	}
	withEcho := says("7.1.1", 1000, frame(textOp, hello), bye)
	withEcho.want = back
	large := says("7.1.6", 1000, frame(textOp, body(256<<10)), bye, frame(9, nil))
	large.want = []reply{{textOp, body(256 << 10)}}
	longest := strings.Repeat("*", 123)
	list := []conformance{
		withEcho, says("7.1.2", 1000, bye, bye), says("7.1.3", 1000, bye, frame(9, nil)), says("7.1.4", 1000, bye, frame(textOp, hello)),
		says("7.1.5", 1000, part(textOp, hello), bye, frame(0, hello)), large,
		says("7.3.1", 1005, frame(8, nil)),
		{name: "7.3.2", send: frame(8, []byte("a")), fails: 1002},
		says("7.3.3", 1000, bye), says("7.3.4", 1000, frame(8, goodbye(1000, string(hello)))), says("7.3.5", 1000, frame(8, goodbye(1000, longest))),
		{name: "7.3.6", send: frame(8, goodbye(1000, longest+"*")), fails: 1002},
		{name: "7.5.1", send: frame(8, goodbye(1000, kosme+"\xed\xa0\x80edited")), fails: 1007},
	}
	for i, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		list = append(list, says(fmt.Sprintf("7.7.%d", i+1), int(code), frame(8, goodbye(code, ""))))
	}
	for i, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		list = append(list, conformance{name: fmt.Sprintf("7.9.%d", i+1), send: frame(8, goodbye(code, "")), fails: 1002})
	}
	for i, code := range []uint16{5000, 65535} {
		list = append(list, conformance{name: fmt.Sprintf("7.13.%d", i+1), send: frame(8, goodbye(code, "")), fails: 1002})
	}
	return list
}

func largeCases() []conformance {
	var list []conformance
	for op := byte(textOp); op <= binaryOp; op++ {
		add := func(section, number int, send []byte, chop int, data ...[]byte) {
			list = append(list, echoed(fmt.Sprintf("9.%d.%d", section+int(op)-1, number+1), op, send, chop, data...))
		}
		for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
			add(1, i, frame(op, body(size)), 0, body(size))
		}
		for i := range 9 {
			add(3, i, fragments(op, body(4<<20), 64<<(2*i)), 0, body(4<<20))
		}
		for i := range 6 {
			add(5, i, frame(op, body(1<<20)), 64<<i, body(1<<20))
		}
		for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
			add(7, i, frame(op, body(size)), 0, slices.Repeat([][]byte{body(size)}, 1000)...)
			list[len(list)-1].turn = true
		}
	}
	return list
}
