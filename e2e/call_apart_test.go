package e2e

import (
	"testing"
)

// TestCallBetweenTwoBrowsers calls from one process of the browser to another, as
// two machines would: straight from one to the other, and by our relay alone.
// Pictures and sound go on coming on both sides.
func TestCallBetweenTwoBrowsers(t *testing.T) {
	beside(t)
	for name, way := range map[string]struct {
		flags []string
		as    string // what each candidate of the pair in use has to be
	}{
		"straight": {nil, "type !== 'relay'"},
		"relay":    {[]string{"-turn", "127.0.0.1:0", "-turn-only", "on"}, "type === 'relay'"},
	} {
		t.Run(name, func(t *testing.T) {
			base := callServer(t, way.flags...)
			ann := enter(t, base, "安娜", phone)
			bo := signUp(newPersonIn(t, anotherBrowser(t), "Bo", base, desktop))
			befriend(ann, bo)
			bo.home()
			ann.calls(bo, true)
			bo.click(acceptButton)
			for _, one := range []*account{ann, bo} {
				one.inCall("active")
				for kind, figure := range map[string]string{"video": "framesDecoded", "audio": "bytesReceived"} {
					one.receives(kind, kind, figure, 10)
					one.receives("more "+kind, kind, figure, one.received(kind, figure)+10)
				}
				one.until("the way", `(() => {
					const of = (id) => figures.find((s) => s.id === id);
					const pair = of(figures.find((s) => s.type === 'transport')?.selectedCandidatePairId);
					return pair && [pair.localCandidateId, pair.remoteCandidateId].every((id) => { const type = of(id).candidateType; return `+way.as+`; });
				})()`)
			}
			ann.click(endButton)
			bo.noCall()
			ann.entry("own", "通话时长")
		})
	}
}

// received is how much has come of a kind.
func (a *account) received(kind, figure string) int {
	a.t.Helper()
	return eval[int](a.person, "figures.find((s) => s.type === 'inbound-rtp' && s.kind === '"+kind+"')."+figure)
}
