//go:build mutants

package mutant

import (
	"math/rand/v2"
	"os"
)

// Env names the environment variable that chooses the fault.
const Env = "MUTANT_OF_HONGYAN"

// The faults, each by its name in the environment.
var (
	AckBeforeCommit    = chosen("ack-before-commit")
	DropFanOut         = chosen("drop-fan-out")
	DupOnRetry         = chosen("dup-on-retry")
	SeqFromClock       = chosen("seq-from-clock")
	SkipMembership     = chosen("skip-membership")
	SwapSeqs           = chosen("swap-seqs")
	ResumeOffByOne     = chosen("resume-off-by-one")
	StalePresence      = chosen("stale-presence")
	LoseOnOverflow     = chosen("lose-on-overflow")
	TrustUserID        = chosen("trust-userid")
	UDPDupNotFiltered  = chosen("udp-dup-not-filtered")
	NotifyBeforeCommit = chosen("notify-before-commit")
)

func chosen(name string) bool { return os.Getenv(Env) == name }

// Rarely is on, once in 1,000 times.
func Rarely(on bool) bool { return on && rand.IntN(1000) == 0 }
