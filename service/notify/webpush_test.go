package notify_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/notify"
	"hongyan/util/outbound"
)

func raw(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// browser is the other end of a push: it has the keys of a subscription.
type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{key: key, auth: make([]byte, 16)}
	_, _ = rand.Read(b.auth)
	return b
}

// open decrypts a body of aes128gcm as RFC 8188 and 8291 say.
func (b *browser) open(t *testing.T, body []byte) []byte {
	t.Helper()
	salt, size, idLength := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	sender, err := ecdh.P256().NewPublicKey(body[21 : 21+idLength])
	if err != nil || len(body) > int(size) {
		t.Fatal(err, len(body), size)
	}
	shared, err := b.key.ECDH(sender)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		key, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	ikm := derive(shared, b.auth, "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(sender.Bytes()), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		t.Fatal(err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := seal.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), body[21+idLength:], nil)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimRight(string(plain), "\x00")
	if !strings.HasSuffix(text, "\x02") {
		t.Fatalf("no end of the last record in %q", text)
	}
	return []byte(text[:len(text)-1])
}

// claims verifies a VAPID header as a push service does.
func claims(t *testing.T, header, public string) (c struct {
	Aud, Sub string
	Exp      int64
}) {
	t.Helper()
	token, found := strings.CutPrefix(header, "vapid t=")
	token, key, cut := strings.Cut(token, ", k=")
	parts := strings.Split(token, ".")
	if !found || !cut || key != public || len(parts) != 3 {
		t.Fatalf("authorization %q", header)
	}
	point, _ := base64.RawURLEncoding.DecodeString(key)
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	verifier, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil || len(signature) != 64 ||
		!ecdsa.Verify(verifier, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Fatalf("the signature does not fit: %v", err)
	}
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPushIsSignedAndEncrypted(t *testing.T) {
	site, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := raw(site.PublicKey().Bytes())
	keys := func(context.Context) (string, string, error) { return public, raw(site.Bytes()), nil }
	device := newBrowser(t)
	answer := http.StatusCreated
	var got *http.Request
	var body []byte
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(answer)
	}))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	subscription := &model.PushSubscription{
		Endpoint: s.URL + "/push/abc", P256dh: raw(device.key.PublicKey().Bytes()), Auth: raw(device.auth), Origin: "https://chat.example",
	}
	pusher := func(contact string) *notify.Pusher {
		return notify.NewPusher(notify.Options{Reach: outbound.Options{Private: true, Roots: roots}}, contact, keys, slog.New(slog.DiscardHandler))
	}
	if err := pusher("").Push(t.Context(), subscription, notice(), "c10-7"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Encoding": "aes128gcm", "Ttl": "86400", "Urgency": "high", "Topic": "c10-7", "Content-Type": "application/octet-stream",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	want := `{"web_push":8030,"notification":{"title":"鸿雁：新消息","body":"2 条未读消息","navigate":"https://chat.example/c/10-7","tag":"c10-7","data":{"path":"/c/10-7","kind":10,"dstid":7,"seq":3,"count":2}},"app_badge":5,"mutable":true}`
	if text := string(device.open(t, body)); text != want {
		t.Errorf("the device reads %s", text)
	}
	for contact, sub := range map[string]string{"": "https://chat.example", "mailto:ops@example.com": "mailto:ops@example.com", "ops@example.com": "mailto:ops@example.com", "https://example.com/contact": "https://example.com/contact"} {
		if err := pusher(contact).Push(t.Context(), subscription, notice(), ""); err != nil {
			t.Fatal(err)
		}
		c := claims(t, got.Header.Get("Authorization"), public)
		if left := time.Until(time.Unix(c.Exp, 0)); c.Aud != s.URL || c.Sub != sub || left <= 0 || left > 24*time.Hour {
			t.Errorf("%q: claims %+v", contact, c)
		}
	}
	// A LAN has no address that a push service would take for its operator's.
	subscription.Origin = "http://192.168.1.5:8080"
	_ = pusher("").Push(t.Context(), subscription, notice(), "")
	if c := claims(t, got.Header.Get("Authorization"), public); c.Sub != "mailto:push@example.org" {
		t.Error(c.Sub)
	}
	for status, want := range map[int]model.NotifyError{
		410: {Reason: "status: 410", Final: true, Gone: true}, 404: {Reason: "status: 404", Final: true, Gone: true},
		429: {Reason: "status: 429", RetryAfter: 3 * time.Second}, 500: {Reason: "status: 500"}, 400: {Reason: "status: 400", Final: true},
	} {
		answer = status
		fault(t, pusher("").Push(t.Context(), subscription, notice(), ""), want.Reason, want.Final, want.Gone, want.RetryAfter)
	}
	fault(t, notify.NewPusher(notify.Options{}, "", keys, slog.New(slog.DiscardHandler)).Push(t.Context(), subscription, notice(), ""), "refused", true, false, 0)
	huge := notice()
	huge.Text = strings.Repeat("字", 2000)
	fault(t, pusher("").Push(t.Context(), subscription, huge, ""), "too long", true, false, 0)
}
