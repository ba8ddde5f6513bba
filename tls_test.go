package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// browse is a browser that trusts a certificate, or none but the system's, and
// is led nowhere by itself.
func browse(t *testing.T, trust []byte) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if trust != nil && !pool.AppendCertsFromPEM(trust) {
		t.Fatalf("no certificate: %q", trust)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func ask(t *testing.T, c *http.Client, method, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	res, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// A phone on the LAN types the address, is led to the certificate, installs it,
// and from then on everything works under HTTPS, sockets and a restart included.
func TestOwnAuthority(t *testing.T) {
	n := start(t, "-tls-self", "on")
	if !strings.Contains(n.stdout.String(), "https://") || !strings.Contains(n.stdout.String(), "SHA-256") {
		t.Errorf("the start says nothing of it:\n%s", n.stdout)
	}
	stranger := browse(t, nil)
	res, _ := ask(t, stranger, http.MethodGet, n.public+"/c/10-5")
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/trust.shtml?next=%2Fc%2F10-5" {
		t.Fatalf("led to %q with %d", res.Header.Get("Location"), res.StatusCode)
	}
	if _, page := ask(t, stranger, http.MethodGet, n.public+res.Header.Get("Location")); !strings.Contains(page, "/ca.crt") ||
		!strings.Contains(page, `href="`+strings.Replace(n.public, "http:", "https:", 1)+`/c/10-5"`) {
		t.Error(page)
	}
	if res, _ := ask(t, stranger, http.MethodPost, n.public+"/user/login"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a password without TLS: %d", res.StatusCode)
	}
	secure := strings.Replace(n.public, "http://", "https://", 1)
	if _, err := stranger.Get(secure + "/user/login.shtml"); err == nil {
		t.Error("trusted before it was installed")
	}
	res, der := ask(t, stranger, http.MethodGet, n.public+"/ca.crt")
	if cert, err := x509.ParseCertificate([]byte(der)); err != nil || !cert.IsCA || res.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("%v, %s", err, res.Header)
	}
	_, installed := ask(t, stranger, http.MethodGet, n.public+"/ca.crt?pem")
	phone := browse(t, []byte(installed))
	res, page := ask(t, phone, http.MethodGet, secure+"/user/login.shtml")
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 || !strings.Contains(page, "passwd") {
		t.Errorf("%s %d", res.Proto, res.StatusCode)
	}
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: phone.Transport.(*http.Transport).TLSClientConfig.RootCAs}, HandshakeTimeout: 5 * time.Second} //nolint:forcetypeassert // browse's is one
	_, res, err := dialer.DialContext(t.Context(), strings.Replace(secure, "https", "wss", 1)+"/chat", nil)
	if res != nil {
		_ = res.Body.Close()
	}
	if err == nil || res == nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a socket without a session: %v, %v", err, res)
	}
	if err := n.end(); err != nil {
		t.Error(err)
	}
}

// A certificate of the operator's own: plain HTTP leads to HTTPS, and there is
// no page about an authority.
func TestGivenCertificate(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	trust, _ := certify(t, cert, key, "127.0.0.1")
	n := start(t, "-tls-cert", cert, "-tls-key", key)
	phone := browse(t, trust)
	res, _ := ask(t, phone, http.MethodGet, n.public+"/c/10-5?x=1")
	secure := strings.Replace(n.public, "http://", "https://", 1)
	if want := secure + "/c/10-5?x=1"; res.StatusCode != http.StatusTemporaryRedirect || res.Header.Get("Location") != want {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
	for path, want := range map[string]int{"/user/login.shtml": 200, "/trust.shtml": 404, "/ca.crt": 404} {
		if res, _ := ask(t, phone, http.MethodGet, secure+path); res.StatusCode != want {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// Names that are the operator's get a certificate, others get none: nobody can
// have this server ask for certificates of any name they like.
func TestPublicAuthority(t *testing.T) {
	folder := t.TempDir()
	kept := filepath.Join(folder, "kept")
	trust, both := certify(t, filepath.Join(folder, "c"), filepath.Join(folder, "k"), "chat.example.test")
	if err := os.MkdirAll(filepath.Join(kept, "acme"), 0o700); err != nil {
		t.Fatal(err)
	}
	// What an earlier run got and kept is served without asking anybody.
	if err := os.WriteFile(filepath.Join(kept, "acme", "chat.example.test"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, "-data", kept, "-acme-hosts", "chat.example.test", "-acme-directory", "https://127.0.0.1:9/none")
	address := strings.TrimPrefix(n.public, "http://")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trust)
	hello := func(name string) error {
		conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: name}}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	if err := hello("chat.example.test"); err != nil {
		t.Errorf("its own name: %v", err)
	}
	if err := hello("other.example.test"); err == nil {
		t.Error("a certificate for a stranger's name")
	}
	res, _ := ask(t, browse(t, nil), http.MethodGet, n.public+"/.well-known/acme-challenge/none")
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a challenge for a name that is not its own: %d", res.StatusCode)
	}
}

// certify writes a certificate for a name or address and gives it in PEM, alone
// and with its key before it.
func certify(t *testing.T, certPath, keyPath, name string) (cert, both []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(60 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	for path, data := range map[string][]byte{certPath: cert, keyPath: private} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, append(private, cert...)
}
