package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Opcodes of RFC 6455.
const (
	opContinue = 0
	opText     = 1
	opClose    = 8
	opPing     = 9
	opPong     = 10
)

// maxFrame bounds a frame that a server may send: many queued messages may have
// been joined into one.
const maxFrame = 16 << 20

var errFrame = errors.New("the server sent no WebSocket frame that this client understands")

// maskKey is what this client's frames are masked with. Masking keeps caches
// from being led astray; to a server on the same machine any key will do.
func maskKey() [4]byte { return [4]byte{0x37, 0xfa, 0x21, 0x3d} }

// appendFrame appends a client's frame, which is masked.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch {
	case len(payload) < 126:
		dst = append(dst, 0x80|byte(len(payload)))
	case len(payload) < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(len(payload)))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(len(payload)))
	}
	key := maskKey()
	dst = append(dst, key[:]...)
	for i, b := range payload {
		dst = append(dst, b^key[i&3])
	}
	return dst
}

// appendServerFrame appends a server's text frame, which is not masked.
func appendServerFrame(dst, payload []byte) []byte {
	switch {
	case len(payload) < 126:
		dst = append(dst, 0x80|opText, byte(len(payload)))
	case len(payload) < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|opText, 126), uint16(len(payload)))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|opText, 127), uint64(len(payload)))
	}
	return append(dst, payload...)
}

// frame is one frame as it was read; payload points into what was read.
type frame struct {
	fin     bool
	op      byte
	payload []byte
	size    int // bytes that it took with its head; zero: more are needed
}

// parseFrame takes the first frame of b apart, unmasking it in place if it is
// masked. A frame whose size is zero is not there in full yet.
func parseFrame(b []byte) (frame, error) {
	if len(b) < 2 {
		return frame{}, nil
	}
	if b[0]&0x70 != 0 {
		return frame{}, fmt.Errorf("%w: reserved bits", errFrame)
	}
	length, head := int(b[1]&0x7f), 2
	switch length {
	case 126:
		if len(b) < 4 {
			return frame{}, nil
		}
		length, head = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return frame{}, nil
		}
		long := binary.BigEndian.Uint64(b[2:])
		if long > maxFrame {
			return frame{}, fmt.Errorf("%w: %d bytes", errFrame, long)
		}
		length, head = int(long), 10
	}
	masked := b[1]&0x80 != 0
	if masked {
		head += 4
	}
	if len(b) < head+length {
		return frame{}, nil
	}
	payload := b[head : head+length]
	if masked {
		key := b[head-4 : head]
		for i := range payload {
			payload[i] ^= key[i&3]
		}
	}
	return frame{fin: b[0]&0x80 != 0, op: b[0] & 0x0f, payload: payload, size: head + length}, nil
}

// A body is what the generator writes into a message: a mark by which it is
// found in whatever a server wraps around it, when it was due, who sent it and
// the how-many-eth it is. The rest is padding.
const (
	mark       = "~T~"
	timeDigits = 16
	fromDigits = 6
	numDigits  = 8
	bodyHead   = len(mark) + timeDigits + fromDigits + numDigits
)

// body is what is read back out of a delivered message.
type body struct {
	due  int64 // nanoseconds since the run began
	from int   // index of the sender
	num  int
}

// appendBody appends a body of size bytes (its head at least).
func appendBody(dst []byte, b body, size int) []byte {
	start := len(dst)
	dst = append(dst, mark...)
	dst = appendHex(dst, uint64(b.due), timeDigits)
	dst = appendHex(dst, uint64(b.from), fromDigits)
	dst = appendHex(dst, uint64(b.num), numDigits)
	for len(dst)-start < size {
		dst = append(dst, 'x')
	}
	return dst
}

// nextBody finds the first body of text and gives what follows its head.
func nextBody(text []byte) (b body, rest []byte, found bool) {
	i := bytes.Index(text, []byte(mark))
	if i < 0 || len(text)-i < bodyHead {
		return body{}, nil, false
	}
	at := text[i+len(mark):]
	b.due = int64(unhex(at[:timeDigits]))
	at = at[timeDigits:]
	b.from = int(unhex(at[:fromDigits]))
	at = at[fromDigits:]
	b.num = int(unhex(at[:numDigits]))
	return b, at[numDigits:], true
}

func appendHex(dst []byte, v uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, "0123456789abcdef"[v>>(4*uint(i))&15])
	}
	return dst
}

func unhex(text []byte) (v uint64) {
	for _, c := range text {
		if c >= 'a' {
			c -= 'a' - 10
		}
		v = v<<4 | uint64(c&15)
	}
	return v
}
