package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"hongyan/service/blob/osstest"
)

func newKey() string { return strings.ToLower(rand.Text()) }

func rightKeys() Keys { return Keys{osstest.KeyID, osstest.KeySecret} }

// stores runs fn on each kind of store; count tells how many files it holds.
func stores(t *testing.T, fn func(t *testing.T, s Store, count func() int)) {
	t.Helper()
	t.Run("local", func(t *testing.T) {
		l, dir := openLocal(t)
		fn(t, l, func() int { return len(files(t, dir)) })
	})
	t.Run("oss", func(t *testing.T) {
		fake := osstest.Start(t)
		s, err := Open(fake.Source(), rightKeys(), false)
		if err != nil {
			t.Fatal(err)
		}
		fn(t, s, func() int { return len(fake.Objects()) })
		for _, why := range fake.Refused() {
			if strings.HasPrefix(why, "SignatureDoesNotMatch") {
				t.Error(why)
			}
		}
	})
}

func TestPutOpenDelete(t *testing.T) {
	stores(t, func(t *testing.T, s Store, count func() int) {
		ctx := context.Background()
		if err := s.Check(ctx); err != nil {
			t.Fatal(err)
		}
		body := bytes.Repeat([]byte("0123456789"), 30_000)
		key := newKey()
		size, err := s.Put(ctx, key, bytes.NewReader(body))
		if err != nil || size != int64(len(body)) {
			t.Fatalf("stored %d, %v", size, err)
		}
		f, err := s.Open(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		for _, at := range []int64{123_456, 0, 7, int64(len(body)) - 3} {
			if _, err := f.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			piece := make([]byte, min(10, len(body)-int(at)))
			if _, err := io.ReadFull(f, piece); err != nil || !bytes.Equal(piece, body[at:at+int64(len(piece))]) {
				t.Fatalf("at %d: %q, %v", at, piece, err)
			}
		}
		if end, err := f.Seek(0, io.SeekEnd); err != nil || end != int64(len(body)) {
			t.Fatalf("the end is at %d, %v", end, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, key, strings.NewReader("another")); err == nil {
			t.Error("a file was overwritten")
		}
		for range 2 {
			if err := s.Delete(ctx, key); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Open(ctx, key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("opening what is gone: %v", err)
		}
		if n := count(); n != 0 {
			t.Errorf("%d files are left", n)
		}
	})
}

var errReader = errors.New("the sender has gone")

// brokenReader gives n bytes and then fails.
type brokenReader struct{ n int }

func (b *brokenReader) Read(p []byte) (int, error) {
	if b.n <= 0 {
		return 0, errReader
	}
	n := min(len(p), b.n)
	b.n -= n
	return n, nil
}

func TestFailedPutLeavesNothing(t *testing.T) {
	stores(t, func(t *testing.T, s Store, count func() int) {
		for _, n := range []int{0, 1, 100_000, 3_000_000} {
			if _, err := s.Put(context.Background(), newKey(), &brokenReader{n}); !errors.Is(err, errReader) {
				t.Errorf("after %d bytes: %v", n, err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Put(ctx, newKey(), strings.NewReader("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if n := count(); n != 0 {
			t.Errorf("%d files are left", n)
		}
	})
}

func TestKeysThatMeanSomethingElse(t *testing.T) {
	stores(t, func(t *testing.T, s Store, count func() int) {
		ctx := context.Background()
		for _, key := range []string{
			"", ".", "..", "../../etc/passwd", "a/b", `a\b`, "tmp", "short", strings.Repeat("a", 65), "abcdefghijklmnop\x00",
			"ABCDEFGHIJKLMNOP", "abcdefghijklmnop/..", "abcdefghijklmno%2f", "abcdefghijklmnop\n", "鸿雁鸿雁鸿雁鸿雁鸿雁鸿雁",
		} {
			if _, err := s.Put(ctx, key, strings.NewReader("x")); err == nil {
				t.Errorf("stored under %q", key)
			}
			if _, err := s.Open(ctx, key); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("opening %q: %v", key, err)
			}
			if err := s.Delete(ctx, key); err == nil {
				t.Errorf("deleted %q", key)
			}
		}
		if n := count(); n != 0 {
			t.Errorf("%d files are there", n)
		}
	})
}

// zeros gives zeros without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestPutHoldsNoFileInMemory counts what storing 30 MB on disk allocates.
func TestPutHoldsNoFileInMemory(t *testing.T) {
	l, _ := openLocal(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := l.Put(context.Background(), newKey(), io.LimitReader(zeros{}, 30<<20)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("storing 30 MB allocates %d bytes", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"", "want local:DIR or oss://"},
		{"local:", "no directory"},
		{"s3://bucket", "want local:DIR or oss://"},
		{"oss://", "want oss://bucket"},
		{"oss://b?endpoint=oss-cn-hangzhou.aliyuncs.com", "HONGYAN_OSS_KEY_ID"},
		{"oss://b?region=cn-hangzhou", "endpoint"},
		{"oss://b?endpoint=example.com", "region"},
		{"oss://b?endpoint=http://h/path&region=x", "endpoint"},
		{"oss://id:HIDDEN@b?endpoint=oss-cn-hangzhou.aliyuncs.com", "keys do not belong"},
		{"oss://b?endpoint=oss-cn-hangzhou.aliyuncs.com&secret=HIDDEN", "unknown option"},
		{"HIDDEN:x", "want local:DIR"},
	} {
		_, err := Open(c.source, Keys{}, false)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.source, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "HIDDEN") && !strings.HasPrefix(c.source, "HIDDEN") {
			t.Errorf("%q: the fault repeats a secret: %v", c.source, err)
		}
	}
}
