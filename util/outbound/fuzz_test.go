package outbound

import (
	"net/netip"
	"strings"
	"testing"
)

// FuzzCheck: no address that names an inside one literally gets through.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"https://example.com/x", "https://127.0.0.1/", "https://[::ffff:10.0.0.1]:1/", "https://[fe80::1%25eth0]/", "https://localhost./",
		"http://a", "https://user@b/", "https:opaque", "https://[64:ff9b::7f00:1]", "https://0x7f.1/", "https://%6c%6f/", "//x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Check(text, Options{})
		if err != nil {
			return
		}
		if u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			t.Fatalf("%q is taken: %+v", text, u)
		}
		host := strings.TrimSuffix(u.Hostname(), ".")
		if a, err := netip.ParseAddr(host); err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsUnspecified() || !Public(a)) {
			t.Fatalf("%q names %s", text, a)
		}
		if strings.EqualFold(host, "localhost") {
			t.Fatalf("%q is this machine", text)
		}
	})
}
