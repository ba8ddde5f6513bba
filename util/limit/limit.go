// Package limit bounds how often a key (an address, an account, a device) may
// do something. It holds a token bucket for each of the keys seen last and
// imports nothing of ours.
package limit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Limiter has a token bucket for each key. A nil Limiter allows everything.
// All methods are safe for concurrent use.
type Limiter struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex // guards buckets
	buckets *simplelru.LRU[string, *rate.Limiter]
}

// New makes a limiter that lets each key do burst things at once and then
// perSecond of them a second. It remembers the keys seen last, at most that
// many: a forgotten key starts with a full bucket, so keys must be well above
// the number of keys that one party can make up within the time a bucket fills.
func New(perSecond float64, burst, keys int) *Limiter {
	buckets, err := simplelru.NewLRU[string, *rate.Limiter](max(keys, 1), nil)
	if err != nil {
		panic(err) // only a size below 1 fails
	}
	return &Limiter{rate: rate.Limit(perSecond), burst: max(burst, 1), buckets: buckets}
}

// Every gives the rate of one thing per interval, for New.
func Every(interval time.Duration) float64 { return float64(rate.Every(interval)) }

// Allow takes a token of the key's bucket. If there is none, retryAfter tells
// when there will be one; asking in vain costs nothing.
func (l *Limiter) Allow(key string) (ok bool, retryAfter time.Duration) {
	if l == nil {
		return true, 0
	}
	l.mu.Lock()
	bucket, known := l.buckets.Get(key)
	if !known {
		bucket = rate.NewLimiter(l.rate, l.burst)
		l.buckets.Add(key, bucket)
	}
	l.mu.Unlock()
	now := time.Now()
	reservation := bucket.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return false, wait
	}
	return true, 0
}

// Len gives the number of keys remembered.
func (l *Limiter) Len() int {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buckets.Len()
}
