package ctrl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"hongyan/model"
)

// field is one value of a body: the texts of a form, or a piece of JSON.
type field struct {
	texts []string
	raw   json.RawMessage
}

func (f field) isNull() bool { return string(f.raw) == "null" }

// fields reads the body.
func (r *request) fields() (map[string]field, error) {
	header := r.Header.Get("Content-Type")
	if header == "" {
		header = "application/x-www-form-urlencoded"
		r.Header.Set("Content-Type", header)
	}
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return nil, model.Fail(model.CodeUnsupportedMedia)
	}
	switch kind {
	case "application/json":
		return r.jsonFields()
	case "multipart/form-data":
		err = r.ParseMultipartForm(bodyLimit)
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
	default:
		return nil, model.Fail(model.CodeUnsupportedMedia)
	}
	if err != nil {
		return nil, bodyError(err, "form")
	}
	fields := make(map[string]field, len(r.PostForm))
	for name, texts := range r.PostForm {
		fields[name] = field{texts: texts}
	}
	if r.MultipartForm != nil {
		_ = r.MultipartForm.RemoveAll() // files have a route of their own
	}
	return fields, nil
}

func (r *request) jsonFields() (map[string]field, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, bodyError(err, "json")
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || !utf8.Valid(data) {
		return nil, model.Invalid("json")
	}
	fields := make(map[string]field, len(object))
	for name, raw := range object {
		fields[name] = field{raw: raw}
	}
	return fields, nil
}

// bodyError tells a body that is too long from one that cannot be read.
func bodyError(err error, what string) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return model.TooLarge("body")
	}
	return &model.Error{Code: model.CodeInvalid, Key: what, Err: err}
}

var errField = errors.New("not a value of that kind")

// set puts the field's value into target, or fails.
func (f field) set(target reflect.Value) error {
	if target.Kind() == reflect.Slice {
		return f.setList(target)
	}
	text, err := f.text()
	if err != nil {
		return err
	}
	switch target.Kind() {
	case reflect.String:
		if !utf8.ValidString(text) {
			return errField
		}
		target.SetString(text)
	case reflect.Int, reflect.Int64:
		if text == "" {
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > model.MaxID || n < -model.MaxID {
			return errField
		}
		target.SetInt(n)
	case reflect.Bool:
		on, known := map[string]bool{"true": true, "1": true, "on": true, "false": false, "0": false, "off": false, "": false}[text]
		if !known {
			return errField
		}
		target.SetBool(on)
	default:
		return errField
	}
	return nil
}

// text is the value as written, whether quoted in JSON or not.
func (f field) text() (string, error) {
	if f.raw == nil {
		if len(f.texts) == 0 {
			return "", nil
		}
		return f.texts[0], nil
	}
	switch f.raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(f.raw, &s)
		return s, err
	case '{', '[', 'n':
		return "", errField
	}
	return string(f.raw), nil
}

func (f field) setList(target reflect.Value) error {
	texts, err := f.list()
	if err != nil {
		return err
	}
	ids := []int64{}
	for _, text := range texts {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 || n > model.MaxID {
			return errField
		}
		ids = append(ids, n)
	}
	target.Set(reflect.ValueOf(ids))
	return nil
}

// list is the value's items: a JSON array's, or those between commas.
func (f field) list() ([]string, error) {
	if f.raw == nil {
		return strings.Split(strings.Join(f.texts, ","), ","), nil
	}
	if f.raw[0] != '[' {
		text, err := f.text()
		return strings.Split(text, ","), err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(f.raw, &items); err != nil {
		return nil, err
	}
	texts := make([]string, 0, len(items))
	for _, raw := range items {
		text, err := field{raw: raw}.text()
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
