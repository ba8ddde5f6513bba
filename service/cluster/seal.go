package cluster

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"sync"
)

// The form of a datagram, big-endian:
//
//	0  'H' 'Y'        so that foreign programs on the port are told apart cheaply
//	2  version        1; what has another is dropped and counted
//	3  kind           body or beat
//	4  node           8 bytes, of the node's name
//	12 epoch          8 bytes, random with each start of a node
//	20 sequence       8 bytes, from 1
//	28 body
//	   HMAC-SHA256 of all of this, 32 bytes
const (
	magic0, magic1 = 'H', 'Y'
	version        = 1
	headerSize     = 28
	macSize        = sha256.Size
	overhead       = headerSize + macSize
)

// kind of a datagram.
type kind byte

const (
	kindBody kind = iota
	kindBeat
)

// Why a datagram is dropped.
var (
	errCut     = errors.New("cut")
	errForeign = errors.New("foreign")
	errVersion = errors.New("version")
	errForged  = errors.New("forged")
)

// source is a start of a node.
type source struct{ node, epoch uint64 }

// header is what a datagram says of itself.
type header struct {
	kind kind
	source
	sequence uint64
}

// sealer makes and opens datagrams. It is safe for concurrent use.
type sealer struct{ macs sync.Pool }

// newSealer derives the key from the secret, so that the secret itself signs
// nothing, and from the scope, so that two clusters do not understand each other.
func newSealer(secret, scope string) *sealer {
	derive := hmac.New(sha256.New, []byte(secret))
	derive.Write([]byte("hongyan bus 1\x00" + scope))
	key := derive.Sum(nil)
	return &sealer{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// seal makes a datagram.
func (s *sealer) seal(h header, body []byte) []byte {
	b := make([]byte, 0, overhead+len(body))
	b = append(b, magic0, magic1, version, byte(h.kind))
	b = binary.BigEndian.AppendUint64(b, h.node)
	b = binary.BigEndian.AppendUint64(b, h.epoch)
	b = binary.BigEndian.AppendUint64(b, h.sequence)
	b = append(b, body...)
	return s.sign(b, b)
}

// open takes a datagram apart; body is a part of it.
func (s *sealer) open(b []byte) (h header, body []byte, err error) {
	switch {
	case len(b) < 2 || b[0] != magic0 || b[1] != magic1:
		return h, nil, errForeign
	case len(b) < overhead:
		return h, nil, errCut
	case b[2] != version:
		return h, nil, errVersion
	}
	signed, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	var own [macSize]byte
	if !hmac.Equal(s.sign(own[:0], signed), mac) {
		return h, nil, errForged
	}
	h.kind = kind(b[3])
	h.node = binary.BigEndian.Uint64(b[4:])
	h.epoch = binary.BigEndian.Uint64(b[12:])
	h.sequence = binary.BigEndian.Uint64(b[20:])
	return h, signed[headerSize:], nil
}

func (s *sealer) sign(to, b []byte) []byte {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write(b)
	return mac.Sum(to)
}

// greeting is what a node says of itself in a beat, and of whom it has heard:
// who finds its own nonce there knows that the beat is not an old record.
type greeting struct {
	nonce uint64
	heard map[source]uint64 // the nonces of the others
}

// Bounds of a beat: what fits the smallest bus.
const (
	greetingSize = 10
	heardSize    = 24
	maxHeard     = 50
)

func (g *greeting) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, g.nonce)
	b = binary.BigEndian.AppendUint16(b, uint16(min(len(g.heard), maxHeard)))
	left := maxHeard
	for from, nonce := range g.heard { // beyond maxHeard: another part each time
		if left--; left < 0 {
			break
		}
		b = binary.BigEndian.AppendUint64(b, from.node)
		b = binary.BigEndian.AppendUint64(b, from.epoch)
		b = binary.BigEndian.AppendUint64(b, nonce)
	}
	return b
}

// readGreeting is append's reverse; what follows is left to later versions.
func readGreeting(b []byte) (g greeting, err error) {
	if len(b) < greetingSize {
		return g, errCut
	}
	g.nonce = binary.BigEndian.Uint64(b)
	count := int(binary.BigEndian.Uint16(b[8:]))
	b = b[greetingSize:]
	if count > maxHeard || len(b) < count*heardSize {
		return g, errCut
	}
	g.heard = make(map[source]uint64, count)
	for i := range count {
		part := b[i*heardSize:]
		from := source{binary.BigEndian.Uint64(part), binary.BigEndian.Uint64(part[8:])}
		g.heard[from] = binary.BigEndian.Uint64(part[16:])
	}
	return g, nil
}
