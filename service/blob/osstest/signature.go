package osstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "OSS4-HMAC-SHA256"
	basicTime = "20060102T150405Z"
	maxSkew   = 15 * time.Minute
	maxSigned = 15 * time.Minute // ours; OSS itself allows seven days
)

// claim is what a request says of its signature.
type claim struct {
	credential string
	additional string
	signature  string
	stamp      string    // as it enters the string to sign
	at         time.Time // what it means
	query      url.Values
}

// verify checks the V4 signature in the header or in the query of a request.
func verify(r *http.Request, now time.Time) error {
	c, err := readClaim(r, now)
	if err != nil {
		return err
	}
	if skew := now.Sub(c.at); skew > maxSkew || skew < -maxSkew {
		return fmt.Errorf("signed at %s, it is %s", c.at, now)
	}
	day := c.at.UTC().Format("20060102")
	scope := day + "/" + Region + "/oss/aliyun_v4_request"
	if want := KeyID + "/" + scope; c.credential != want {
		return fmt.Errorf("credential %q, want %q", c.credential, want)
	}
	hashed := sha256.Sum256([]byte(canonical(r, c)))
	text := strings.Join([]string{algorithm, c.stamp, scope, hex.EncodeToString(hashed[:])}, "\n")
	key := []byte("aliyun_v4" + KeySecret)
	for _, part := range []string{day, Region, "oss", "aliyun_v4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	if c.signature != hex.EncodeToString(key) {
		return errors.New("the signature is another")
	}
	return nil
}

func readClaim(r *http.Request, now time.Time) (c claim, err error) {
	c.query = r.URL.Query()
	if header, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" "); ok {
		for part := range strings.SplitSeq(header, ",") {
			name, value, _ := strings.Cut(part, "=")
			switch name {
			case "Credential":
				c.credential = value
			case "AdditionalHeaders":
				c.additional = value
			case "Signature":
				c.signature = value
			}
		}
		if c.stamp = r.Header.Get("X-Oss-Date"); c.stamp != "" {
			c.at, err = time.Parse(basicTime, c.stamp)
		} else {
			c.stamp = r.Header.Get("Date")
			c.at, err = time.Parse(http.TimeFormat, c.stamp)
		}
		return c, err
	}
	if c.query.Get("x-oss-signature-version") != algorithm {
		return c, errors.New("no V4 signature")
	}
	c.credential, c.signature = c.query.Get("x-oss-credential"), c.query.Get("x-oss-signature")
	c.additional, c.stamp = c.query.Get("x-oss-additional-headers"), c.query.Get("x-oss-date")
	if c.at, err = time.Parse(basicTime, c.stamp); err != nil {
		return c, err
	}
	seconds, err := strconv.Atoi(c.query.Get("x-oss-expires"))
	if err != nil || seconds <= 0 || time.Duration(seconds)*time.Second > maxSigned {
		return c, fmt.Errorf("good for %q seconds", c.query.Get("x-oss-expires"))
	}
	if now.After(c.at.Add(time.Duration(seconds) * time.Second)) {
		return c, errors.New("expired")
	}
	c.query.Del("x-oss-signature")
	return c, nil
}

// canonical is the canonical request: method, path, query, headers, the names
// of additional headers, and the payload's hash or that there is none.
func canonical(r *http.Request, c claim) string {
	var query []string
	for name, values := range c.query {
		pair := escape(name)
		if values[0] != "" {
			pair += "=" + escape(values[0])
		}
		query = append(query, pair)
	}
	sort.Strings(query)
	additional := map[string]bool{}
	for name := range strings.SplitSeq(c.additional, ";") {
		additional[name] = name != ""
	}
	var headers []string
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if name == "content-type" || name == "content-md5" || strings.HasPrefix(name, "x-oss-") || additional[name] {
			headers = append(headers, name+":"+strings.TrimSpace(values[0])+"\n")
		}
	}
	sort.Strings(headers)
	payload := r.Header.Get("X-Oss-Content-Sha256")
	if payload == "" {
		payload = "UNSIGNED-PAYLOAD"
	}
	path := strings.ReplaceAll(escape(r.URL.Path), "%2F", "/")
	return strings.Join([]string{r.Method, path, strings.Join(query, "&"), strings.Join(headers, ""), c.additional, payload}, "\n")
}

// escape leaves only RFC 3986's unreserved characters.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
