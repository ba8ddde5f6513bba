package bench

import (
	"bytes"
	"fmt"
	"strings"
)

// upgrade is the request that asks for a WebSocket.
func (e endpoint) upgrade() []byte {
	return []byte("GET " + e.path + " HTTP/1.1\r\nHost: " + e.address +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: aG9uZ3lhbiBiZW5jaG1hcg==\r\n" + e.header + "\r\n")
}

// maxAnswer bounds the head of the answer to an upgrade.
const maxAnswer = 16 << 10

// upgraded reads that answer by read, and gives what followed it.
func upgraded(read func([]byte) (int, error)) (rest []byte, err error) {
	var got []byte
	part := make([]byte, 2048)
	for len(got) < maxAnswer {
		n, err := read(part)
		if err != nil {
			return nil, fmt.Errorf("no answer to the upgrade: %w", err)
		}
		got = append(got, part[:n]...)
		head, rest, whole := bytes.Cut(got, []byte("\r\n\r\n"))
		if !whole {
			continue
		}
		line, _, _ := strings.Cut(string(head), "\r\n")
		if !strings.HasPrefix(line, "HTTP/1.1 101 ") {
			return nil, fmt.Errorf("the server refused the socket: %s: %.200s", line, rest)
		}
		return rest, nil
	}
	return nil, fmt.Errorf("the answer to the upgrade has no end")
}
