package service

import (
	"sync"
	"time"
)

// lookTime is for how long a device's word that somebody looks at it counts.
const lookTime = 70 * time.Second

// Looking knows who has the product in front of their eyes on some device of
// this node, by what the devices say of themselves: nobody who looks is woken.
type Looking struct {
	now Clock

	mu    sync.Mutex // guards until
	until map[int64]map[int64]time.Time
}

// NewLooking makes a Looking.
func NewLooking(now Clock) *Looking {
	return &Looking{now: now, until: map[int64]map[int64]time.Time{}}
}

// Note takes a session's word that its user looks at it, or no longer does.
func (l *Looking) Note(userID, sessionID int64, looks bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	devices := l.until[userID]
	if looks {
		if devices == nil {
			devices = map[int64]time.Time{}
			l.until[userID] = devices
		}
		devices[sessionID] = l.now().Add(lookTime)
		return
	}
	delete(devices, sessionID)
	if len(devices) == 0 {
		delete(l.until, userID)
	}
}

// At tells whether a user looks at some device.
func (l *Looking) At(userID int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, until := range l.until[userID] {
		if l.now().Before(until) {
			return true
		}
	}
	return false
}

// forget drops what is over.
func (l *Looking) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for userID, devices := range l.until {
		for sessionID, until := range devices {
			if !l.now().Before(until) {
				delete(devices, sessionID)
			}
		}
		if len(devices) == 0 {
			delete(l.until, userID)
		}
	}
}
