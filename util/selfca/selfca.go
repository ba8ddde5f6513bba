// Package selfca is a certificate authority for one server on a LAN: it lets
// browsers there trust a server that no public authority can vouch for. Its key
// may sign for private addresses and local names alone, so that who installs it
// trusts this server at home and nothing else anywhere. It imports nothing of
// ours.
package selfca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lives of the certificates. Apple refuses leaves of more than 825 days even
// from an authority that the owner installed (support.apple.com/HT210176); a
// short one is renewed by the running server.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	renewBefore   = 30 * 24 * time.Hour
	backdated     = 24 * time.Hour // phones' clocks differ
	maxAddresses  = 64             // of one leaf
)

// CA is a certificate authority and the leaf that it last made. It may be used
// by several goroutines.
type CA struct {
	cert  *x509.Certificate
	key   crypto.Signer
	names []string
	now   func() time.Time

	mu        sync.Mutex // guards the following
	leaf      *tls.Certificate
	addresses []net.IP
}

// Open takes up the authority kept in a folder, or makes it (ca.pem, and
// ca.key that only the owner may read). Its leaves are for names, for
// "localhost" and for the addresses that they are asked at. A name that is not
// local (a public domain) is an error: there, a public authority can vouch.
func Open(folder string, names []string, now func() time.Time) (*CA, error) {
	for _, name := range names {
		if !local(name) {
			return nil, fmt.Errorf("%q is no local name: one word, or one that ends in %s", name, strings.Join(suffixes(), ", "))
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	c := &CA{now: now, names: append([]string{"localhost"}, names...)}
	err := c.load(folder)
	if errors.Is(err, os.ErrNotExist) {
		err = c.make(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("own certificate authority in %s: %w", folder, err)
	}
	return c, nil
}

// suffixes are the ends of names that no public authority gives.
func suffixes() []string {
	return []string{".localhost", ".local", ".lan", ".home.arpa", ".internal", ".home", ".intranet"}
}

func local(name string) bool {
	if name == "" || len(name) > 253 || strings.ContainsAny(name, " /:*") {
		return false
	}
	return !strings.Contains(name, ".") || slices.ContainsFunc(suffixes(), func(s string) bool { return strings.HasSuffix(name, s) })
}

func (c *CA) load(folder string) error {
	certPEM, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		return err
	}
	keyPEM, err := os.ReadFile(filepath.Join(folder, "ca.key"))
	if errors.Is(err, os.ErrNotExist) {
		// Phones may trust ca.pem: another in its place would be refused by them all.
		return errors.New("ca.pem is there and ca.key is not: bring it back, or remove ca.pem and install the new one")
	}
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return err
	}
	c.cert, c.key = pair.Leaf, pair.PrivateKey.(crypto.Signer) //nolint:forcetypeassert // what X509KeyPair takes, signs
	if c.now().After(c.cert.NotAfter) {
		return fmt.Errorf("expired on %s: remove ca.pem and ca.key, start again and install the new one", c.cert.NotAfter.Format(time.DateOnly))
	}
	for _, name := range c.names {
		if !c.covers(name) {
			return fmt.Errorf("may not sign for %q: remove ca.pem and ca.key, start again and install the new one", name)
		}
	}
	return nil
}

func (c *CA) covers(name string) bool {
	return slices.ContainsFunc(c.cert.PermittedDNSDomains, func(domain string) bool {
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}

// make creates the authority. Its files appear whole or not at all, the key first.
func (c *CA) make(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // the name is for people: none is fine
	template := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"Hongyan"}, CommonName: strings.TrimSpace("Hongyan " + host)},
		NotBefore: c.now().Add(-backdated), NotAfter: c.now().Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedIPRanges: privateRanges(),
	}
	for _, name := range c.names {
		if !strings.Contains(name, ".") {
			template.PermittedDNSDomains = append(template.PermittedDNSDomains, name)
		}
	}
	for _, suffix := range suffixes() {
		template.PermittedDNSDomains = append(template.PermittedDNSDomains, suffix[1:])
	}
	der, err := sign(template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if c.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	c.key = key
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, "ca.key"), "PRIVATE KEY", secret, 0o600); err != nil {
		return err
	}
	return write(filepath.Join(folder, "ca.pem"), "CERTIFICATE", der, 0o644)
}

// privateRanges are the addresses that a LAN and this machine use (RFC 1918,
// 4193, 6598, 3927, 4291).
func privateRanges() []*net.IPNet {
	var all []*net.IPNet
	for _, text := range []string{
		"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10",
	} {
		if _, network, err := net.ParseCIDR(text); err == nil {
			all = append(all, network)
		}
	}
	return all
}

func write(path, kind string, der []byte, mode os.FileMode) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	return x509.CreateCertificate(rand.Reader, template, parent, public, key)
}

// DER is the authority's certificate, to be installed where it is to be trusted.
func (c *CA) DER() []byte { return slices.Clone(c.cert.Raw) }

// Fingerprint is the SHA-256 of the authority's certificate as people compare
// it: pairs of capital hexadecimal digits with colons.
func (c *CA) Fingerprint() string {
	sum := sha256.Sum256(c.cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// GetCertificate gives the leaf for a handshake, for tls.Config. It is good for
// the address that the client has reached, whatever name it asked for.
func (c *CA) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	var at net.IP
	if hello.Conn != nil {
		if address, ok := hello.Conn.LocalAddr().(*net.TCPAddr); ok && c.mayHold(address.IP) {
			at = address.IP
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := at == nil || slices.ContainsFunc(c.addresses, at.Equal) || len(c.addresses) >= maxAddresses
	if known && c.leaf != nil && c.now().Before(c.leaf.Leaf.NotAfter.Add(-renewBefore)) {
		return c.leaf, nil
	}
	if !known {
		c.addresses = append(c.addresses, at)
		slices.SortFunc(c.addresses, func(a, b net.IP) int { return bytes.Compare(a.To16(), b.To16()) })
	}
	leaf, err := c.issue()
	if err != nil {
		return nil, err
	}
	c.leaf = leaf
	return leaf, nil
}

func (c *CA) mayHold(ip net.IP) bool {
	return slices.ContainsFunc(c.cert.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(ip) })
}

// issue makes a leaf, for who holds mu.
func (c *CA) issue() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	until := c.now().Add(leafLife)
	if until.After(c.cert.NotAfter) {
		until = c.cert.NotAfter
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{"Hongyan"}, CommonName: c.names[len(c.names)-1]},
		NotBefore: c.now().Add(-backdated), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: c.names, IPAddresses: c.addresses,
	}
	der, err := sign(template, c.cert, key.Public(), c.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, c.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
