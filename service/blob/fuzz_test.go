package blob

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzKey: a key that passes is one name below its folder, on every system.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"abcdefghijklmnop", "abcdefghijklmnop_s", "../../../../etc/passwd", "abcdefghijklmno/", "con.............a", "ABCDEFGHIJKLMNOP", "abcdefghijklmnop\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if checkKey(key) != nil {
			return
		}
		path := filepath.Join("root", key[:2], key)
		if !filepath.IsLocal(key) || filepath.Base(path) != key || filepath.Dir(path) != filepath.Join("root", key[:2]) || strings.ContainsAny(key, "./\\:\x00\n ") {
			t.Fatalf("%q is a key", key)
		}
	})
}

// FuzzOSS: an address is a bucket or a fault, and a fault repeats no secret.
func FuzzOSS(f *testing.F) {
	f.Add("oss://bucket?endpoint=oss-cn-hangzhou.aliyuncs.com")
	f.Add("oss://b?endpoint=https://h:1&region=r&public=p&pathstyle=true")
	f.Add("oss://key:value@b?endpoint=%zz&x=y")
	f.Fuzz(func(t *testing.T, source string) {
		const secret = "a-secret-that-nobody-types"
		c, err := ParseOSS(source, Keys{ID: "id", Secret: secret})
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("says %v", err)
			}
			return
		}
		if c.Bucket == "" || originOf(c.Endpoint) != c.Endpoint || c.Endpoint == "" || strings.Contains(c.String(), secret) {
			t.Errorf("%q is taken as %v", source, c)
		}
	})
}
