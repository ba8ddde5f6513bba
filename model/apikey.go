package model

import "slices"

// Scopes of API keys: what a program may do on the internal listener.
const (
	ScopeStatus   = "status"   // POST /status/set
	ScopeDispatch = "dispatch" // GET /dispatch
	ScopeOnline   = "online"   // POST /api/online
	ScopeKick     = "kick"     // POST /api/kick
)

// Scopes gives all scopes, in the order in which they are listed.
func Scopes() []string { return []string{ScopeDispatch, ScopeKick, ScopeOnline, ScopeStatus} }

// MaxKeyName is the longest name of an API key, in characters.
const MaxKeyName = 64

// APIKey lets a program call the internal listener. Only the hash of the key is
// kept. Scopes are comma-separated; times are Unix milliseconds, SeenAt exact
// to a minute and 0 for never.
type APIKey struct {
	ID       int64 `xorm:"pk autoincr"`
	Name     string
	Hash     string
	Scopes   string
	CreateAt int64 `xorm:"'createat'"`
	SeenAt   int64 `xorm:"'seenat'"`
}

// TableName names the table.
func (APIKey) TableName() string { return "api_key" }

// ValidScope tells whether there is such a scope.
func ValidScope(scope string) bool { return slices.Contains(Scopes(), scope) }
