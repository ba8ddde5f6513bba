package ctrl

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hongyan/model"
)

// Bounds of an upload's form around its file.
const (
	maxParts     = 20
	maxFieldSize = 1 << 10
	formOverhead = 64 << 10
)

// slowestRate and graceTime bound how long an upload may take: a phone on the
// edge of a network sends more a second, one that holds a connection open on
// purpose does not. The edge ends one that stands still.
const (
	slowestRate = 2 << 10 // bytes a second
	graceTime   = 30 * time.Second
)

// uploadFile takes one file in, as it arrives.
func (s *Server) uploadFile(w http.ResponseWriter, r *request) (result any, err error) {
	defer func() {
		if err != nil { // answer at once, instead of reading the rest first
			w.Header().Set("Connection", "close")
		}
	}()
	most := s.Files.Limit() + formOverhead
	if r.ContentLength > most {
		return nil, model.TooLarge("file")
	}
	r.Body = &pacedBody{ReadCloser: http.MaxBytesReader(w, r.Body, most), start: time.Now(), now: time.Now}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, &model.Error{Code: model.CodeUnsupportedMedia, Key: "form", Err: err}
	}
	hint := ""
	for range maxParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, model.Invalid("file")
		}
		if err != nil {
			return nil, uploadError(err)
		}
		if part.FormName() == "file" {
			return s.takeFile(r, part, hint)
		}
		if hint, err = r.uploadField(part, hint); err != nil {
			return nil, err
		}
	}
	return nil, model.Invalid("form")
}

// takeFile stores the part that is the file. What follows it says nothing that
// is needed.
func (s *Server) takeFile(r *request, part *multipart.Part, hint string) (any, error) {
	if hint == "" {
		hint = part.Header.Get("Content-Type")
	}
	url, attach, err := s.Files.Upload(r.Context(), r.UserID(), part.FileName(), hint, uploadReader{part})
	if err != nil {
		return nil, err
	}
	return answer{"data": url, "attach": attach}, nil
}

// uploadField reads a field in front of the file and gives the hint as it is
// known then.
func (r *request) uploadField(part *multipart.Part, hint string) (string, error) {
	name := part.FormName()
	if name != "filetype" && name != "userid" && name != "ownerid" {
		return hint, nil
	}
	value, err := io.ReadAll(io.LimitReader(part, maxFieldSize+1))
	if err != nil {
		return "", uploadError(err)
	}
	if len(value) > maxFieldSize {
		return "", model.Invalid(name)
	}
	if name == "filetype" {
		return string(value), nil
	}
	return hint, r.own(map[string]field{name: {texts: []string{string(value)}}})
}

// uploadReader gives a part of a form, and what went wrong with it as the
// sender is to hear it.
type uploadReader struct{ part *multipart.Part }

// Read reads the part.
func (u uploadReader) Read(p []byte) (int, error) {
	n, err := u.part.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = uploadError(err)
	}
	return n, err
}

// uploadError is what the sender hears of a body that cannot be read on.
func uploadError(err error) error {
	if _, ok := errors.AsType[*model.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return model.TooLarge("file")
	}
	return &model.Error{Code: model.CodeInvalid, Key: "upload", Err: err}
}

// pacedBody ends a body that comes too slowly.
type pacedBody struct {
	io.ReadCloser
	start time.Time
	now   func() time.Time
	read  int64
}

var errTooSlow = errors.New("the upload comes too slowly")

// Read reads on, if enough has come until now.
func (b *pacedBody) Read(p []byte) (int, error) {
	if late := b.now().Sub(b.start) - graceTime; late > 0 && b.read < int64(late.Seconds()*slowestRate) {
		return 0, errTooSlow
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

// fileCache is for ever: a key names one content. Where the answer leads
// elsewhere it lives shorter than what it leads to.
const (
	fileCache     = "private, max-age=31536000, immutable"
	redirectCache = "private, max-age=300"
)

// serveFile gives a file to who is signed in and knows its name. It is shown in
// place only if nothing in it can run, and even then with every right taken.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	call := &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
	session, err := s.authenticate(r)
	if err == nil && session == nil {
		err = model.Fail(model.CodeUnauthenticated)
	}
	if err != nil {
		s.fail(w, call, err)
		return
	}
	f, err := s.Files.Open(r.Context(), r.PathValue("name"))
	if err != nil {
		s.fail(w, call, err)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", f.Disposition)
	h.Set("Cache-Control", fileCache)
	h.Set("ETag", `"`+f.Tag+`"`)
	if f.Content != nil {
		defer func() { _ = f.Content.Close() }()
		http.ServeContent(w, r, "", f.Time, f.Content)
		return
	}
	if r.Method == http.MethodHead { // the URL is signed for GET
		if f.Size > 0 {
			h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
		}
		h.Set("Accept-Ranges", "bytes")
		return
	}
	for _, name := range []string{"Content-Type", "Content-Disposition", "ETag"} {
		h.Del(name)
	}
	h.Set("Cache-Control", redirectCache)
	h.Set("Location", f.URL)
	w.WriteHeader(http.StatusFound)
}

// straight refuses paths that are another spelling of a path, or try to be one:
// the mux would lead a browser on to the cleaned path.
func (s *Server) straight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isCrooked(r.URL.EscapedPath()) || isCrooked(r.URL.Path) {
			s.fail(w, &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}, model.Fail(model.CodeNotFound))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isCrooked(path string) bool {
	return strings.Contains(path, "//") || strings.Contains(path+"/", "/../") || strings.Contains(path+"/", "/./") ||
		strings.ContainsAny(path, "\\\x00")
}
