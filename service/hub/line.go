package hub

const (
	// smallLine is what is not worth moving together, idleLine what an empty
	// line may keep.
	smallLine = 64
	idleLine  = 4096
)

// line is a queue of nodes. Whoever has one guards it.
type line struct {
	nodes []*Node
	head  int // nodes[:head] are gone
}

func (l *line) len() int { return len(l.nodes) - l.head }

// add puts nodes at the end. A line that never gets empty must not grow for
// ever: it is moved to the front of its room once most of it is done.
func (l *line) add(nodes ...*Node) {
	if l.head >= smallLine && l.head > len(l.nodes)/2 {
		left := copy(l.nodes, l.nodes[l.head:])
		clear(l.nodes[left:])
		l.nodes, l.head = l.nodes[:left], 0
	}
	l.nodes = append(l.nodes, nodes...)
}

// next takes the first; nil if there is none.
func (l *line) next() *Node {
	if l.head == len(l.nodes) {
		l.nodes, l.head = l.nodes[:0], 0
		if cap(l.nodes) > idleLine {
			l.nodes = nil
		}
		return nil
	}
	n := l.nodes[l.head]
	l.nodes[l.head] = nil
	l.head++
	return n
}
