package bench

import (
	"crypto/sha256"
	"testing"
)

// BenchmarkCalibrate is a piece of work that no change of ours makes faster:
// what others take is compared between machines by how many of it they last.
func BenchmarkCalibrate(b *testing.B) {
	text := make([]byte, 4096)
	for b.Loop() {
		sum := sha256.Sum256(text)
		copy(text, sum[:])
	}
}
