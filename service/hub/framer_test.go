package hub

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// ending is a frame as it looks when its last byte has been read.
type ending struct {
	at         int // bytes from the start
	opcode     byte
	size       uint64
	messageEnd bool
}

// endings reads frames as RFC 6455 section 5.2 writes them down, all bytes at hand.
func endings(b []byte) (all []ending) {
	open := false
	for at := 0; len(b)-at >= 2; {
		size, head := uint64(b[at+1]&0x7f), 2
		switch size {
		case 126:
			head = 4
		case 127:
			head = 10
		}
		if b[at+1]&0x80 != 0 {
			head += 4
		}
		if len(b)-at < head {
			return all
		}
		switch b[at+1] & 0x7f {
		case 126:
			size = uint64(binary.BigEndian.Uint16(b[at+2:]))
		case 127:
			size = binary.BigEndian.Uint64(b[at+2:])
		}
		if size > uint64(len(b)-at-head) {
			return all
		}
		opcode := b[at] & 0x0f
		if opcode < 8 {
			open = b[at]&0x80 == 0
		}
		at += head + int(size)
		all = append(all, ending{at, opcode, size, !open})
	}
	return all
}

// FuzzFramer: however a client's bytes arrive, the framer sees the same frames
// end at the same places, and never takes more than there is.
func FuzzFramer(f *testing.F) {
	masked := func(head ...byte) []byte { return append(head, 0, 0, 0, 0) }
	huge := append([]byte{0x82, 0xff}, binary.BigEndian.AppendUint64(nil, math.MaxUint64)...)
	for _, seed := range [][]byte{
		masked(0x82, 0x80), masked(0x81, 0x83), append(masked(0x81, 0x82), "hi\x01\x02\x88\x80"...), append(masked(0x02, 0x81), 'x', 0x80, 0x80, 0, 0, 0, 0),
		append([]byte{0x82, 0xfe, 0, 130}, make([]byte, 134)...), append(huge, make([]byte, 20)...), {0x82, 0x7f}, {0x82, 0x7e, 0xff}, {0x89, 0x00, 0x0a, 0x01, 'x'},
	} {
		f.Add(seed, uint64(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		var frames framer
		var got []ending
		random := rand.New(rand.NewPCG(seed, 0))
		for at := 0; at < len(b); {
			piece := b[at:min(len(b), at+1+random.IntN(9))]
			n := frames.cut(piece)
			if n < 1 || n > len(piece) {
				t.Fatalf("takes %d of %d bytes", n, len(piece))
			}
			if at += n; frames.have == 0 {
				got = append(got, ending{at, frames.opcode(), frames.size(), frames.atMessageEnd()})
			}
		}
		if want := endings(b); !slices.Equal(got, want) {
			t.Errorf("%x:\n got %+v\nwant %+v", b, got, want)
		}
	})
}
