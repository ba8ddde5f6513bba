package hub

import (
	"encoding/binary"
	"math"
)

// framer follows the frames of a client through its bytes, to tell where each
// ends. What a frame means, and whether it may be, is the websocket.Conn's to
// say; that reads a frame at a time, so that the framer and it speak of the same.
type framer struct {
	head [10]byte // of the frame that is being read: what tells its size
	have uint8    // bytes of head that are known; 0 between two frames
	left uint64   // bytes of mask and payload to come
	open bool     // the message goes on in another frame
}

// atMessageEnd tells that nothing of a message has come that is not whole.
func (f *framer) atMessageEnd() bool { return f.have == 0 && !f.open }

// opcode and size are of the frame that is being read or, at its end, has been.
func (f *framer) opcode() byte { return f.head[0] & 0x0f }

func (f *framer) size() uint64 {
	switch n := f.head[1] & 0x7f; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.head[2:])
	default:
		return uint64(n)
	}
}

// headSize is the length of head, as far as that is known.
func (f *framer) headSize() uint8 {
	if f.have < 2 {
		return 2
	}
	switch f.head[1] & 0x7f {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

// cut goes on with b and tells how much of it belongs to the frame it begins
// with, or goes on with.
func (f *framer) cut(b []byte) int {
	n := 0
	for n < len(b) && (f.have == 0 || f.have < f.headSize()) {
		f.head[f.have] = b[n]
		f.have++
		n++
		if f.have == f.headSize() {
			f.left = f.size()
			if masked := f.head[1]&0x80 != 0; masked && f.left <= math.MaxUint64-4 { // beyond is no frame, and never whole
				f.left += 4
			}
		}
	}
	if f.have < 2 || f.have < f.headSize() {
		return n
	}
	if rest := uint64(len(b) - n); rest < f.left { // #nosec G115 -- n is at most len(b)
		f.left -= rest
		return len(b)
	}
	n += int(f.left) // #nosec G115 -- at most what is left of b
	f.left, f.have = 0, 0
	if f.opcode() < opClose&0x0f {
		f.open = f.head[0]&0x80 == 0
	}
	return n
}
