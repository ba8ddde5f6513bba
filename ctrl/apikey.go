package ctrl

import (
	"net/http"
	"strings"

	"hongyan/model"
)

// InternalHandler has the routes of the internal listener that need the
// product. Each asks for an API key: being inside is not being allowed.
func (s *Server) InternalHandler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.internal() {
		mux.Handle(route.path, s.keyed(route))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}, model.Fail(model.CodeNotFound))
	})
	return mux
}

// keyed makes the handler of a route for programs.
func (s *Server) keyed(route keyRoute) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
		if err := s.checkKey(r, route.scope); err != nil {
			if model.CodeOf(err) == model.CodeUnauthenticated {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			s.fail(w, call, err)
			return
		}
		if r.Method != route.method {
			s.failMethod(w, call, route.method)
			return
		}
		result, err := route.action(w, call)
		if err != nil {
			s.fail(w, call, err)
			return
		}
		s.succeed(w, call, result)
	})
}

// checkKey wants an API key with a scope in the Authorization header.
func (s *Server) checkKey(r *http.Request, scope string) error {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return &model.Error{Code: model.CodeUnauthenticated, Key: "key"}
	}
	return s.Keys.Check(r.Context(), strings.TrimSpace(key), scope)
}
