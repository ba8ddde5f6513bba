//go:build linux

package faults

// beFrozen is filled in below.
func beFrozen() bool { return false }
