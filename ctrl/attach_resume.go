package ctrl

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"hongyan/model"
	"hongyan/service"
)

// beginUpload makes an upload in parts.
func (s *Server) beginUpload(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Name     string `json:"name"`
		FileType string `json:"filetype"`
		Size     int64  `json:"size"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Files.Begin(r.Context(), r.UserID(), in.Name, in.FileType, in.Size)
}

// bindUpload reads which upload a request is about.
func bindUpload(r *request) (string, error) {
	var in struct {
		Upload string `json:"upload"`
	}
	err := r.Bind(&in)
	return in.Upload, err
}

// uploadState tells where an upload goes on.
func (s *Server) uploadState(_ http.ResponseWriter, r *request) (any, error) {
	key, err := bindUpload(r)
	if err != nil {
		return nil, err
	}
	return s.Files.State(r.Context(), r.UserID(), key)
}

// cancelUpload gives an upload up.
func (s *Server) cancelUpload(_ http.ResponseWriter, r *request) (any, error) {
	key, err := bindUpload(r)
	if err != nil {
		return nil, err
	}
	return nil, s.Files.Cancel(r.Context(), r.UserID(), key)
}

// finishUpload makes the file and answers as /attach/upload does.
func (s *Server) finishUpload(w http.ResponseWriter, r *request) (any, error) {
	key, err := bindUpload(r)
	if err != nil {
		return nil, err
	}
	// The body is read: what is left of its time must not end the request while the store takes the file.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(transferTime))
	url, attach, err := s.Files.Finish(r.Context(), r.UserID(), key)
	if err != nil {
		return nil, err
	}
	return answer{"data": url, "attach": attach}, nil
}

// uploadPart takes a part in, as it arrives.
func (s *Server) uploadPart(w http.ResponseWriter, r *request) (result any, err error) {
	defer func() {
		if err != nil { // answer at once, instead of reading the rest first
			w.Header().Set("Connection", "close")
		}
	}()
	r.Body = &pacedBody{ReadCloser: http.MaxBytesReader(w, r.Body, service.PartSize+formOverhead), start: time.Now(), now: time.Now}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, &model.Error{Code: model.CodeUnsupportedMedia, Key: "form", Err: err}
	}
	fields := map[string]string{}
	for range maxParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, model.Invalid("file")
		}
		if err != nil {
			return nil, uploadError(err)
		}
		name := part.FormName()
		if name == "file" {
			offset, err := strconv.ParseInt(fields["offset"], 10, 64)
			if err != nil || offset < 0 {
				return nil, model.Invalid("offset")
			}
			return s.Files.Part(r.Context(), r.UserID(), fields["upload"], offset, uploadReader{part})
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFieldSize+1))
		if err != nil {
			return nil, uploadError(err)
		}
		if len(value) > maxFieldSize {
			return nil, model.Invalid("form")
		}
		fields[name] = string(value)
		if name == "userid" || name == "ownerid" {
			if err := r.own(map[string]field{name: {texts: []string{string(value)}}}); err != nil {
				return nil, err
			}
		}
	}
	return nil, model.Invalid("form")
}
