package ctrl

import (
	"net/netip"
	"time"

	"hongyan/model"
	"hongyan/util/limit"
)

// Limits bounds what people may do how often. A nil limiter allows everything,
// so the zero Limits is none at all.
type Limits struct {
	Register *limit.Limiter // by address
	Find     *limit.Limiter // by user: looking somebody up by a mobile
	Ask      *limit.Limiter // by user: asking people to be friends
	Ticket   *limit.Limiter // by user: coming back with a socket
	Search   *limit.Limiter // by user: looking for messages
	Notify   *limit.Limiter // by user: setting up and trying what calls others' servers
	History  *limit.Limiter // by user: reading a page, as a client does many times when it returns
	Record   *limit.Limiter // by user: merging messages into a record
	Packet   *limit.Limiter // by user: sending and opening red packets
	Say      *limit.Limiter // by user: writing by the form of a page
	Preview  *limit.Limiter // by user: having a page looked at
	Hold     *limit.Limiter // by address: asking to be held until something happens
	Parked   *limit.Slots   // by address: being held
	Dispatch *limit.Limiter // by address: asking where to connect
	QRNew    *limit.Limiter // by address: asking for a QR login
	QRScan   *limit.Limiter // by user: scanning one, or guessing a code
}

// limitKeys is how many callers a limiter remembers: more than make use of one
// node within the minute that a bucket takes to fill.
const limitKeys = 50_000

// Requests that are held at a time: 10,000 take some 200 MB. Behind one address
// may be a company whose people all stand before the login.
const (
	parkedAll  = 10_000
	parkedEach = 300
)

// NewLimits makes the limits of a public server.
func NewLimits() Limits {
	return Limits{
		Register: limit.New(limit.Every(12*time.Second), 5, limitKeys),
		Find:     limit.New(limit.Every(3*time.Second), 20, limitKeys),
		Ask:      limit.New(limit.Every(time.Second), 60, limitKeys),
		Ticket:   limit.New(limit.Every(time.Second), 60, limitKeys),
		Notify:   limit.New(limit.Every(3*time.Second), 20, limitKeys),
		Search:   limit.New(2, 20, limitKeys),
		History:  limit.New(30, 300, limitKeys),
		Record:   limit.New(limit.Every(2*time.Second), 30, limitKeys),
		Packet:   limit.New(2, 30, limitKeys),
		Say:      limit.New(limit.Every(time.Second), 20, limitKeys),
		Preview:  limit.New(limit.Every(2*time.Second), 10, limitKeys),
		Hold:     limit.New(20, 400, limitKeys),
		Parked:   limit.NewSlots(parkedAll, parkedEach),
		Dispatch: limit.New(20, 400, limitKeys),
		QRNew:    limit.New(1, 60, limitKeys),
		QRScan:   limit.New(limit.Every(6*time.Second), 10, limitKeys),
	}
}

// allow takes one of what key may do.
func allow(l *limit.Limiter, key string) error {
	if ok, retryAfter := l.Allow(key); !ok {
		return &model.Error{Code: model.CodeRateLimited, RetryAfter: retryAfter}
	}
	return nil
}

// limitKey names who an address belongs to: an IPv6 customer has a whole /64.
func limitKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}
