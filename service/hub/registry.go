package hub

import "sync"

// shardCount spreads the registry's locks; a power of two well above the cores.
const shardCount = 64

// index knows the nodes that are here under a key: of a user, in a group, in a
// live room. Lists instead of sets: fan-out walks them, and only leaving has to
// search.
type index struct {
	shards [shardCount]shard
	edge   func(key int64) // if set: a key got its first node, or lost its last
}

type shard struct {
	mu    sync.RWMutex // guards nodes
	nodes map[int64][]*Node
}

func newIndex() *index {
	x := new(index)
	for i := range x.shards {
		x.shards[i].nodes = make(map[int64][]*Node)
	}
	return x
}

func (x *index) shard(key int64) *shard {
	return &x.shards[uint64(key)%shardCount]
}

// add puts n under key unless there are limit nodes already (0: no limit) and
// tells how many there are now.
func (x *index) add(key int64, n *Node, limit int) (count int, ok bool) {
	s := x.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	nodes := s.nodes[key]
	if limit > 0 && len(nodes) >= limit {
		return len(nodes), false
	}
	s.nodes[key] = append(nodes, n)
	if len(nodes) == 0 && x.edge != nil {
		x.edge(key)
	}
	return len(nodes) + 1, true
}

// remove takes n from key and tells how many are left; found is false if it was
// not there.
func (x *index) remove(key int64, n *Node) (left int, found bool) {
	s := x.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	nodes := s.nodes[key]
	for i := range nodes {
		if nodes[i] != n {
			continue
		}
		last := len(nodes) - 1
		nodes[i], nodes[last] = nodes[last], nil
		if last == 0 {
			delete(s.nodes, key)
			if x.edge != nil {
				x.edge(key)
			}
		} else {
			s.nodes[key] = nodes[:last]
		}
		return last, true
	}
	return len(nodes), false
}

// each calls visit for the nodes of key, under a reader's lock: visit must
// neither block nor touch this index.
func (x *index) each(key int64, visit func(*Node)) {
	s := x.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, n := range s.nodes[key] {
		visit(n)
	}
}

// list copies the nodes of key.
func (x *index) list(key int64) []*Node {
	s := x.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]*Node(nil), s.nodes[key]...)
}

// count gives the number of nodes of key.
func (x *index) count(key int64) int {
	s := x.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.nodes[key])
}

// keys gives the number of keys that have a node.
func (x *index) keys() int {
	total := 0
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.RLock()
		total += len(s.nodes)
		s.mu.RUnlock()
	}
	return total
}

// all copies the nodes of every key.
func (x *index) all() []*Node {
	var nodes []*Node
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.RLock()
		for _, list := range s.nodes {
			nodes = append(nodes, list...)
		}
		s.mu.RUnlock()
	}
	return nodes
}

// origins finds a node by its id.
type origins struct {
	mu    sync.RWMutex // guards nodes
	nodes map[uint64]*Node
}

func (o *origins) put(n *Node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nodes[n.ID] = n
}

func (o *origins) remove(n *Node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.nodes, n.ID)
}

func (o *origins) find(id uint64) *Node {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.nodes[id]
}
