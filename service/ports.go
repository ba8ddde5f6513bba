// Package service holds the rules of the product, one noun a file. An exported
// method is one transaction; what it publishes goes out after the commit. The
// package may not import net/http, a WebSocket, ctrl, view, hub, cluster or
// blob: what it needs of them it declares here as small interfaces.
package service

import (
	"time"

	"hongyan/model"
)

// Publisher is the live side as the services need it. Neither method blocks.
type Publisher interface {
	// Publish hands a delivery to the sockets it is meant for, in call order.
	Publish(d model.Delivery)
	// Disconnect closes sockets of a user with a close code: those of the
	// sessions named, or all if none is.
	Disconnect(userID int64, sessionIDs []int64, code int, reason string)
}

// Presence tells who is there: the hub by the sockets open right now,
// PresenceService by what friends have been told.
type Presence interface {
	Online(userID int64) bool
}

// Clock gives the present time; time.Now outside tests.
type Clock func() time.Time

// millis is the wire's time.
func (c Clock) millis() int64 { return c().UnixMilli() }

// Close codes of protocol.md that services ask for.
const (
	CloseSessionEnded = 4001
	CloseElsewhere    = 4002
)
