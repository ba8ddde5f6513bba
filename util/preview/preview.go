package preview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/html/charset"
)

// Bounds of a fetch: the time of all of it, the bytes read of a page or a
// picture, the redirects followed, and those of an address.
const (
	Timeout      = 3 * time.Second
	maxBody      = 512 << 10
	maxRedirects = 3
	maxAddress   = 2 << 10
	maxHeader    = 32 << 10
)

const userAgent = "Mozilla/5.0 (compatible; HongyanPreview/1)"

// Failures of what was fetched, as opposed to those of the network.
var (
	ErrNoPage   = errors.New("preview: not a page")
	errTooLarge = errors.New("preview: too large")
)

// Page is what a web page says of itself. URL is where it was found, after
// redirects; Picture is the address of its picture, or empty.
type Page struct {
	URL     string
	Host    string
	Title   string
	Note    string
	Picture string
}

// Fetcher fetches pages and pictures. It is safe for concurrent use.
type Fetcher struct{ client *http.Client }

// New makes a Fetcher that connects to what guard lets through.
func New(guard Guard) *Fetcher {
	dialer := &net.Dialer{Timeout: Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return ErrForbidden
		}
		return guard(to)
	}}
	return &Fetcher{client: &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true,
			TLSHandshakeTimeout: Timeout, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: too many redirects", ErrNoPage)
			}
			r.Header.Del("Referer")
			return check(r.URL)
		},
	}}
}

// Clean gives the address in a text as it would be fetched: http or https,
// without a name and password. What else it is, is ErrForbidden.
func Clean(text string) (*url.URL, error) {
	if len(text) > maxAddress {
		return nil, ErrForbidden
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, ErrForbidden
	}
	u.Fragment, u.RawFragment = "", ""
	return u, check(u)
}

func check(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return ErrForbidden
	}
	return nil
}

// Fetch reads the head of a page.
func (f *Fetcher) Fetch(ctx context.Context, address string) (Page, error) {
	res, err := f.get(ctx, address, "text/html,application/xhtml+xml;q=0.9")
	if err != nil {
		return Page{}, err
	}
	defer func() { _ = res.Body.Close() }()
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != "text/html" && kind != "application/xhtml+xml" {
		return Page{}, fmt.Errorf("%w: %q", ErrNoPage, kind)
	}
	// A page may be longer than what is read of it: its head is what counts.
	page := Page{URL: res.Request.URL.String(), Host: res.Request.URL.Host}
	text, err := charset.NewReader(io.LimitReader(res.Body, maxBody), res.Header.Get("Content-Type"))
	if errors.Is(err, io.EOF) {
		return page, nil
	}
	if err != nil {
		return Page{}, fmt.Errorf("preview: %w", err)
	}
	if err := page.read(text, res.Request.URL); err != nil {
		return Page{}, err
	}
	return page, nil
}

// Picture reads a picture whole, if it is not too large. Whether it is one is
// for the caller to see.
func (f *Fetcher) Picture(ctx context.Context, address string) ([]byte, error) {
	res, err := f.get(ctx, address, "image/*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err == nil && len(data) > maxBody {
		err = errTooLarge
	}
	return data, err
}

// get asks for an address with nothing that says who asks.
func (f *Fetcher) get(ctx context.Context, address, accept string) (*http.Response, error) {
	u, err := Clean(address)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, ErrForbidden
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept", accept)
	res, err := f.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Encoding") != "" {
		_ = res.Body.Close()
		return nil, fmt.Errorf("%w: status %d", ErrNoPage, res.StatusCode)
	}
	return res, nil
}
