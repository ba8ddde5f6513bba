package cluster

// windowSize is how far behind the newest a datagram may come: at 10,000 a
// second, six seconds, which is longer than anything urgent is repeated. 8 KiB
// for each peer.
const windowSize = 1 << 16

// window remembers which sequences of a peer came, so that each counts once.
type window struct {
	top   uint64 // the highest so far
	first uint64
	seen  [windowSize / 64]uint64
}

// start takes a sequence for the first; what came before it counts as old.
func (w *window) start(sequence uint64) {
	*w = window{top: sequence, first: sequence}
	w.set(sequence)
}

func (w *window) slot(sequence uint64) (word *uint64, bit uint64) {
	i := sequence % windowSize
	return &w.seen[i/64], 1 << (i % 64)
}

func (w *window) set(sequence uint64) {
	word, bit := w.slot(sequence)
	*word |= bit
}

// accept takes a sequence once; gap says that others before it are missing.
func (w *window) accept(sequence uint64) (fresh, gap bool) {
	switch {
	case sequence < w.first, sequence+windowSize <= w.top:
		return false, false
	case sequence > w.top:
		gap = sequence > w.top+1
		w.forget(sequence)
		w.top = sequence
	default:
		if word, bit := w.slot(sequence); *word&bit != 0 {
			return false, false
		}
	}
	w.set(sequence)
	return true, gap
}

// forget clears the slots between the top and a new one.
func (w *window) forget(top uint64) {
	if top-w.top >= windowSize {
		w.seen = [windowSize / 64]uint64{}
		return
	}
	for s := w.top + 1; s <= top; s++ {
		word, bit := w.slot(s)
		*word &^= bit
	}
}
