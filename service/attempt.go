package service

import (
	"math"
	"sync"
	"time"

	"hongyan/model"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Bounds of wrong passwords. An account takes ten and then one a minute; an
// address, behind which many people may live, takes fifty and then one in six
// seconds, whichever the accounts. A device that the account's owner signed in
// on before has an account's allowance for itself and neither of the others
// stands in its way: strangers who guess cannot lock the owner out.
const (
	accountTries = 10
	accountEvery = time.Minute
	addressTries = 50
	addressEvery = 6 * time.Second
	attemptKeys  = 100_000
)

// attempts bounds failures by key. An attempt counts as one until it is known
// to be none, so that many at once are no way around.
type attempts struct {
	now   Clock
	burst float64
	every time.Duration

	mu   sync.Mutex // guards keys
	keys *simplelru.LRU[string, attempt]
}

// attempt is how many failures a key had at a time; they fade.
type attempt struct {
	failed float64
	at     time.Time
}

func newAttempts(now Clock, burst int, every time.Duration) *attempts {
	keys, err := simplelru.NewLRU[string, attempt](attemptKeys, nil)
	if err != nil {
		panic(err) // only a size below 1 fails
	}
	return &attempts{now: now, burst: float64(burst), every: every, keys: keys}
}

// begin counts an attempt, or says when one is allowed again.
func (a *attempts) begin(key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.faded(key)
	if over := e.failed + 1 - a.burst; over > 0 {
		wait := time.Duration(math.Ceil(over * float64(a.every)))
		return &model.Error{Code: model.CodeRateLimited, Key: "passwd", RetryAfter: wait}
	}
	e.failed++
	a.keys.Add(key, e)
	return nil
}

// giveBack takes back what begin counted.
func (a *attempts) giveBack(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.faded(key)
	e.failed = max(e.failed-1, 0)
	a.keys.Add(key, e)
}

// faded is what is left of a key's failures; the caller holds mu.
func (a *attempts) faded(key string) attempt {
	now := a.now()
	e, ok := a.keys.Get(key)
	if !ok {
		return attempt{at: now}
	}
	e.failed = max(e.failed-float64(now.Sub(e.at))/float64(a.every), 0)
	e.at = now
	return e
}
