package service

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// A node says every nodeEvery that it lives; one that has not for nodeLease is
// taken for gone. The list of nodes is remembered for a moment, so that a crowd
// which comes back at once does not ask the database each.
const (
	nodeEvery = 5 * time.Second
	nodeLease = 15 * time.Second
	nodesKept = time.Second
)

// A node is full, and named after all others, once it has this much more than
// the mean of all nodes; slack keeps a few sockets from deciding.
const (
	fullRatio = 1.25
	fullSlack = 100
)

// DispatchService tells clients which nodes they may connect to. Nodes make
// themselves known in the database; a draining one is not named.
type DispatchService struct {
	db   *db.DB
	name string
	url  string
	load func() int64
	now  Clock

	turn chan struct{} // held by who looks into the database
	list []model.Node  // by who holds the turn
	at   time.Time
}

// NewDispatchService makes a DispatchService of the node named, which clients
// reach at url ("" if it is not to be named) and which has load sockets. Run
// must run for the node to be known.
func NewDispatchService(d *db.DB, name, url string, load func() int64, now Clock) *DispatchService {
	return &DispatchService{db: d, name: name, url: url, load: load, now: now, turn: make(chan struct{}, 1)}
}

// Nodes gives the nodes that client, any text that is always the same for it,
// may connect to, best first: in the order of a rendezvous hash, by which each
// client has its own and keeps it when others come and go or start again, the
// full ones last.
func (v *DispatchService) Nodes(ctx context.Context, client string) ([]model.Node, error) {
	list, err := v.living(ctx)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for i := range list {
		total += list[i].Sockets
	}
	most := int64(float64(total)/float64(max(len(list), 1))*fullRatio) + fullSlack
	slices.SortStableFunc(list, func(a, b model.Node) int {
		if full := cmp.Compare(fullness(a, most), fullness(b, most)); full != 0 {
			return full
		}
		return cmp.Compare(weight(client, b.URL), weight(client, a.URL))
	})
	return list, nil
}

// fullness is 0 for a node that has room, else what it has.
func fullness(n model.Node, most int64) int64 {
	if n.Sockets <= most {
		return 0
	}
	return n.Sockets
}

// weight is how well a node suits a client, by chance that never changes.
func weight(client, url string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(client + "\x00" + url)) // never fails
	x := h.Sum64()
	x ^= x >> 33 // FNV's high bits hang on its last bytes: mix them (MurmurHash3's finalizer)
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// living gives the nodes that may be named, a list of the caller's own.
func (v *DispatchService) living(ctx context.Context) ([]model.Node, error) {
	select {
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if age := v.now().Sub(v.at); v.list == nil || age < 0 || age >= nodesKept {
		var rows []model.Node
		err := v.db.View(ctx, func(s *xorm.Session) error {
			return s.Where("expires > ? AND url <> ''", v.now.millis()).Desc("expires").Asc("name").Find(&rows)
		})
		if err != nil {
			return nil, err
		}
		v.list, v.at = named(rows), v.now()
	}
	return slices.Clone(v.list), nil
}

// named gives the nodes that may be named, of rows with the freshest first. Of
// those with one address, the others are starts before it that were killed.
func named(rows []model.Node) []model.Node {
	list, seen := []model.Node{}, map[string]bool{}
	for _, n := range rows {
		if !seen[n.URL] && !n.Draining {
			list = append(list, n)
		}
		seen[n.URL] = true
	}
	return list
}

// Run makes the node known until ctx ends, and then forgotten. One without an
// address is never named.
func (v *DispatchService) Run(ctx context.Context) {
	if v.url == "" {
		return
	}
	_ = v.say(ctx, false) // the next time makes up for it
	every(ctx, nodeEvery, func() { _ = v.say(ctx, false) })
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = v.db.Tx(end, func(s *xorm.Session) error { // else its lease ends
		_, err := s.Exec("DELETE FROM node WHERE name = ?", v.name)
		return err
	})
}

// Drain has the node named no more, at once.
func (v *DispatchService) Drain(ctx context.Context) error {
	if v.url == "" {
		return nil
	}
	return v.say(ctx, true)
}

// say writes down how the node is, and forgets nodes that are long gone. Once
// draining it stays so.
func (v *DispatchService) say(ctx context.Context, draining bool) error {
	now := v.now()
	row := &model.Node{Name: v.name, URL: v.url, Sockets: v.load(), Draining: draining, Expires: now.Add(nodeLease).UnixMilli()}
	return v.db.Tx(ctx, func(s *xorm.Session) error {
		had := new(model.Node)
		found, err := s.SQL("SELECT * FROM node WHERE name = ?"+v.db.ForUpdate(), v.name).Get(had)
		if err != nil {
			return err
		}
		if found {
			row.Draining = row.Draining || had.Draining
			_, err = s.Where("name = ?", v.name).Cols("url", "sockets", "draining", "expires").Update(row)
		} else {
			_, err = s.Insert(row)
		}
		if err != nil {
			return err
		}
		_, err = s.Exec("DELETE FROM node WHERE expires < ?", now.Add(-time.Hour).UnixMilli())
		return err
	})
}

// ClientOf names a user for Nodes.
func ClientOf(userID int64) string { return "user " + strconv.FormatInt(userID, 10) }
