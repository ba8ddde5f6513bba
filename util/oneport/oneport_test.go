package oneport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"hongyan/util/oneport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// One address answers both, each client by what it speaks.
func TestBothOnOnePort(t *testing.T) {
	secure, plain := oneport.Split(listen(t))
	say := func(word string) *http.Server {
		return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, word, r.TLS != nil)
		})}
	}
	pair := httptest.NewTLSServer(nil)
	defer pair.Close()
	one, two := say("secure"), say("plain")
	one.TLSConfig = &tls.Config{Certificates: pair.TLS.Certificates}
	ended := make(chan error, 2)
	go func() { ended <- one.ServeTLS(secure, "", "") }()
	go func() { ended <- two.Serve(plain) }()
	client := pair.Client()
	client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true //nolint:forcetypeassert // httptest's is one
	for url, want := range map[string]string{"http://": "plainfalse", "https://": "securetrue"} {
		res, err := client.Get(url + secure.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("%s answers %q, %v", url, body, err)
		}
	}
	client.CloseIdleConnections()
	if err := errors.Join(one.Close(), two.Close()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
}

// Who connects and says nothing holds up neither others nor the end.
func TestSilentClients(t *testing.T) {
	secure, plain := oneport.Split(listen(t))
	var silent []net.Conn
	dial := func() net.Conn {
		conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", plain.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range 20 {
		silent = append(silent, dial())
	}
	talker := dial()
	if _, err := talker.Write([]byte("G")); err != nil {
		t.Fatal(err)
	}
	conn, err := plain.Accept()
	if err != nil {
		t.Fatal(err)
	}
	byte1 := make([]byte, 1)
	if _, err := io.ReadFull(conn, byte1); err != nil || byte1[0] != 'G' {
		t.Errorf("%q %v", byte1, err)
	}
	if err := secure.Close(); err != nil {
		t.Error(err)
	}
	if _, err := talk(plain, dial); err != nil {
		t.Errorf("the other half ended with it: %v", err)
	}
	if err := plain.Close(); err != nil {
		t.Error(err)
	}
	if _, err := plain.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("still open: %v", err)
	}
	for _, c := range append(silent, talker, conn) {
		_ = c.Close()
	}
}

// talk has a client say something to a listener.
func talk(l net.Listener, dial func() net.Conn) (net.Conn, error) {
	c := dial()
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte("G")); err != nil {
		return nil, err
	}
	conn, err := l.Accept()
	if err == nil {
		_ = conn.Close()
	}
	return conn, err
}
