package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// publicAuthority is an authority that issues certificates as Let's Encrypt does
// (RFC 8555), as far as one server with one name at a time needs it: it sees that
// requests are signed by their account, and asks the server under the name itself
// whether it is there.
type publicAuthority struct {
	t      *testing.T
	proof  string // the one kind of challenge that it offers
	server *httptest.Server
	key    *ecdsa.PrivateKey
	root   *x509.Certificate

	mu      sync.Mutex
	site    string // where the names lead
	account *ecdsa.PublicKey
	name    string // that a certificate is asked for
	proved  bool
	issued  []byte
	asked   int // for certificates
}

func newPublicAuthority(t *testing.T, proof string) *publicAuthority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &publicAuthority{t: t, proof: proof, key: key}
	a.root = a.certificate(template, template, key.Public())
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	pair := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: template.NotBefore, NotAfter: template.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	a.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{a.certificate(pair, a.root, key.Public()).Raw}, PrivateKey: key}}}
	a.server.StartTLS()
	t.Cleanup(a.server.Close)
	return a
}

func (a *publicAuthority) certificate(template, parent *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made
}

func (a *publicAuthority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	say := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	at := func(path string) string { return a.server.URL + path }
	if r.Method != http.MethodPost {
		say(http.StatusOK, map[string]string{"newNonce": at("/nonce"), "newAccount": at("/account"), "newOrder": at("/order"), "revokeCert": at("/revoke"), "keyChange": at("/key")})
		return
	}
	payload, err := a.read(r)
	if err != nil {
		say(http.StatusBadRequest, map[string]string{"type": "urn:ietf:params:acme:error:malformed", "detail": err.Error()})
		return
	}
	status := map[bool]string{false: "pending", true: "valid"}[a.proved]
	challenge := map[string]string{"type": a.proof, "url": at("/challenge"), "token": "the-token", "status": status}
	order := map[string]any{
		"status": map[bool]string{false: "pending", true: "ready"}[a.proved], "authorizations": []string{at("/authorization")}, "finalize": at("/finalize"),
		"identifiers": []map[string]string{{"type": "dns", "value": a.name}},
	}
	switch r.URL.Path {
	case "/account":
		w.Header().Set("Location", at("/account/1"))
		say(http.StatusCreated, map[string]string{"status": "valid"})
	case "/order":
		var in struct{ Identifiers []struct{ Value string } }
		if err := json.Unmarshal(payload, &in); err != nil || len(in.Identifiers) != 1 {
			say(http.StatusBadRequest, map[string]string{"detail": "one name, please"})
			return
		}
		a.name, a.asked, a.proved = in.Identifiers[0].Value, a.asked+1, false
		order["status"] = "pending"
		w.Header().Set("Location", at("/order/1"))
		say(http.StatusCreated, order)
	case "/order/1":
		say(http.StatusOK, order)
	case "/authorization":
		say(http.StatusOK, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": a.name}, "challenges": []any{challenge}})
	case "/challenge":
		if err := a.look(r.Context()); err != nil {
			a.t.Errorf("%s: %v", a.proof, err)
			say(http.StatusForbidden, map[string]string{"type": "urn:ietf:params:acme:error:unauthorized", "detail": err.Error()})
			return
		}
		a.proved = true
		challenge["status"] = "valid"
		say(http.StatusOK, challenge)
	case "/finalize":
		if err := a.issue(payload); err != nil {
			say(http.StatusForbidden, map[string]string{"type": "urn:ietf:params:acme:error:badCSR", "detail": err.Error()})
			return
		}
		order["status"], order["certificate"] = "valid", at("/certificate")
		w.Header().Set("Location", at("/order/1"))
		say(http.StatusOK, order)
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		for _, der := range [][]byte{a.issued, a.root.Raw} {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
	default:
		say(http.StatusNotFound, map[string]string{"detail": r.URL.Path})
	}
}

// read gives what a request says, if the account has signed it for this address.
func (a *publicAuthority) read(r *http.Request) ([]byte, error) {
	var in struct{ Protected, Payload, Signature string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	plain := func(text string) []byte {
		data, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			a.t.Errorf("%q: %v", text, err)
		}
		return data
	}
	var head struct {
		Alg, Nonce, URL string
		JWK             *struct{ X, Y string }
	}
	if err := json.Unmarshal(plain(in.Protected), &head); err != nil {
		return nil, err
	}
	if head.JWK != nil {
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, plain(head.JWK.X)...), plain(head.JWK.Y)...))
		if err != nil {
			return nil, err
		}
		a.account = key
	}
	sum := sha256.Sum256([]byte(in.Protected + "." + in.Payload))
	signature := plain(in.Signature)
	if a.account == nil || head.Alg != "ES256" || head.Nonce == "" || head.URL != a.server.URL+r.URL.Path || len(signature) != 64 ||
		!ecdsa.Verify(a.account, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, fmt.Errorf("not signed: %+v", head)
	}
	return plain(in.Payload), nil
}

// look asks the server under the name whether it knows what only it can know.
func (a *publicAuthority) look(ctx context.Context) error {
	thumb, err := acme.JWKThumbprint(a.account)
	if err != nil {
		return err
	}
	want := "the-token." + thumb
	if a.proof == "http-01" {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.site+"/.well-known/acme-challenge/the-token", nil)
		if err != nil {
			return err
		}
		r.Host = a.name
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		got, err := io.ReadAll(res.Body)
		if err == nil && string(got) != want {
			err = fmt.Errorf("answer %d %q", res.StatusCode, got)
		}
		return err
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{
		ServerName: a.name, NextProtos: []string{"acme-tls/1"}, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // a challenge is answered with a certificate that nobody has signed
	}}).DialContext(ctx, "tcp", a.site)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	state := conn.(*tls.Conn).ConnectionState() //nolint:forcetypeassert // a tls.Dialer gives one
	sum := sha256.Sum256([]byte(want))
	for _, one := range state.PeerCertificates[0].Extensions {
		var got []byte
		if one.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && one.Critical {
			if _, err := asn1.Unmarshal(one.Value, &got); err == nil && string(got) == string(sum[:]) && state.NegotiatedProtocol == "acme-tls/1" {
				return nil
			}
		}
	}
	return fmt.Errorf("a certificate without the proof, by %q", state.NegotiatedProtocol)
}

func (a *publicAuthority) issue(payload []byte) error {
	var in struct{ CSR string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return err
	}
	der, err := base64.RawURLEncoding.DecodeString(in.CSR)
	if err != nil {
		return err
	}
	wanted, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if err := wanted.CheckSignature(); err != nil {
		return err
	}
	if !a.proved || len(wanted.DNSNames) != 1 || wanted.DNSNames[0] != a.name {
		return fmt.Errorf("%v is not %q, or not proved", wanted.DNSNames, a.name)
	}
	a.issued = a.certificate(&x509.Certificate{
		SerialNumber: big.NewInt(3), DNSNames: wanted.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(60 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.root, wanted.PublicKey).Raw
	return nil
}

// A server with a public name gets its certificate from an authority with the
// first that comes, by either of the proofs that its one port can give, and has it
// still when it is started again.
func TestCertificateIsObtained(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system alone says there whom a program trusts")
	}
	for _, proof := range []string{"tls-alpn-01", "http-01"} {
		t.Run(proof, func(t *testing.T) {
			a := newPublicAuthority(t, proof)
			folder := t.TempDir()
			trusted := filepath.Join(folder, "trusted.pem")
			if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SSL_CERT_FILE", trusted) // of the child
			pool := x509.NewCertPool()
			pool.AddCert(a.root)
			client := func(address string) *http.Client {
				transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, "tcp", address)
				}}
				t.Cleanup(transport.CloseIdleConnections)
				return &http.Client{Transport: transport, Timeout: 20 * time.Second}
			}
			for _, run := range []string{"at first", "started again"} {
				c := spawn(t, folder, "sqlite:"+filepath.Join(folder, "h.db"), "-acme-hosts", "chat.example.test", "-acme-directory", a.server.URL)
				address := c.public[strings.LastIndex(c.public, "/")+1:]
				if _, port, err := net.SplitHostPort(address); err == nil {
					address = net.JoinHostPort("127.0.0.1", port) // whatever name it gives itself
				}
				a.mu.Lock()
				a.site = address
				a.mu.Unlock()
				res, page := ask(t, client(address), http.MethodGet, "https://chat.example.test/user/login.shtml")
				if res.StatusCode != http.StatusOK || !strings.Contains(page, "passwd") {
					t.Errorf("%s: %d\n%s", run, res.StatusCode, c.log)
				}
				c.kill()
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.asked != 1 {
				t.Errorf("asked for %d certificates", a.asked)
			}
		})
	}
}
