package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the REST credentials that every TURN client knows
	"encoding/base64"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	pion "github.com/pion/turn/v4"
)

const (
	// TTL is how long credentials open new relays. A relay that is open may be
	// kept up with them, or calls would break off after it.
	TTL = 10 * time.Minute
	// kept bounds that too.
	kept = 12 * time.Hour
	// perUser is what two pages in a call need while they look for a new way: a
	// browser opens a relay for each protocol and network.
	perUser = 16
)

// keys makes and checks credentials: an expiry and a user, and their HMAC. The
// secret lives as long as the process; clients ask for others after a restart.
type keys struct {
	secret []byte

	mu    sync.Mutex       // guards the following
	open  map[string]int   // relays by client address and username
	users map[string]int   // relays by user
	now   func() time.Time // the clock
}

func newKeys() *keys {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return &keys{secret: secret, open: map[string]int{}, users: map[string]int{}, now: time.Now}
}

// issue makes credentials for a user.
func (k *keys) issue(userID int64) (username, password string) {
	username = strconv.FormatInt(k.now().Add(TTL).Unix(), 10) + ":" + strconv.FormatInt(userID, 10)
	return username, k.password(username)
}

func (k *keys) password(username string) string {
	mac := hmac.New(sha1.New, k.secret)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// authenticate gives the key of who may have a relay.
func (k *keys) authenticate(username, realm string, from net.Addr) ([]byte, bool) {
	expiry, _, found := strings.Cut(username, ":")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	if !found || err != nil {
		return nil, false
	}
	left := time.Unix(seconds, 0).Sub(k.now())
	if left < 0 && (left < -kept || !k.has(from, username)) {
		return nil, false
	}
	return pion.GenerateAuthKey(username, realm, k.password(username)), true
}

func (k *keys) has(from net.Addr, username string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open[from.String()+" "+username] > 0
}

// withinQuota tells whether a user may have one more relay.
func (k *keys) withinQuota(username, _ string, _ net.Addr) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.users[userOf(username)] < perUser
}

func userOf(username string) string {
	_, user, _ := strings.Cut(username, ":")
	return user
}

// events keeps count of the relays.
func (k *keys) events() pion.EventHandler {
	count := func(by int, from net.Addr, username string) {
		k.mu.Lock()
		defer k.mu.Unlock()
		add(k.open, from.String()+" "+username, by)
		add(k.users, userOf(username), by)
	}
	return pion.EventHandler{
		OnAllocationCreated: func(from, _ net.Addr, _, username, _ string, _ net.Addr, _ int) { count(1, from, username) },
		OnAllocationDeleted: func(from, _ net.Addr, _, username, _ string) { count(-1, from, username) },
	}
}

func add(counts map[string]int, key string, by int) {
	if counts[key] += by; counts[key] <= 0 {
		delete(counts, key)
	}
}
