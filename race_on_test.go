//go:build race

package main

// withRace says that the race detector watches.
const withRace = true
