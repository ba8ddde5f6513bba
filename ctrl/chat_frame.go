package ctrl

import (
	"bytes"
	"encoding/json"
	"errors"

	"hongyan/model"
)

// frameFields are the names that a client's frame is read by.
var frameFields = [...]string{ //nolint:gochecknoglobals // a constant table
	"cmd", "id", "userid", "dstid", "media", "content", "pic", "url", "memo", "amount",
	"cid", "seq", "kind", "ref", "at", "error", "msg", "ext",
}

// decode reads a frame: one JSON object, each field at most once, of its type,
// with a cmd. Fields it does not know are left out. On failure the message has
// the cid, if that could be read, so that the client learns what failed.
func decode(b []byte) (model.Message, error) {
	var m model.Message
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 || b[0] != '{' {
		return m, model.Invalid("json")
	}
	err := json.Unmarshal(b, &m)
	wrong, isType := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case isType:
		return model.Message{CID: m.CID}, &model.Error{Code: model.CodeInvalid, Key: wrong.Field, Err: err}
	case err != nil:
		return model.Message{}, &model.Error{Code: model.CodeInvalid, Key: "json", Err: err}
	}
	if err := inspect(b); err != nil {
		return model.Message{CID: m.CID}, err
	}
	if bytes.Equal(m.Ext, []byte("null")) {
		m.Ext = nil
	}
	for _, n := range []struct {
		name  string
		value int64
	}{{"dstid", m.DstID}, {"seq", m.Seq}, {"ref", m.Ref}, {"amount", m.Amount}} {
		if n.value > model.MaxID || n.value < -model.MaxID {
			return model.Message{CID: m.CID}, model.Invalid(n.name)
		}
	}
	return m, nil
}

// inspect looks for what encoding/json lets pass in a valid object: a field
// given twice, where one reader would take the first and another the last; no
// cmd, which would make it a heart; half a surrogate pair.
func inspect(b []byte) error {
	seen, depth, wantKey := 0, 0, true
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			wantKey = depth == 1
		case '"':
			end, whole := stringEnd(b, i)
			if !whole {
				return model.Invalid("content")
			}
			if depth == 1 && wantKey {
				wantKey = false
				field := fieldNumber(b[i:end])
				if field >= 0 && seen&(1<<field) != 0 {
					return model.Invalid("json")
				}
				if field >= 0 && (field != 0 || !isNull(b[end:])) {
					seen |= 1 << field
				}
			}
			i = end - 1
		}
	}
	if seen&1 == 0 {
		return model.Invalid("cmd")
	}
	return nil
}

// isNull reports whether the value behind a key is null.
func isNull(b []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(b, ": \t\r\n"), []byte("null"))
}

// fieldNumber gives the place of a quoted name in frameFields, in the way that
// encoding/json matches names; -1 if it is none of them.
func fieldNumber(quoted []byte) int {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		var s string
		if json.Unmarshal(quoted, &s) != nil {
			return -1
		}
		name = []byte(s)
	}
	for i, f := range frameFields {
		if string(name) == f {
			return i
		}
	}
	for i, f := range frameFields {
		if bytes.EqualFold(name, []byte(f)) {
			return i
		}
	}
	return -1
}

// stringEnd gives the end of the string that starts at i of a valid text, and
// whether every surrogate that it escapes is half of a pair.
func stringEnd(b []byte, i int) (end int, whole bool) {
	whole = true
	high := -1 // where a high surrogate has just ended
	for i++; b[i] != '"'; i++ {
		if b[i] != '\\' {
			continue
		}
		i++
		if b[i] != 'u' {
			continue
		}
		start := i - 1
		i += 4
		switch {
		case isSurrogate(b[i-3:i+1], 'c', 'f'): // the low half
			whole = whole && high == start
			high = -1
		case isSurrogate(b[i-3:i+1], '8', 'b'): // the high half
			whole = whole && high < 0
			high = i + 1
		}
	}
	return i + 1, whole && high < 0
}

// isSurrogate tells whether four hex digits are d, one of from..to, and any two.
func isSurrogate(hex []byte, from, to byte) bool {
	second := hex[1] | 0x20 // lower case; digits stay as they are
	return hex[0]|0x20 == 'd' && second >= from && second <= to
}
