package ctrl

import (
	"encoding/pem"
	"net/http"
	"strings"

	"hongyan/asset"
	"hongyan/model"
	"hongyan/view"
)

// Authority is a certificate authority that people may come to trust.
type Authority interface {
	DER() []byte
	Fingerprint() string
}

// TrustPath is the page that says how to trust the server's own authority;
// authorityPath is its certificate, as phones and computers install it.
const (
	TrustPath     = "/trust.shtml"
	authorityPath = "/ca.crt"
)

// OpenToAll tells whether a request may be answered without TLS by a server
// that has it: what it takes to get there.
func OpenToAll(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return r.URL.Path == TrustPath || r.URL.Path == authorityPath || strings.HasPrefix(r.URL.Path, asset.Prefix)
}

// trust is the page about the server's own authority.
func (p *pages) trust(w http.ResponseWriter, r *request) error {
	if p.Authority == nil {
		return model.Fail(model.CodeNotFound)
	}
	next := localPath(r.FormValue("next"))
	return p.render(w, r, http.StatusOK, TrustPath, &view.Trust{
		Common: p.common(r), Next: next, Fingerprint: p.Authority.Fingerprint(), Certificate: authorityPath, Home: "https://" + r.Host + next, Host: r.Host,
	})
}

// authority is the certificate: binary, as phones want it, or in PEM.
func (p *pages) authority(w http.ResponseWriter, r *http.Request) {
	if p.Authority == nil {
		p.unknown(w, r)
		return
	}
	data := p.Authority.DER()
	h := w.Header()
	h.Set("Content-Type", "application/x-x509-ca-cert")
	h.Set("Content-Disposition", `attachment; filename="hongyan-ca.crt"`)
	if r.URL.Query().Has("pem") {
		data = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: data})
		h.Set("Content-Disposition", `attachment; filename="hongyan-ca.pem"`)
	}
	_, _ = w.Write(data)
}

// NeedsTLS refuses what was sent without TLS to a server that has it: a
// redirect would come too late for what it said.
func (e Edge) NeedsTLS(w http.ResponseWriter, r *http.Request) {
	e.fail(w, r, &model.Error{Code: model.CodeForbidden, Key: "tls"})
}
