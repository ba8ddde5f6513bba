// Package osstest is a bucket of Aliyun OSS on the loopback, for tests: it
// checks the V4 signature of every request by its own computation from the
// published description, keeps objects in memory, serves ranges and refuses
// what OSS refuses.
package osstest

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the bucket is called and who may use it.
const (
	Bucket    = "hongyan-test"
	Region    = "cn-hangzhou"
	KeyID     = "LTAI-test-id"
	KeySecret = "test-secret-of-the-bucket"
)

// Object is a stored object with the headers that it was stored with.
type Object struct {
	Body        []byte
	ACL         string
	ContentType string
	Disposition string
	Chunked     bool // it came without a length
}

// Server is the bucket.
type Server struct {
	URL string

	mu       sync.Mutex // guards what follows
	objects  map[string]Object
	refused  []string
	requests int
	failing  int
}

// Start starts a bucket that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{objects: map[string]Object{}}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.URL = web.URL
	return s
}

// Source is the address of the bucket, as -blob takes it.
func (s *Server) Source() string {
	return "oss://" + Bucket + "?endpoint=" + url.QueryEscape(s.URL) + "&region=" + Region
}

// Objects gives what is stored.
func (s *Server) Objects() map[string]Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]Object, len(s.objects))
	for key, object := range s.objects {
		all[key] = object
	}
	return all
}

// Refused tells why requests were refused.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refused...)
}

// Fail makes every further request fail with a status; 0 ends that.
func (s *Server) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = status
}

// ServeHTTP checks and answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	w.Header().Set("x-oss-request-id", fmt.Sprintf("request-%d", s.requests))
	failing := s.failing
	s.mu.Unlock()
	if failing != 0 {
		s.refuse(w, r, failing, "InternalError")
		return
	}
	if err := verify(r, time.Now()); err != nil {
		s.refuse(w, r, http.StatusForbidden, "SignatureDoesNotMatch: "+err.Error())
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != Bucket {
		s.refuse(w, r, http.StatusNotFound, "NoSuchBucket")
		return
	}
	switch r.Method {
	case http.MethodPut:
		s.put(w, r, key)
	case http.MethodGet, http.MethodHead:
		s.get(w, r, key)
	case http.MethodDelete:
		s.mu.Lock()
		delete(s.objects, key)
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		s.refuse(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, key string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, "RequestTimeout")
		return
	}
	s.mu.Lock()
	_, exists := s.objects[key]
	s.mu.Unlock()
	if exists && r.Header.Get("x-oss-forbid-overwrite") == "true" {
		s.refuse(w, r, http.StatusConflict, "FileAlreadyExists")
		return
	}
	s.mu.Lock()
	s.objects[key] = Object{
		Body: body, ACL: r.Header.Get("x-oss-object-acl"), ContentType: r.Header.Get("Content-Type"),
		Disposition: r.Header.Get("Content-Disposition"), Chunked: r.ContentLength < 0,
	}
	s.mu.Unlock()
	sum := crc64.Checksum(body, crc64.MakeTable(crc64.ECMA))
	w.Header().Set("x-oss-hash-crc64ecma", strconv.FormatUint(sum, 10))
}

func (s *Server) get(w http.ResponseWriter, r *http.Request, key string) {
	s.mu.Lock()
	object, ok := s.objects[key]
	s.mu.Unlock()
	if !ok {
		s.refuse(w, r, http.StatusNotFound, "NoSuchKey")
		return
	}
	header := w.Header()
	header.Set("Content-Type", object.ContentType)
	header.Set("Content-Disposition", object.Disposition)
	for name, values := range r.URL.Query() {
		if as, ok := strings.CutPrefix(name, "response-"); ok {
			header.Set(as, values[0])
		}
	}
	tag := md5.Sum(object.Body)
	header.Set("ETag", `"`+strings.ToUpper(hex.EncodeToString(tag[:]))+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(object.Body))
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.mu.Lock()
	s.refused = append(s.refused, why)
	s.mu.Unlock()
	code, _, _ := strings.Cut(why, ":")
	body := fmt.Sprintf("<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	if r.Method == http.MethodHead {
		w.Header().Set("x-oss-err", base64.StdEncoding.EncodeToString([]byte(body)))
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
