package ctrl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"

	"hongyan/model"
)

// rows answers a list. Total is the length where it is not set.
type rows struct {
	Rows  any
	Total int64
}

// answer is what a route answers beyond data: further fields at the top level.
type answer map[string]any

// errMethod is the answer to a method that a route does not have, which for most
// is anything but a POST. HTTP has a status of its own
// for what is otherwise an invalid argument.
var errMethod = fmt.Errorf("ctrl: %w", model.Invalid("method"))

// status gives the HTTP status that says the same as a code.
func status(code model.Code) int {
	switch code {
	case model.CodeInvalid:
		return http.StatusBadRequest
	case model.CodeUnauthenticated, model.CodeBadCredentials:
		return http.StatusUnauthorized
	case model.CodeForbidden, model.CodeNotFriend, model.CodeNotMember, model.CodeBlocked:
		return http.StatusForbidden
	case model.CodeNotFound:
		return http.StatusNotFound
	case model.CodeConflict, model.CodeMobileTaken, model.CodeAlreadyFriend, model.CodeAlreadyMember,
		model.CodeCIDReused:
		return http.StatusConflict
	case model.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case model.CodeUnsupportedMedia:
		return http.StatusUnsupportedMediaType
	case model.CodeRateLimited:
		return http.StatusTooManyRequests
	case model.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// json makes the handler of a route: access, the action, the answer. The edge
// has bounded the body.
func (s *Server) json(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
		result, err := s.act(w, call, route)
		if err != nil {
			s.fail(w, call, err)
			return
		}
		s.succeed(w, call, result)
	})
}

func (s *Server) act(w http.ResponseWriter, call *request, route route) (any, error) {
	if call.Method != http.MethodPost {
		return nil, errMethod
	}
	session, err := s.authenticate(call.Request)
	if err != nil {
		return nil, err
	}
	if session == nil && route.who != anyone {
		return nil, model.Fail(model.CodeUnauthenticated)
	}
	call.Session = session
	return route.action(w, call)
}

// succeed writes a success.
func (s *Server) succeed(w http.ResponseWriter, call *request, result any) {
	body := answer{"code": 0, "msg": ""}
	switch v := result.(type) {
	case nil:
	case answer:
		for name, value := range v {
			body[name] = value
		}
	case rows:
		list := reflect.ValueOf(v.Rows)
		if !list.IsValid() || list.Len() == 0 {
			v.Rows = []struct{}{}
		} else if v.Total == 0 {
			v.Total = int64(list.Len())
		}
		body["rows"], body["total"] = v.Rows, v.Total
	default:
		body["data"] = v
	}
	s.write(w, call, http.StatusOK, body)
}

// fail writes a failure: the caller's own mistakes by their code, anything else
// as internal, with the cause in the log alone.
func (s *Server) fail(w http.ResponseWriter, call *request, err error) {
	code, text := s.explain(call.Context(), call.Lang, call.ID, err)
	if e, ok := errors.AsType[*model.Error](err); ok && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	httpStatus := status(code)
	if errors.Is(err, errMethod) {
		if w.Header().Get("Allow") == "" {
			w.Header().Set("Allow", http.MethodPost)
		}
		httpStatus = http.StatusMethodNotAllowed
	}
	body := answer{"code": -1, "error": code, "msg": text}
	if e, ok := errors.AsType[*model.Error](err); ok && e.Key != "" && (code == model.CodeInvalid || code == model.CodeTooLarge) {
		body["field"] = e.Key // forms say it there
	}
	s.write(w, call, httpStatus, body)
}

// failMethod answers a method other than the one allowed.
func (s *Server) failMethod(w http.ResponseWriter, call *request, allowed string) {
	w.Header().Set("Allow", allowed)
	s.fail(w, call, errMethod)
}

// explain gives the code of an error and its sentence in a language, and logs
// what is not the caller's fault.
func (s *Server) explain(ctx context.Context, lang, id string, err error) (model.Code, string) {
	code := model.CodeOf(err)
	key := "error." + string(code)
	if e, ok := errors.AsType[*model.Error](err); ok && e.Key != "" && s.Locale.Has(key+"."+e.Key) {
		key += "." + e.Key
	}
	switch {
	case errors.Is(err, context.Canceled): // nobody is left to read the answer
	case code == model.CodeInternal:
		s.Log.ErrorContext(ctx, "internal error", "request", id, "error", err)
	case code == model.CodeUnavailable:
		s.Log.WarnContext(ctx, "unavailable", "request", id, "error", err)
	}
	return code, s.Locale.T(lang, key, map[string]any{"ID": id})
}

func (s *Server) write(w http.ResponseWriter, call *request, status int, body answer) {
	data, err := json.Marshal(body)
	if err != nil {
		s.Log.ErrorContext(call.Context(), "answer cannot be encoded", "request", call.ID, "error", err)
		status, data = http.StatusInternalServerError, []byte(`{"code":-1,"error":"internal","msg":""}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(data) // who is gone cannot be told
}
