//go:build !linux

package poll

import "syscall"

// Poller cannot be had on this system.
type Poller struct{}

// New gives ErrUnsupported.
func New() (*Poller, error) { return nil, ErrUnsupported }

// Add gives ErrUnsupported.
func (*Poller) Add(syscall.RawConn, uint64) error { return ErrUnsupported }

// Run gives ErrUnsupported.
func (*Poller) Run(func(reports []Report)) error { return ErrUnsupported }

// Close does nothing.
func (*Poller) Close() error { return nil }
