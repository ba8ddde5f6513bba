package ctrl

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"hongyan/model"
)

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

// fieldNumber gives a number to the name of each known field, 0 to cmd, and
// the same to its other spellings that encoding/json takes for it; -1 to others.
func fieldNumber(quoted []byte) int {
	name := string(quoted[1 : len(quoted)-1])
	if n := exactField(name); n >= 0 {
		return n
	}
	if strings.IndexByte(name, '\\') >= 0 && json.Unmarshal(quoted, &name) != nil {
		return -1
	}
	return exactField(strings.ToLower(strings.ToUpper(name)))
}

func exactField(name string) int {
	switch name {
	case "cmd":
		return 0
	case "id":
		return 1
	case "userid":
		return 2
	case "dstid":
		return 3
	case "media":
		return 4
	case "content":
		return 5
	case "pic":
		return 6
	case "url":
		return 7
	case "memo":
		return 8
	case "amount":
		return 9
	case "cid":
		return 10
	case "seq":
		return 11
	case "kind":
		return 12
	case "ref":
		return 13
	case "at":
		return 14
	case "error":
		return 15
	case "msg":
		return 16
	case "ext":
		return 17
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
