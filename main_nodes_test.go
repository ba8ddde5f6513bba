package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"hongyan/ctrl"
)

// clientPage gets the client's page of a person, and the policy that it comes with.
func (p *person) clientPage(header http.Header) (policy, body string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+"/chat/index.shtml", nil)
	check(p.t, err)
	r.Header = header.Clone()
	r.Header.Set("Authorization", "Bearer "+p.token)
	w, err := http.DefaultTransport.RoundTrip(r)
	check(p.t, err)
	defer func() { _ = w.Body.Close() }()
	var text strings.Builder
	if _, err := io.Copy(&text, w.Body); err != nil || w.StatusCode != http.StatusOK {
		p.t.Fatalf("the page: %d, %v", w.StatusCode, err)
	}
	return w.Header.Get("Content-Security-Policy"), text.String()
}

// sheetsWithin are what a page's policy says of the style sheets within it.
var sheetsWithin = regexp.MustCompile(` 'sha256-[^']+'`)

// TestPageMayReachNodes: where nodes have addresses of their own, the client's
// page may open its socket there, and nothing else; elsewhere nothing changes.
func TestPageMayReachNodes(t *testing.T) {
	for name, c := range map[string]struct {
		options []string
		header  http.Header
		sockets string // beside its own site's
		nodes   string
	}{
		"by itself":           {nil, http.Header{}, "", ""},
		"with an address":     {[]string{"-advertise", "https://n1.example"}, http.Header{}, " wss://n1.example", `"nodes":["https://n1.example"]`},
		"the same, over TLS":  {[]string{"-advertise", "https://n1.example"}, http.Header{"X-Forwarded-Proto": {"https"}}, " wss://n1.example", `"nodes":["https://n1.example"]`},
		"without TLS, of TLS": {[]string{"-advertise", "http://n1.example"}, http.Header{"X-Forwarded-Proto": {"https"}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, c.options...)
			p := n.join(n.public, "13900000009")
			n.await(n.internal+"/readyz", http.StatusOK)
			policy, body := p.clientPage(c.header)
			want := strings.Replace(ctrl.Policy(""), "connect-src 'self'", "connect-src 'self'"+c.sockets, 1)
			if sheetsWithin.ReplaceAllString(policy, "") != want {
				t.Errorf("the policy is %q", policy)
			}
			if !strings.Contains(body, c.nodes) || c.nodes == "" && strings.Contains(body, `"nodes"`) {
				t.Errorf("the page does not name %q, or names nodes", c.nodes)
			}
		})
	}
}
