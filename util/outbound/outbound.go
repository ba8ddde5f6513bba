// Package outbound makes the HTTP client with which the server calls addresses
// that its users chose. It reaches public addresses alone: what a name resolves
// to is judged at the moment of dialling, so that no name, redirect or second
// answer of a name server leads inside. It imports the standard library only.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrRefused is in the chain of an error about an address that is not public.
var ErrRefused = errors.New("not a public address")

// Bounds of one call.
const (
	dialTime   = 5 * time.Second
	headerTime = 10 * time.Second
	callTime   = 12 * time.Second
)

// Options say how far a client may reach.
type Options struct {
	// Private lets it reach any address, and speak plain HTTP.
	Private bool
	// Roots are the certificates to trust; nil for the machine's.
	Roots *x509.CertPool
}

// Client makes a client that follows no redirects, knows no proxy (which would
// resolve names itself) and ends every call in time. It is safe for concurrent use.
func Client(o Options) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime}
	if !o.Private {
		dialer.Control = refusePrivate
	}
	return &http.Client{
		Timeout: callTime,
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
			TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: headerTime,
			MaxIdleConns: 32, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 32 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func refusePrivate(network, address string, _ syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return fmt.Errorf("%s: %w", network, ErrRefused)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil || !Public(to.Addr()) {
		return fmt.Errorf("%s: %w", address, ErrRefused)
	}
	return nil
}

// inside are the networks that are nobody's on the Internet, or that lead to
// one that is not: RFC 6890 and its successors, with the ways by which IPv6
// carries an IPv4 address.
func inside() []string {
	return []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10", "::/96",
	}
}

// Public tells whether an address is one on the open Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, network := range inside() {
		if netip.MustParsePrefix(network).Contains(a) {
			return false
		}
	}
	return true
}

// Check tells at once of an address that could never be called, so that who
// writes it down learns why: it must be absolute, https unless private ones are
// allowed, without credentials, and not name an inside address literally.
func Check(text string, o Options) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not an address")
	case u.Scheme != "https" && (u.Scheme != "http" || !o.Private):
		return nil, errors.New("not https")
	case u.Hostname() == "" || u.User != nil || u.Opaque != "":
		return nil, errors.New("not an address")
	case o.Private:
		return u, nil
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if a, err := netip.ParseAddr(host); err == nil && !Public(a) || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return nil, ErrRefused
	}
	return u, nil
}

// Reason names in one word why a call failed, without telling what is inside.
func Reason(err error) string {
	var name *net.DNSError
	var netErr net.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.As(err, &name):
		return "name"
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &host):
		return "tls"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	}
	return "unreachable"
}
