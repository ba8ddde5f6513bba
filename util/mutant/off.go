//go:build !mutants

// Package mutant makes servers with a fault, for the delivery checker to find:
// who trusts a checker has to see that it fails. A hook where the fault belongs
// asks one of the names below. They are constants that say no, so the compiler
// leaves hook and fault out of what is released. Built with -tags mutants, the
// program has the one fault that MUTANT_OF_HONGYAN names. It imports the
// standard library only.
package mutant

// The faults; on.go says what each is called.
const (
	AckBeforeCommit    = false // a message is acknowledged, then committed
	DropFanOut         = false // of 1,000 deliveries to a socket one is left out
	DupOnRetry         = false // what is sent again is stored again
	SeqFromClock       = false // a place in a timeline is the time of day
	SkipMembership     = false // who is not in a group may speak there
	SwapSeqs           = false // two messages of a batch are told in each other's place
	ResumeOffByOne     = false // the history after a seq begins one too late
	StalePresence      = false // who leaves stays online for friends
	LoseOnOverflow     = false // a full queue drops and does not tell
	TrustUserID        = false // the sender is who the frame says
	UDPDupNotFiltered  = false // a datagram that comes twice counts twice
	NotifyBeforeCommit = false // a message is handed out, then committed
)

// Rarely is on, once in 1,000 times.
func Rarely(bool) bool { return false }
