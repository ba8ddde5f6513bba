package bench

import (
	"bytes"
	"strings"
	"testing"
)

func TestFramesComeBackWhole(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 1 << 10, 1<<16 - 1, 1 << 16} {
		text := bytes.Repeat([]byte("鸿"), size)[:size]
		for name, whole := range map[string][]byte{"client": appendFrame(nil, opText, text), "server": appendServerFrame(nil, text)} {
			for _, cut := range []int{0, 1, 2, 5, len(whole) - 1} {
				if f, err := parseFrame(bytes.Clone(whole[:min(cut, len(whole)-1)])); err != nil || f.size != 0 {
					t.Errorf("%s, %d bytes, cut at %d: %+v, %v", name, size, cut, f.size, err)
				}
			}
			f, err := parseFrame(append(whole, "more"...))
			if err != nil || f.size != len(whole) || f.op != opText || !f.fin || !bytes.Equal(f.payload, text) {
				t.Errorf("%s, %d bytes: size %d op %d, %v", name, size, f.size, f.op, err)
			}
		}
	}
}

func TestFramesThatAreNone(t *testing.T) {
	for name, b := range map[string][]byte{
		"endless":  {0x81, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0},
		"reserved": {0xf1, 0},
		"HTTP":     []byte("uHTTP/1.1 400 Bad Request"),
	} {
		if f, err := parseFrame(b); err == nil {
			t.Errorf("%s was taken for %+v", name, f)
		}
	}
}

func TestBodiesAreFoundInWhateverIsAroundThem(t *testing.T) {
	first, second := body{123456789, 0xabcde, 42}, body{0, 1, 0}
	text := "{\"content\":\"" + string(appendBody(nil, first, 128)) + "\"}\n" + string(appendBody(nil, second, 0)) + "~T~short"
	var found []body
	if n := bodies([]byte(text), func(b body) { found = append(found, b) }); n != 2 || found[0] != first || found[1] != second {
		t.Errorf("found %d: %+v", n, found)
	}
	if got := len(appendBody(nil, first, 128)); got != 128 {
		t.Errorf("a body of %d bytes", got)
	}
}

func TestWhatAServerSays(t *testing.T) {
	h := &hongyan{accounts: []Account{{ID: 7, Token: "t"}, {ID: 9}}, groupID: 5, prefix: "p-"}
	if got := string(h.direct(nil, 1, []byte("hi"))); got != `{"cmd":10,"dstid":9,"media":1,"content":"hi","cid":"p-1"}` {
		t.Error(got)
	}
	if got := string(h.group(nil, []byte("hi"))); got != `{"cmd":11,"dstid":5,"media":1,"content":"hi","cid":"p-2"}` {
		t.Error(got)
	}
	if got := h.endpoint(2).header; got != "Authorization: Bearer t\r\n" {
		t.Errorf("header %q", got)
	}
	for text, want := range map[string]heard{
		`{"id":1,"cmd":1,"amount":0,"cid":"p-1","seq":1}`: {ack: true},
		`{"userid":7,"cmd":6,"amount":30,"ext":{}}`:       {hello: true},
		`{"cmd":5,"amount":0,"error":"not_friend"}`:       {fault: "not_friend"},
		`{"cmd":8,"amount":0}`:                            {fault: "resync"},
		`{"cmd":7,"amount":2000}`:                         {fault: "move"},
		`{"cmd":19,"amount":0,"content":"group_joined"}`:  {},
		`nonsense`: {fault: `no message: "nonsense"`},
		`{"cmd":10,"content":"` + string(appendBody(nil, body{1, 2, 3}, 64)) + `"}`: {delivered: 1},
	} {
		if got := h.read([]byte(text), func(body) {}); got != want {
			t.Errorf("%s is %+v, want %+v", text, got, want)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add(appendFrame(nil, opText, []byte("hello")))
	f.Add(appendServerFrame(nil, []byte(strings.Repeat("x", 200))))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseFrame(b)
		if got.size > len(b) || err == nil && got.size > 0 && len(got.payload) > got.size {
			t.Errorf("%d bytes of %d", got.size, len(b))
		}
	})
}
