package ctrl

import (
	"encoding/json"
	"strings"
	"testing"

	"hongyan/model"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name, frame string
		fault       string // key of the error; empty if there is none
		cid         string
	}{
		{"classic", `{"id":1,"userid":2,"cmd":10,"dstid":3,"media":1,"content":"你好"}`, "", ""},
		{"unknown fields", `{"cmd":0,"fuzz":[{"cmd":1}],"x":null}`, "", ""},
		{"spaces", " \n{ \"cmd\" : 0 }\r\n", "", ""},
		{"pair of surrogates", `{"cmd":10,"content":"\ud83d\ude00\u0041"}`, "", ""},
		{"known name inside ext", `{"cmd":10,"ext":{"cmd":1,"cid":2}}`, "", ""},
		{"null is absent", `{"cmd":10,"content":null,"ext":null}`, "", ""},
		{"empty", ``, "json", ""},
		{"null", `null`, "json", ""},
		{"number", `10`, "json", ""},
		{"text", `"hello,world!"`, "json", ""},
		{"array", `[{"cmd":0}]`, "json", ""},
		{"two objects", `{"cmd":0}{"cmd":0}`, "json", ""},
		{"cut off", `{"cmd":0`, "json", ""},
		{"no cmd", `{"content":"x","cid":"c"}`, "cmd", "c"},
		{"null cmd", `{"cmd":null,"cid":"c"}`, "cmd", "c"},
		{"cmd as text", `{"cmd":"10","cid":"c"}`, "cmd", "c"},
		{"cmd as object", `{"cid":"c","cmd":{}}`, "cmd", "c"},
		{"fraction", `{"cmd":10,"dstid":1.5}`, "dstid", ""},
		{"huge number", `{"cmd":10,"dstid":1e400}`, "dstid", ""},
		{"2^63", `{"cmd":10,"dstid":9223372036854775808}`, "dstid", ""},
		{"2^53", `{"cmd":10,"cid":"c","dstid":9007199254740992}`, "dstid", "c"},
		{"text as number", `{"cmd":10,"content":7}`, "content", ""},
		{"twice", `{"cmd":10,"dstid":1,"dstid":2,"cid":"c"}`, "json", "c"},
		{"twice, spelt otherwise", `{"cmd":10,"dstid":1,"DSTID":2}`, "json", ""},
		{"twice, escaped", `{"cmd":10,"dstid":1,"dst\u0069d":2}`, "json", ""},
		{"high surrogate alone", `{"cmd":10,"content":"\ud83d"}`, "content", ""},
		{"high surrogate and text", `{"cmd":10,"content":"\ud83dx\ude00"}`, "content", ""},
		{"low surrogate alone", `{"cmd":10,"content":"\ude00"}`, "content", ""},
		{"two high surrogates", `{"cmd":10,"content":"\ud83d\ud83d\ude00"}`, "content", ""},
		{"deep", `{"cmd":10,"ext":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`, "json", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := decode([]byte(test.frame))
			key := ""
			if e, ok := err.(*model.Error); ok { //nolint:errorlint // decode gives it bare
				key = e.Key
			}
			if key != test.fault || m.CID != test.cid {
				t.Errorf("fault %q, cid %q (%v)", key, m.CID, err)
			}
		})
	}
}

// FuzzDecode: whatever comes in, decode neither panics nor takes what
// encoding/json would not, nor a frame without a cmd.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"cmd":10,"dstid":3,"content":"\ud83d\ude00","ext":{"a":[1,{"b":"\\\""}]}}`, `{"cmd":0}`, `{"":0,"cmd":1}`, `null`,
		`{"cmd":1,"CMD":2}`, `{"a\"":"\\","cmd":0}`, `{"cmd":0,"x":"\u00`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("code %v", model.CodeOf(err))
			}
			return
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(b, &fields) != nil {
			t.Fatalf("took what is no object: %q", b)
		}
		if m.DstID > model.MaxID || m.DstID < -model.MaxID {
			t.Errorf("dstid %d", m.DstID)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	frame := []byte(`{"cmd":10,"dstid":3,"media":1,"cid":"0123456789abcdef","content":"` + strings.Repeat("好", 40) + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
