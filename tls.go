package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/sync/errgroup"

	"hongyan/ctrl"
	"hongyan/util/config"
	"hongyan/util/oneport"
	"hongyan/util/selfca"
)

// tlsSetup is how the public address speaks HTTPS. What comes to it without
// TLS gets the doorway: a page or a redirect that leads to HTTPS.
type tlsSetup struct {
	config    *tls.Config
	authority *selfca.CA        // of tls-self alone
	acme      *autocert.Manager // of acme-hosts alone
}

// setupTLS reads or makes what HTTPS needs; nil without an error is plain HTTP.
func setupTLS(c *config.Config) (*tlsSetup, error) {
	switch {
	case c.TLSCert != "":
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("tls-cert, tls-key: %w", err)
		}
		return &tlsSetup{config: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}}, nil
	case c.TLSSelf:
		ca, err := selfca.Open(filepath.Join(c.Data, "tls"), append(ownNames(), c.TLSNames...), time.Now)
		if err != nil {
			return nil, fmt.Errorf("tls-self: %w", err)
		}
		return &tlsSetup{config: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ca.GetCertificate}, authority: ca}, nil
	case len(c.ACMEHosts) > 0:
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(c.Data, "acme")),
			HostPolicy: autocert.HostWhitelist(c.ACMEHosts...), Email: c.ACMEEmail,
		}
		if c.ACMEDirectory != "" {
			m.Client = &acme.Client{DirectoryURL: c.ACMEDirectory}
		}
		secure := m.TLSConfig()
		secure.MinVersion = tls.VersionTLS12
		return &tlsSetup{config: secure, acme: m}, nil
	}
	return nil, nil
}

// ownNames are the names by which this machine is known on a LAN: its host
// name, and the same under .local, as mDNS has it.
func ownNames() []string {
	host, err := os.Hostname()
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	if err != nil || host == "" || host == "localhost" {
		return nil
	}
	for _, r := range host {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return nil // no name that a certificate may hold
		}
	}
	return []string{host, host + ".local"}
}

// servePublic serves the public address: the product, and where it speaks TLS
// the doorway for those who do not.
func (s *server) servePublic(all *errgroup.Group, outside, doorway *http.Server, public net.Listener) {
	if s.tls == nil {
		all.Go(func() error { return served(outside.Serve(public)) })
		return
	}
	secure, plain := oneport.Split(public)
	outside.TLSConfig = s.tls.config
	all.Go(func() error { return served(outside.ServeTLS(secure, "", "")) })
	all.Go(func() error { return served(doorway.Serve(plain)) })
}

// doorway answers what comes to the public address without TLS: with the
// product's own page about the authority to trust, or with the same address
// under HTTPS.
func (s *server) doorway(edge ctrl.Edge) (http.Handler, error) {
	lead := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := s.product.Load()
		switch {
		case s.tls.authority != nil && p != nil && ctrl.OpenToAll(r):
			p.handler.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			edge.NeedsTLS(w, r)
		case s.tls.authority != nil && strings.Contains(r.Header.Get("Accept"), "text/html"):
			// Who has not installed the authority yet would meet a warning there.
			http.Redirect(w, r, ctrl.TrustPath+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
		default:
			http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusTemporaryRedirect) // #nosec G710 -- to the host that the client itself has named
		}
	})
	if s.tls.acme != nil {
		return edge.Wrap(s.tls.acme.HTTPHandler(lead))
	}
	return edge.Wrap(lead)
}
