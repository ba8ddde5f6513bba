package ctrl

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"hongyan/model"
)

// request is a call of a JSON route, with who calls and in which language.
type request struct {
	*http.Request
	Session *model.Session // nil: nobody is signed in
	Lang    string
	ID      string
}

// UserID is the caller's id; the route's access has seen to it that there is one.
func (r *request) UserID() int64 { return r.Session.UserID }

type requestIDKey struct{}

// withRequestID marks a request's context with its id.
func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// requestID is the id that the log and an internal error's sentence share.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Bind fills the struct that in points to from the body, whatever its form:
// urlencoded, multipart or JSON, by the fields' json names. Kinds of field are
// string, int, int64, bool and []int64 (comma-separated in forms); a pointer
// to one stays nil where the body has no such field. A userid or ownerid in
// the body must be the caller's own.
func (r *request) Bind(in any) error {
	fields, err := r.fields()
	if err != nil {
		return err
	}
	if err := r.own(fields); err != nil {
		return err
	}
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		f, ok := fields[name]
		if !ok || f.isNull() {
			continue
		}
		target := v.Field(i)
		if target.Kind() == reflect.Pointer {
			target.Set(reflect.New(target.Type().Elem()))
			target = target.Elem()
		}
		if f.set(target) != nil {
			return model.Invalid(name)
		}
	}
	return nil
}

// own refuses a body that speaks for somebody else. The classic clients name
// themselves in it; who they are comes from the session all the same.
func (r *request) own(fields map[string]field) error {
	if r.Session == nil {
		return nil
	}
	for _, name := range []string{"userid", "ownerid"} {
		f, ok := fields[name]
		if !ok || f.isNull() {
			continue
		}
		var id int64
		if f.set(reflect.ValueOf(&id).Elem()) != nil || id != r.Session.UserID {
			return model.Fail(model.CodeForbidden)
		}
	}
	return nil
}
