package service

import (
	"encoding/json"
	"net/url"
	"testing"

	"hongyan/model"
)

// FuzzExt: what a client put into ext never reads as the server's word, however
// it is spelled, and survives a change that the server makes.
func FuzzExt(f *testing.F) {
	for _, seed := range []string{
		`{"recalled":true}`, `{"Record":{"id":1},"w":[1,2]}`, `{"reactions":{"👍":[1]},"pac\u212aet":1}`, `{"call":{"video":true}}`,
		`{"edits":null,"edits":[1]}`, `null`, `[]`, `{"":{}}`, `{"mentions":"all"}`, `{"\u0065dits":[1]}`,
	} {
		f.Add([]byte(seed), "/record/1")
	}
	f.Fuzz(func(t *testing.T, ext []byte, address string) {
		clean, err := CleanExt(ext)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Fatalf("%q: %v", ext, err)
			}
			return
		}
		row := &model.Post{Ext: string(clean)}
		if e := readExt(row); e.Recalled || e.Packet != 0 || e.Edits != nil || e.Reactions != nil || recordOf(row) != 0 {
			t.Fatalf("%q is believed: %+v", ext, e)
		}
		var anyCase struct {
			serverExt
			Record, Call, By, Edited json.RawMessage
		}
		if len(clean) > 0 && json.Unmarshal(clean, &anyCase) != nil {
			t.Fatalf("%q became %q", ext, clean)
		}
		if anyCase.Recalled || anyCase.Record != nil || anyCase.Call != nil || anyCase.By != nil || anyCase.Edited != nil {
			t.Fatalf("%q left %+v", ext, anyCase)
		}
		if err := writeExt(row, map[string]any{"edits": []int64{5}}); err != nil || len(readExt(row).Edits) != 1 {
			t.Fatalf("%q: %v, %q", ext, err, row.Ext)
		}
		m := &model.Message{URL: address, Media: model.MediaNews, Ext: clean}
		if id, ok := linkedRecord(m); ok && (id <= 0 || id > model.MaxID) {
			t.Fatalf("%q is record %d", address, id)
		}
		_ = m.CallEntry()
		_ = idsOf(string(ext))
	})
}

// FuzzFileKey: what is looked up in the store is a key that Upload could make.
func FuzzFileKey(f *testing.F) {
	f.Add("abcdefghijklmnopqrstuvwxyz")
	f.Add("../../../../../etc/passwd.")
	f.Add("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	f.Fuzz(func(t *testing.T, text string) {
		if !isKey(text) {
			return
		}
		for _, r := range text {
			if (r < 'a' || r > 'z') && (r < '2' || r > '7') {
				t.Fatalf("%q is a key", text)
			}
		}
	})
}

// FuzzPushKey: a key is kept in one form, and that form is itself; what links
// may begin with is a scheme and a host.
func FuzzPushKey(f *testing.F) {
	f.Add("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "https://example.com:8443/x")
	f.Add("+/==", "http://user@host")
	f.Add("=", "javascript://x")
	f.Fuzz(func(t *testing.T, key, origin string) {
		anything := func([]byte) bool { return true }
		if form, ok := oneForm(key, anything); ok {
			if again, ok := oneForm(form, anything); !ok || again != form {
				t.Errorf("%q is kept as %q and as %q", key, form, again)
			}
		}
		if known := knownOrigin(origin); known != "" {
			if u, err := url.Parse(known); err != nil || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
				t.Errorf("%q gives %q", origin, known)
			}
		}
	})
}
