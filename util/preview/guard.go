// Package preview reads what a web page says of itself: its title, a
// description and a picture. The page's address comes from a stranger, so the
// package is above all about what it does not do: it connects to public
// addresses alone, sends nothing that identifies anybody, and reads little.
package preview

import (
	"errors"
	"net/netip"
)

// ErrForbidden is an address that is not to be fetched.
var ErrForbidden = errors.New("preview: not an address of the public web")

// Guard decides whether a connection may be made. It is asked for every address
// that is dialled, after the name was resolved, so that no name and no redirect
// leads around it. It
// may be called by several goroutines at once.
type Guard func(address netip.AddrPort) error
