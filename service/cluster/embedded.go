package cluster

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// embeddedWait bounds the start of the server inside this process.
const embeddedWait = 10 * time.Second

// embeddedAddress is what nats+embedded://BIND:PORT?peers=A:PORT,B:PORT says.
type embeddedAddress struct {
	host  string
	port  int
	peers []string
}

func parseEmbedded(address string) (a embeddedAddress, err error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return a, errors.New("want nats+embedded://BIND:PORT?peers=A:PORT,B:PORT")
	}
	for key := range u.Query() {
		if key != "peers" {
			return a, fmt.Errorf("nats+embedded: unknown parameter %q: want peers", key)
		}
	}
	a.host = u.Hostname()
	if a.port, err = strconv.Atoi(u.Port()); err != nil || a.host == "" || a.port < 1 || a.port > 65535 {
		return a, fmt.Errorf("nats+embedded: %q: want BIND:PORT, such as 0.0.0.0:6222", u.Host)
	}
	for part := range strings.SplitSeq(u.Query().Get("peers"), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		host, port, err := net.SplitHostPort(part)
		if n, wrong := strconv.Atoi(port); err != nil || wrong != nil || host == "" || n < 1 || n > 65535 {
			return a, fmt.Errorf("nats+embedded: peer %q: want HOST:PORT", part)
		}
		a.peers = append(a.peers, part)
	}
	return a, nil
}

// openEmbedded starts a NATS server in this process and joins it. Its routes
// are the only thing that others reach; the client's door, which the server
// must have, is on loopback, of a port of its own and behind a password that
// nobody is told.
func openEmbedded(ctx context.Context, o Options) (carrier, error) {
	a, err := parseEmbedded(o.Address)
	if err != nil {
		return nil, err
	}
	if err := free(ctx, a); err != nil {
		return nil, err
	}
	options, err := a.options(o)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	s.SetLoggerV2(natsLog{o.Log}, false, false, false)
	s.Start()
	stop := func() error {
		s.Shutdown()
		s.WaitForShutdown()
		return nil
	}
	if !s.ReadyForConnections(embeddedWait) {
		return nil, errors.Join(errors.New("the server inside does not start"), stop())
	}
	lane, err := connect(o, "", stop, nats.InProcessServer(s), nats.UserInfo(options.Username, options.Password))
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return lane, nil
}

// free says whether the address can be had: the server itself would only log it.
func free(ctx context.Context, a embeddedAddress) error {
	var binder net.ListenConfig
	l, err := binder.Listen(ctx, "tcp", net.JoinHostPort(a.host, strconv.Itoa(a.port)))
	if err != nil {
		return err
	}
	return l.Close()
}

func (a embeddedAddress) options(o Options) (*server.Options, error) {
	secure, err := routeTLS(o.Secret)
	if err != nil {
		return nil, err
	}
	password := derived(o.Secret, "route password")
	options := &server.Options{
		ServerName: "hongyan-" + o.Node, Host: "127.0.0.1", Port: server.RANDOM_PORT,
		Username: "hongyan", Password: rand16(), NoSigs: true, MaxPayload: natsLimit,
		Cluster: server.ClusterOpts{
			Name: "hongyan", Host: a.host, Port: a.port, Username: "hongyan", Password: password,
			TLSConfig: secure, TLSTimeout: 5, NoAdvertise: true, PoolSize: -1,
		},
	}
	for _, p := range a.peers {
		options.Routes = append(options.Routes, &url.URL{Scheme: "nats-route", Host: p, User: url.UserPassword("hongyan", password)})
	}
	return options, nil
}

func rand16() string { return fmt.Sprintf("%016x%016x", random(), random()) }

// derived makes a secret for one purpose out of the one that the nodes share.
func derived(secret, purpose string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("hongyan " + purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// routeTLS gives every node that knows the secret the same key and certificate,
// and lets it believe that one alone: what goes over the routes is encrypted,
// and who does not know the secret gets no further than the handshake.
func routeTLS(secret string) (*tls.Config, error) {
	seed, err := hex.DecodeString(derived(secret, "route key"))
	if err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hongyan"}, DNSNames: []string{"hongyan"},
		// Clocks of nodes may differ by years: the secret is what counts.
		NotBefore: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		ServerName: "hongyan", MinVersion: tls.VersionTLS13,
	}, nil
}

// natsLog hands what the server inside says to the node's log.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Errorf(format string, v ...any)  { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Fatalf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(string, ...any)           {}
func (l natsLog) Tracef(string, ...any)           {}
