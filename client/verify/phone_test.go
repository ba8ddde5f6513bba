package verify

import (
	"bytes"
	"strings"
	"testing"

	"hongyan/model"
)

// TestReadIsAcknowledgedAfterItWasToBeTriedAgain: a store that is slow has the
// sender of a read told to try again, commits it all the same, and the ack comes
// after. The checker once took that for the ack of a message that nobody sent.
func TestReadIsAcknowledgedAfterItWasToBeTriedAgain(t *testing.T) {
	var history bytes.Buffer
	r := &run{rec: newRecorder(&history)}
	talk := talkID{kind: model.KindRoom, low: 3}
	p := &phone{run: r, who: &account{id: 1}, reads: map[string]talkID{"c": talk}, reading: map[string]int64{"c": 7}}
	p.refused(t.Context(), model.Message{Cmd: model.CmdError, CID: "c", Error: string(model.CodeUnavailable)})
	if err := p.acked(t.Context(), model.Message{Cmd: model.CmdAck, CID: "c", Kind: model.KindRoom, DstID: 3, Seq: 7}); err != nil {
		t.Fatal(err)
	}
	if err := r.rec.out.Flush(); err != nil {
		t.Fatal(err)
	}
	if said := history.String(); !strings.Contains(said, `"e":"read"`) || strings.Contains(said, `"e":"ok"`) {
		t.Errorf("written down: %s", said)
	}
}
