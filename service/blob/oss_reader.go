package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// Open opens a file for reading from anywhere in it: each place that is sought
// and read from is one request with a range.
func (o *OSS) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if checkKey(key) != nil {
		return nil, fs.ErrNotExist
	}
	header, err := o.bucket.GetObjectMeta(key, oss.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("blob oss: %w", absent(err))
	}
	size, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("blob oss: its length: %w", err)
	}
	return &ossReader{ctx: ctx, bucket: o.bucket, key: key, size: size}, nil
}

// ossReader reads an object from a place on until another is sought.
type ossReader struct {
	ctx    context.Context // of the request that reads; it ends with it
	bucket *oss.Bucket
	key    string
	size   int64
	at     int64
	body   io.ReadCloser // at at, or nil
}

// Read reads on, asking OSS if nothing is open.
func (r *ossReader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.body == nil {
		body, err := r.bucket.GetObject(r.key, oss.Range(r.at, r.size-1), oss.WithContext(r.ctx))
		if err != nil {
			return 0, fmt.Errorf("blob oss: %w", absent(err))
		}
		r.body = body
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	if err == io.EOF && r.at < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Seek moves; nothing is asked before the next Read.
func (r *ossReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("blob oss: a place before the start")
	}
	if offset == r.at {
		return offset, nil
	}
	err := r.Close()
	r.at = offset
	return offset, err
}

// Close ends what is open.
func (r *ossReader) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}
