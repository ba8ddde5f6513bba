package ctrl

import (
	"net/http"
	"strconv"

	"hongyan/model"
)

// previewLink looks at a page for who is about to share it, where the operator
// lets the server do so.
func (s *Server) previewLink(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		URL string `json:"url"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if s.Previews == nil {
		return nil, &model.Error{Code: model.CodeForbidden, Key: "preview"}
	}
	if err := allow(s.Limits.Preview, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return s.Previews.Look(r.Context(), r.UserID(), in.URL)
}
