package selfca_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/util/selfca"
)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func open(t *testing.T, folder string, now func() time.Time, names ...string) *selfca.CA {
	t.Helper()
	ca, err := selfca.Open(folder, names, now)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// served is a connection that was accepted at an address.
type served struct {
	net.Conn
	at string
}

func (s served) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(s.at), Port: 443} }

func leaf(t *testing.T, ca *selfca.CA, address string) *tls.Certificate {
	t.Helper()
	cert, err := ca.GetCertificate(&tls.ClientHelloInfo{Conn: served{at: address}})
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func trusted(t *testing.T, ca *selfca.CA, cert *tls.Certificate, name string, now time.Time) error {
	t.Helper()
	root, err := x509.ParseCertificate(ca.DER())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	_, err = cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: name, CurrentTime: now})
	return err
}

// What was installed on a phone vouches for the server at every address of it
// on the LAN, by its names, and after a restart.
func TestLeafIsTrusted(t *testing.T) {
	now := time.Now()
	folder := t.TempDir()
	ca := open(t, folder, at(now), "schoolbox", "chat.school.lan")
	cert := leaf(t, ca, "192.168.1.5")
	for _, name := range []string{"192.168.1.5", "localhost", "schoolbox", "chat.school.lan"} {
		if err := trusted(t, ca, cert, name, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := trusted(t, ca, cert, "10.0.0.7", now); err == nil {
		t.Error("good for an address that it was not reached at")
	}
	if cert = leaf(t, ca, "10.0.0.7"); trusted(t, ca, cert, "10.0.0.7", now) != nil || trusted(t, ca, cert, "192.168.1.5", now) != nil {
		t.Error("not good for both addresses")
	}
	again := open(t, folder, at(now), "schoolbox", "chat.school.lan")
	if again.Fingerprint() != ca.Fingerprint() {
		t.Error("a restart made another authority")
	}
	if err := trusted(t, ca, leaf(t, again, "10.0.0.7"), "10.0.0.7", now); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

// Stolen, the key is of no use against the rest of the web.
func TestAuthorityIsConfined(t *testing.T) {
	now := time.Now()
	ca := open(t, t.TempDir(), at(now))
	root, err := x509.ParseCertificate(ca.DER())
	if err != nil {
		t.Fatal(err)
	}
	if !root.PermittedDNSDomainsCritical || len(root.PermittedDNSDomains) == 0 || len(root.PermittedIPRanges) == 0 || !root.MaxPathLenZero {
		t.Errorf("the authority may sign for anybody: %+v", root)
	}
	if cert := leaf(t, ca, "8.8.8.8"); len(cert.Leaf.IPAddresses) != 0 {
		t.Errorf("signed for a public address: %v", cert.Leaf.IPAddresses)
	}
	for _, name := range []string{"example.com", "a b", "", "*.lan", "x/y.lan"} {
		if _, err := selfca.Open(t.TempDir(), []string{name}, at(now)); err == nil || !strings.Contains(err.Error(), "local name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLeafIsRenewed(t *testing.T) {
	now := time.Now()
	clock := now
	ca := open(t, t.TempDir(), func() time.Time { return clock })
	first := leaf(t, ca, "192.168.1.5")
	if leaf(t, ca, "192.168.1.5") != first {
		t.Error("made anew without need")
	}
	if life := first.Leaf.NotAfter.Sub(first.Leaf.NotBefore); life > 825*24*time.Hour {
		t.Errorf("lives for %v, which Apple refuses", life)
	}
	clock = now.Add(70 * 24 * time.Hour)
	second := leaf(t, ca, "192.168.1.5")
	if second == first || trusted(t, ca, second, "192.168.1.5", clock.Add(60*24*time.Hour)) != nil {
		t.Error("not renewed in time")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	now := time.Now()
	folder := t.TempDir()
	open(t, folder, at(now))
	info, err := os.Stat(filepath.Join(folder, "ca.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key may be read by others: %v %v", info.Mode(), err)
	}
	if _, err := selfca.Open(folder, nil, at(now.AddDate(11, 0, 0))); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an old authority: %v", err)
	}
	if _, err := selfca.Open(folder, []string{"otherbox"}, at(now)); err == nil || !strings.Contains(err.Error(), "otherbox") {
		t.Errorf("a name that it may not sign for: %v", err)
	}
	if err := os.Rename(filepath.Join(folder, "ca.key"), filepath.Join(folder, "away")); err != nil {
		t.Fatal(err)
	}
	if _, err := selfca.Open(folder, nil, at(now)); err == nil || !strings.Contains(err.Error(), "ca.key") {
		t.Errorf("an authority without its key: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := selfca.Open(folder, nil, at(now)); err == nil {
		t.Error("a broken file passes")
	}
}
