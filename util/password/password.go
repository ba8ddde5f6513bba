// Package password turns passwords into argon2id hashes and checks them, a few
// at a time: a storm of logins waits in line and does not eat the memory. It
// imports nothing of ours.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// The cost of a hash, as OWASP advises for argon2id: some 25 ms and 19 MiB.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	threads = 1
	saltLen = 16
	keyLen  = 32
)

// maxWaiting and patience bound the line: who would stand further behind, or has
// stood so long, had better come again than keep a connection open for longer
// than a client waits.
const (
	maxWaiting = 512
	patience   = 10 * time.Second
)

// ErrBusy says that too many hashes are waiting already.
var ErrBusy = errors.New("password: too many waiting")

// Hasher makes and checks hashes. All methods are safe for concurrent use.
type Hasher struct {
	slots   chan struct{}
	waiting atomic.Int64
	// nobody is a hash that no password fits: unknown accounts are checked
	// against it, so that they take as long as known ones.
	nobody string
}

// New makes a Hasher that works on at most parallel passwords at a time.
func New(parallel int) *Hasher {
	return &Hasher{
		slots:  make(chan struct{}, max(parallel, 1)),
		nobody: encode(params{memory, passes, threads}, random(saltLen), random(keyLen)),
	}
}

// Hash makes the PHC string of a password with a salt of its own.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	p, salt := params{memory, passes, threads}, random(saltLen)
	return encode(p, salt, p.key(password, salt, keyLen)), nil
}

// Verify tells whether a password fits a PHC string. An empty one fits no
// password, which takes the same time to find out.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	if phc == "" {
		phc = h.nobody
	}
	p, salt, key, err := decode(phc)
	if err != nil {
		return false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	return subtle.ConstantTimeCompare(p.key(password, salt, len(key)), key) == 1, nil
}

func (h *Hasher) enter(ctx context.Context) error {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return ErrBusy
	}
	defer h.waiting.Add(-1)
	long := time.NewTimer(patience)
	defer long.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-long.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *Hasher) leave() { <-h.slots }

type params struct {
	memory, passes uint32
	threads        uint8
}

func (p params) key(password string, salt []byte, length int) []byte {
	return argon2.IDKey([]byte(password), salt, p.passes, p.memory, p.threads, uint32(length))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func encode(p params, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

var errFormat = errors.New("password: not an argon2id hash this program made")

// decode reads a PHC string. The bounds keep a damaged row from costing more
// than a password may.
func decode(phc string) (p params, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errFormat
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil || n != 3 {
		return p, nil, nil, errFormat
	}
	if p.memory < 8 || p.memory > 64<<10 || p.passes < 1 || p.passes > 8 || p.threads < 1 || p.threads > 4 {
		return p, nil, nil, errFormat
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, errFormat
	}
	return p, salt, key, nil
}
