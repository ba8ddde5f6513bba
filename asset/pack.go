package asset

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// file is an asset as it is served. It is compressed when it is first asked for:
// Brotli at its best takes a tenth of a second for a large module, which a start
// of the program need not wait for.
type file struct {
	kind   string
	plain  []byte
	packed []packing // the smallest first
}

// packing is a way of compressing a file; data is nil where it gains nothing.
type packing struct {
	name string // as Accept-Encoding has it
	data func() []byte
}

func prepare(name string, data []byte) (file, error) {
	f := file{kind: kind(name), plain: data}
	if f.kind == "" {
		return f, fmt.Errorf("no content type for %q", path.Ext(name))
	}
	for _, way := range []struct {
		name string
		open func(io.Writer) io.WriteCloser
	}{
		{"br", func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, brotli.BestCompression) }},
		{"gzip", func(w io.Writer) io.WriteCloser {
			z, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // fails for an unknown level alone
			return z
		}},
	} {
		f.packed = append(f.packed, packing{way.name, sync.OnceValue(func() []byte { return pack(data, way.open) })})
	}
	return f, nil
}

func pack(data []byte, open func(io.Writer) io.WriteCloser) []byte {
	var out bytes.Buffer
	w := open(&out)
	_, _ = w.Write(data) // into memory: it cannot fail
	_ = w.Close()
	if out.Len() >= len(data)*9/10 {
		return nil
	}
	return out.Bytes()
}

// pick gives what crosses the wire to who accepts these encodings.
func (f file) pick(accepted string) (encoding string, data []byte) {
	var all []string
	for item := range strings.SplitSeq(strings.ReplaceAll(accepted, " ", ""), ",") {
		if name, weight, _ := strings.Cut(item, ";"); weight != "q=0" {
			all = append(all, name)
		}
	}
	for _, way := range f.packed {
		if slices.Contains(all, way.name) {
			if data := way.data(); data != nil {
				return way.name, data
			}
		}
	}
	return "", f.plain
}

// kind does not ask the machine's MIME table, which differs between systems.
func kind(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".json":
		return "application/json"
	}
	return mime.TypeByExtension(path.Ext(name))
}
