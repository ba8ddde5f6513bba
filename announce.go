package main

import (
	"fmt"
	"io"
	"net"
	"strings"

	"hongyan/util/fdlimit"
)

// announce tells the person who started the server where it is, and what is
// off or missing.
func (s *server) announce(w io.Writer, public, internal net.Addr) {
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Hongyan %s is ready\n", version)
	for _, u := range addresses(scheme, public) {
		fmt.Fprintf(&b, "  open      %s\n", u)
	}
	if internal != nil {
		fmt.Fprintf(&b, "  internal  http://%s (health, metrics)\n", internal)
	}
	if s.relay != nil {
		fmt.Fprintf(&b, "  relay     turn:%s (UDP and TCP), its ends on UDP %s\n", s.relay.Public(), s.config.TurnPorts)
	}
	fmt.Fprintf(&b, "  data      %s\n  database  %s\n  files     %s\n", s.config.Data, s.config.Database(), s.config.Blob)
	if s.config.Bus != "local" {
		fmt.Fprintf(&b, "  bus       %s, as node %s\n", s.config.BusAddress(), s.node)
	}
	for _, note := range s.notes(scheme) {
		fmt.Fprintf(&b, "  note      %s\n", note)
	}
	_, _ = io.WriteString(w, b.String()) // nobody reads: nothing to do about it
}

// notes says what is off, missing or low.
func (s *server) notes(scheme string) []string {
	var notes []string
	limit, known := fdlimit.Raise()
	switch {
	case known && limit < fdlimit.Low:
		notes = append(notes, fmt.Sprintf("only %d files and sockets may be open at once: raise it (ulimit -n) for more connections", limit))
	case known:
		notes = append(notes, fmt.Sprintf("up to %d files and sockets may be open at once", limit))
	}
	if scheme == "http" {
		notes = append(notes, "plain HTTP: browsers give microphone, camera, calls and push to pages on localhost alone; elsewhere start with -tls-self on (a LAN), -acme-hosts NAME (the internet), -tls-cert and -tls-key, or put nginx in front")
	}
	if s.tls != nil && s.tls.authority != nil {
		notes = append(notes, "HTTPS by this server's own authority: open the address without https:// on each device once, and follow the page; its SHA-256 is "+s.tls.authority.Fingerprint())
	}
	if note, missing := s.busNote(); missing {
		notes = append(notes, note)
	}
	if !s.config.Limits {
		notes = append(notes, "RATE LIMITS ARE OFF: for load tests only")
	}
	if s.config.ClassicTokens {
		notes = append(notes, "classic tokens are accepted in URLs, where proxies log them")
	}
	if s.config.Internal == "" {
		notes = append(notes, "no internal address: health and metrics are off")
	}
	if s.product.Load() == nil {
		notes = append(notes, "the database does not answer yet: every request gets 503 until it does")
	}
	return notes
}

// addresses lists the URLs under which this machine's server can be opened.
func addresses(scheme string, public net.Addr) []string {
	tcp, ok := public.(*net.TCPAddr)
	if !ok {
		return []string{scheme + "://" + public.String()}
	}
	if !tcp.IP.IsUnspecified() {
		return []string{fmt.Sprintf("%s://%s", scheme, public)}
	}
	list := []string{fmt.Sprintf("%s://localhost:%d", scheme, tcp.Port)}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return list
	}
	for _, a := range own {
		n, ok := a.(*net.IPNet)
		if ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			list = append(list, fmt.Sprintf("%s://%s:%d", scheme, n.IP, tcp.Port))
		}
	}
	return list
}
