package ctrl

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hongyan/model"
)

// FuzzConversationOf: the place that a deep link names is one there can be, and
// is written in one way alone as far as numbers go.
func FuzzConversationOf(f *testing.F) {
	for _, seed := range []string{"10-2", "11-7", "12-0", "10--2", "10-9007199254740993", "+10-+2", "10-", "-", "１０-2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		r := &http.Request{}
		r.SetPathValue("id", id)
		kind, dstID, err := conversationOf(&request{Request: r})
		if err != nil {
			if model.CodeOf(err) != model.CodeNotFound {
				t.Errorf("%q: %v", id, err)
			}
			return
		}
		if kind < model.KindSingle || kind > model.KindNotice || dstID < 0 || dstID > model.MaxID {
			t.Errorf("%q is %d-%d", id, kind, dstID)
		}
	})
}

// FuzzAddress: who asks is the peer, or an address that a trusted proxy wrote;
// what anybody can write in front of it changes nothing.
func FuzzAddress(f *testing.F) {
	f.Add("10.0.0.1:80", "1.2.3.4, 10.0.0.2", "6.6.6.6")
	f.Add("[::ffff:10.0.0.1]:80", "fe80::1%eth0", ",")
	f.Add("[2001:db8::1]:1", "x,,", " ")
	f.Add("@", "1.2.3.4", "")
	trusted := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	f.Fuzz(func(t *testing.T, peer, forwarded, forged string) {
		ask := func(header string) string {
			r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {header}}}
			return trusted.address(r)
		}
		got := ask(forwarded)
		if a, err := netip.ParseAddr(got); err != nil && got != peer {
			t.Fatalf("%q behind %q: %q", forwarded, peer, got)
		} else if err == nil && !trusted.trust(a) && a.Zone() == "" && ask(forged+","+forwarded) != got {
			t.Fatalf("%q in front of %q changes %q to %q", forged, forwarded, got, ask(forged+","+forwarded))
		}
		if strings.ContainsAny(limitKey(got), "\r\n") && got != peer {
			t.Fatalf("key %q", limitKey(got))
		}
	})
}

// FuzzLocalPath: what stands in ?next= leads nowhere but to this site, as a
// browser reads it.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/c/10-2?before=3", "//evil.test", `/\evil.test`, "/\t/evil.test", "https://evil.test", "/%2f%2fevil.test", "/./../..//evil.test", "/@evil.test", "javascript:x", "/a#//b", "/?//x"} {
		f.Add(seed)
	}
	site, err := url.Parse("https://site.test/user/login.shtml")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		// Browsers leave tabs and line ends out and take \ for /.
		seen := strings.ReplaceAll(strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(strings.TrimSpace(got)), `\`, "/")
		to, err := site.Parse(seen)
		if err != nil || to.Host != site.Host || to.Scheme != site.Scheme || strings.HasPrefix(seen, "//") {
			t.Fatalf("%q leads to %v, %v", next, to, err)
		}
	})
}

// FuzzDevice: whatever a program calls itself, its name can be shown.
func FuzzDevice(f *testing.F) {
	for _, seed := range []string{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "curl/8", "\x00\x1b[31m", strings.Repeat("a", 500), "/ / /"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, userAgent string) {
		got := deviceName(userAgent)
		if got == "" || len(got) > 4*maxDevice || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("%q is called %q", userAgent, got)
		}
	})
}
