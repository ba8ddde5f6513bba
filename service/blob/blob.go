// Package blob keeps the bytes of uploaded files under names that the server
// has made: on the local disk, or in a bucket of Aliyun OSS. It knows nothing
// of users and types and may not import service, model or db. What goes wrong
// is told in the standard library's terms: an absent file is fs.ErrNotExist, a
// fault of the reader given to Put is returned as it is.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// Store is what every store here does.
type Store interface {
	// Put stores all that r gives under a new key, durably, and gives its
	// length; on any failure nothing is stored.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open opens a stored file for reading from anywhere in it.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	// Delete removes a file; one that is not there is none the less removed.
	Delete(ctx context.Context, key string) error
	// SignGet gives a URL that gives the file to whoever has it, for a few
	// minutes, under the media type and the disposition; "" if the store has no
	// URLs of its own.
	SignGet(ctx context.Context, key, mediaType, disposition string) (string, error)
	// Origin is the scheme and host of what SignGet gives; "" if nothing.
	Origin() string
	// Check tells whether the store can be reached and used.
	Check(ctx context.Context) error
}

var (
	_ Store = (*Local)(nil)
	_ Store = (*OSS)(nil)
)

// Open opens the store that -blob names: local:DIR (also relative to the
// working directory) or oss://bucket?endpoint=…&region=…[&public=…]
// [&pathstyle=true]. The keys are never part of it. A shared directory is one
// that other nodes have too; any other is this process's alone.
func Open(source string, keys Keys, shared bool) (Store, error) {
	if dir, ok := strings.CutPrefix(source, "local:"); ok {
		if dir == "" {
			return nil, errors.New("blob local: no directory given")
		}
		if shared {
			return NewShared(filepath.Clean(dir))
		}
		return NewLocal(filepath.Clean(dir))
	}
	if strings.HasPrefix(source, "oss:") {
		config, err := ParseOSS(source, keys)
		if err != nil {
			return nil, err
		}
		return NewOSS(config)
	}
	// Never the source itself: someone may have put a key into it.
	scheme, _, _ := strings.Cut(source, ":")
	return nil, fmt.Errorf("blob %q: want local:DIR or oss://bucket?endpoint=…&region=…", scheme)
}

// validKey is what a key looks like: nothing in it means anything to a file
// system or a URL.
var validKey = regexp.MustCompile(`^[a-z0-9]{16,64}(_[a-z]{1,8})?$`)

func checkKey(key string) error {
	if !validKey.MatchString(key) {
		return fmt.Errorf("blob: %.80q is no key", key)
	}
	return nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads unless the context is done.
func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// originOf gives the scheme and host of a URL.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
