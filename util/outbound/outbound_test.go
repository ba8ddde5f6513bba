package outbound_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"hongyan/util/outbound"
)

func TestPublic(t *testing.T) {
	for _, inside := range []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.1.1",
		"192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
		"::ffff:10.0.0.1", "64:ff9b::a00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2002:7f00:1::", "2001:0:1::", "2001:db8::1", "::127.0.0.1",
	} {
		if outbound.Public(netip.MustParseAddr(inside)) {
			t.Errorf("%s is public", inside)
		}
	}
	for _, outside := range []string{"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:4700::1111", "2400:3200::1", "::ffff:8.8.8.8"} {
		if !outbound.Public(netip.MustParseAddr(outside)) {
			t.Errorf("%s is not public", outside)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, bad := range []string{
		"", "x", "//a.com", "http://a.com/", "ftp://a.com", "file:///etc/passwd", "javascript:x", "https://", "https://u:p@a.com", "https://127.0.0.1/x",
		"https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://localhost:8081/", "https://LOCALHOST./", "https://a.localhost/", "https:a.com", "https://a.com:x/",
	} {
		if _, err := outbound.Check(bad, outbound.Options{}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
	for _, fine := range []string{"https://a.com", "https://a.com:8443/x?y=z", "https://1.1.1.1/", "https://例子.测试/"} {
		if _, err := outbound.Check(fine, outbound.Options{}); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
	if _, err := outbound.Check("http://192.168.1.2:8000/x", outbound.Options{Private: true}); err != nil {
		t.Error(err)
	}
}

// A name may say anything to Check and lead inside all the same.
func TestTheClientDialsNothingInside(t *testing.T) {
	reached := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	for _, address := range []string{s.URL, "https://localhost:1/", "https://2130706433/", "https://127.1/"} {
		_, err := outbound.Client(outbound.Options{Roots: roots}).Get(address)
		if err == nil || reached {
			t.Fatalf("%s was reached", address)
		}
		if reason := outbound.Reason(err); reason != "refused" && reason != "name" {
			t.Errorf("%s: %s (%v)", address, reason, err)
		}
	}
	if _, err := outbound.Client(outbound.Options{Roots: roots}).Get(s.URL); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("%v", err)
	}
	r, err := outbound.Client(outbound.Options{Roots: roots, Private: true}).Get(s.URL)
	if err != nil || !reached {
		t.Fatal("a private address is not reached where that is allowed", err)
	}
	_ = r.Body.Close()
}

func TestNoRedirectIsFollowed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Error("followed")
		}
		http.Redirect(w, r, "/inside", http.StatusFound)
	}))
	defer s.Close()
	r, err := outbound.Client(outbound.Options{Private: true}).Get(s.URL)
	if err != nil || r.StatusCode != http.StatusFound {
		t.Fatal(r, err)
	}
	_ = r.Body.Close()
}
