package ctrl

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// recorder remembers what became of an answer.
type recorder struct {
	http.ResponseWriter
	status int // zero until the header is written
	bytes  int64
	late   http.Header // those that are added when the answer begins; shared
}

// begin notes the status, and adds what is to be added late.
func (w *recorder) begin(status int) {
	w.status = status
	w.addLate()
}

func (w *recorder) addLate() {
	for name, values := range w.late {
		if _, set := w.Header()[name]; !set {
			w.Header()[name] = values
		}
	}
}

// code is the status that the client got; a handler that wrote nothing is 200.
func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader remembers the first final status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.begin(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the body.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets the kernel copy files where it can.
func (w *recorder) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
}

// Hijack hands the connection over to a WebSocket.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return conn, buffer, err
}

// Unwrap lets http.ResponseController reach the deadlines.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
