package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

// signedFor is how long a signed URL is good for.
const signedFor = 10 * time.Minute

// Limits of a connection to OSS. None bounds a whole transfer: that is as slow
// as the person who sends or reads.
const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 60 * time.Second
)

// Keys say who we are to OSS. They print as nothing.
type Keys struct{ ID, Secret string }

// String is for logs.
func (Keys) String() string { return "(keys)" }

// GoString is String, for %#v.
func (k Keys) GoString() string { return k.String() }

// OSSConfig says which bucket, and who we are there.
type OSSConfig struct {
	Bucket    string
	Endpoint  string // with its scheme
	Public    string // the endpoint of signed URLs, if browsers need another
	Region    string
	PathStyle bool
	Keys      Keys
}

// String names the bucket and nothing that is secret.
func (c OSSConfig) String() string { return fmt.Sprintf("oss://%s at %s", c.Bucket, c.Endpoint) }

// GoString is String, for %#v.
func (c OSSConfig) GoString() string { return c.String() }

var regionInHost = regexp.MustCompile(`^oss-([a-z]+(?:-[a-z0-9]+)+?)(?:-internal)?\.aliyuncs\.com$`)

// ParseOSS reads oss://bucket?endpoint=…&region=…[&public=…][&pathstyle=true].
// All faults are reported at once, and none of them repeats a value.
func ParseOSS(source string, keys Keys) (OSSConfig, error) {
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "oss" || u.Host == "" {
		return OSSConfig{}, errors.New("blob oss: want oss://bucket?endpoint=…&region=…")
	}
	c := OSSConfig{Bucket: u.Host, Keys: keys}
	var faults []error
	fault := func(text string) { faults = append(faults, errors.New("blob oss: "+text)) }
	if u.User != nil {
		fault("keys do not belong into the address: set HONGYAN_OSS_KEY_ID and HONGYAN_OSS_KEY_SECRET")
	}
	for name, values := range u.Query() {
		switch value := values[0]; name {
		case "endpoint":
			c.Endpoint = withScheme(value)
		case "public":
			c.Public = withScheme(value)
		case "region":
			c.Region = strings.TrimPrefix(value, "oss-")
		case "pathstyle":
			if c.PathStyle = value == "true"; !c.PathStyle && value != "false" {
				fault("pathstyle: want true or false")
			}
		default:
			fault(fmt.Sprintf("unknown option %.40q", name))
		}
	}
	if originOf(c.Endpoint) != c.Endpoint || c.Endpoint == "" {
		fault("endpoint: want a host, as oss-cn-hangzhou.aliyuncs.com")
	} else if at, _ := url.Parse(c.Endpoint); c.Region == "" {
		if found := regionInHost.FindStringSubmatch(at.Hostname()); found != nil {
			c.Region = found[1]
		} else {
			fault("region: want one, as cn-hangzhou")
		}
	}
	if originOf(c.Public) != c.Public {
		fault("public: want a host")
	}
	if keys.ID == "" || keys.Secret == "" {
		fault("set HONGYAN_OSS_KEY_ID and HONGYAN_OSS_KEY_SECRET in the environment")
	}
	return c, errors.Join(faults...)
}

// withScheme makes HTTPS what says nothing else; the SDK would take HTTP.
func withScheme(endpoint string) string {
	endpoint = strings.TrimSuffix(endpoint, "/")
	if endpoint == "" || strings.HasPrefix(endpoint, "http://") || strings.HasPrefix(endpoint, "https://") {
		return endpoint
	}
	return "https://" + endpoint
}

// OSS keeps files in a bucket of Aliyun's object storage, private, with the V4
// signature. Browsers read them by URLs signed for a few minutes.
type OSS struct {
	bucket *oss.Bucket
	signer *oss.Bucket
	origin string
}

// NewOSS makes a store of a bucket. It connects when first used.
func NewOSS(c OSSConfig) (*OSS, error) {
	bucket, err := openBucket(c, c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("blob oss: %w", err)
	}
	store := &OSS{bucket: bucket, signer: bucket}
	if c.Public != "" {
		if store.signer, err = openBucket(c, c.Public); err != nil {
			return nil, fmt.Errorf("blob oss: %w", err)
		}
	}
	sample, err := store.signer.SignURL("origin", oss.HTTPGet, 1)
	if err != nil {
		return nil, fmt.Errorf("blob oss: %w", err)
	}
	store.origin = originOf(sample)
	return store, nil
}

func openBucket(c OSSConfig, endpoint string) (*oss.Bucket, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	transport.ResponseHeaderTimeout = headerTimeout
	transport.MaxIdleConnsPerHost = 16
	client, err := oss.New(endpoint, c.Keys.ID, c.Keys.Secret,
		oss.AuthVersion(oss.AuthV4), oss.Region(c.Region), oss.ForcePathStyle(c.PathStyle),
		oss.HTTPClient(&http.Client{
			Transport: transport,
			// Another host would get the signed request; OSS never sends one there.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}))
	if err != nil {
		return nil, err
	}
	return client.Bucket(c.Bucket)
}

// Put sends the file as it comes. OSS keeps nothing of a request that ends
// early, and the SDK compares checksums at the end.
func (o *OSS) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	counted := &countingReader{r: contextReader{ctx, r}}
	err := o.bucket.PutObject(key, counted, oss.WithContext(ctx), oss.ObjectACL(oss.ACLPrivate), oss.ForbidOverWrite(true),
		oss.ContentType("application/octet-stream"), oss.ContentDisposition("attachment"))
	if counted.err != nil {
		return 0, counted.err
	}
	if err != nil {
		return 0, fmt.Errorf("blob oss: %w", err)
	}
	return counted.n, nil
}

// countingReader counts, and remembers why its reader failed: the SDK wraps
// that beyond recognition. (That it is no *bytes.Reader or *os.File also keeps
// the SDK from guessing a length.)
type countingReader struct {
	r   io.Reader
	n   int64
	err error
}

// Read reads and counts.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// Delete removes a file.
func (o *OSS) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := o.bucket.DeleteObject(key, oss.WithContext(ctx)); err != nil && !errors.Is(absent(err), fs.ErrNotExist) {
		return fmt.Errorf("blob oss: %w", err)
	}
	return nil
}

// SignGet signs a URL for a few minutes.
func (o *OSS) SignGet(_ context.Context, key, mediaType, disposition string) (string, error) {
	if checkKey(key) != nil {
		return "", fs.ErrNotExist
	}
	signed, err := o.signer.SignURL(key, oss.HTTPGet, int64(signedFor/time.Second),
		oss.ResponseContentType(mediaType), oss.ResponseContentDisposition(disposition),
		oss.ResponseCacheControl("private, max-age=31536000, immutable"))
	if err != nil {
		return "", fmt.Errorf("blob oss: %w", err)
	}
	return signed, nil
}

// Origin is where signed URLs lead.
func (o *OSS) Origin() string { return o.origin }

// Check asks for a file that is not there: the bucket must say so, and may not
// say that the keys or the bucket are wrong.
func (o *OSS) Check(ctx context.Context) error {
	_, err := o.bucket.GetObjectMeta("there0is0no0such0file", oss.WithContext(ctx))
	var answer oss.ServiceError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.Code != "NoSuchBucket" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("blob oss: %w", err)
	}
	return nil
}

// absent makes OSS's 404 the standard library's.
func absent(err error) error {
	var answer oss.ServiceError
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return fmt.Errorf("blob oss: %w", fs.ErrNotExist)
	}
	return err
}
