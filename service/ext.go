package service

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"hongyan/model"
)

// reserved are the keys of ext that only the server writes.
func reserved() []string {
	return []string{"recalled", "by", "edited", "edits", "reactions", "record", "packet", "call"}
}

// CleanExt takes the server's own keys out of what a client sent; what is no
// object is CodeInvalid.
func CleanExt(ext json.RawMessage) (json.RawMessage, error) {
	if len(ext) == 0 || string(ext) == "null" {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(ext, &fields); err != nil {
		return nil, model.Invalid("ext")
	}
	before := len(fields)
	// A struct is filled whatever the case of a key, so no spelling of theirs stays.
	maps.DeleteFunc(fields, func(key string, _ json.RawMessage) bool {
		return slices.ContainsFunc(reserved(), func(own string) bool { return strings.EqualFold(key, own) })
	})
	if len(fields) == before {
		return ext, nil
	}
	return json.Marshal(fields)
}

// serverExt is what the server keeps in a message's ext, beside what its client
// put there. Edits are the seqs of the changes that edited it.
type serverExt struct {
	Recalled  bool
	Packet    int64
	Edits     []int64
	Reactions map[string][]int64
}

// readExt reads by the very names: what is stored may have others' spellings.
func readExt(row *model.Post) (ext serverExt) {
	extKey(row.Ext, "recalled", &ext.Recalled)
	extKey(row.Ext, "packet", &ext.Packet)
	extKey(row.Ext, "edits", &ext.Edits)
	extKey(row.Ext, "reactions", &ext.Reactions)
	return ext
}

// extKey reads one key of a stored ext; what is no object, or has it not, has
// nothing of it.
func extKey(stored, key string, into any) {
	if !strings.Contains(stored, `"`+key+`"`) {
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(stored), &fields) == nil && fields[key] != nil {
		_ = json.Unmarshal(fields[key], into)
	}
}

// withoutKey is a stored ext without one of its keys.
func withoutKey(stored, key string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(stored), &fields) != nil {
		return stored
	}
	delete(fields, key)
	if len(fields) == 0 {
		return ""
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		return stored
	}
	return string(rest)
}

// writeExt sets keys of a message's ext and leaves the others.
func writeExt(row *model.Post, values map[string]any) error {
	ext := map[string]json.RawMessage{}
	if row.Ext != "" {
		if err := json.Unmarshal([]byte(row.Ext), &ext); err != nil {
			return err
		}
	}
	for key, value := range values {
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		ext[key] = raw
	}
	all, err := json.Marshal(ext)
	row.Ext = string(all)
	return err
}
