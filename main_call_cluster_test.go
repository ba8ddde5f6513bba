package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// company are four people, all friends, and three nodes of one database.
type company struct {
	*testing.T
	nodes   [3]*node
	people  [4]*person
	options [3][]string
}

// inCompany runs a test against nodes that are joined over each bus which needs
// nothing else, or one. They are of this process, so that the race detector sees them.
func inCompany(t *testing.T, only string, fn func(c *company)) {
	t.Setenv("HONGYAN_BUS_SECRET", "the same on every node")
	for name, buses := range simpleBuses() {
		if !strings.Contains(name, only) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c := &company{T: t}
			source := dbtest.MySQL(t)
			for i, bus := range buses(t) {
				c.options[i] = []string{"-db", source, "-bus", bus, "-limits", "off"}
				c.nodes[i] = start(t, c.options[i]...)
			}
			for i := range c.people {
				c.people[i] = c.nodes[i%3].join(c.nodes[i%3].public, fmt.Sprintf("1390000000%d", i+1))
			}
			for _, a := range c.people {
				for _, b := range c.people {
					if a != b && a.id < b.id {
						a.must("/contact/addfriend", url.Values{"dstid": {fmt.Sprint(b.id)}}, nil)
						b.must("/contact/addfriend", url.Values{"dstid": {fmt.Sprint(a.id)}}, nil)
					}
				}
			}
			fn(c)
		})
	}
}

// device opens a socket of a person at an address.
func (p *person) device(base string) *line {
	p.t.Helper()
	there := *p
	there.base = base
	return there.connect()
}

// returns has a device of a call come back at a node with a socket of its own,
// which both sides hear.
func (p *person) returns(at *node, call, device string, other *line) *line {
	p.t.Helper()
	l := p.device(at.public)
	l.sends(model.CmdCallResume, call, device, model.Message{})
	l.told(call, model.CallInCall)
	other.told(call, model.CallBack)
	return l
}

// until reads on to a frame.
func (l *line) until(what string, is func(m *model.Message, e *model.CallExt) bool) model.Message {
	l.t.Helper()
	limit := time.After(clusterWait)
	var heard []string
	for {
		select {
		case m := <-l.frames:
			var e model.CallExt
			_ = json.Unmarshal(m.Ext, &e) // of other frames it is something else
			if is(&m, &e) {
				return m
			}
			heard = append(heard, fmt.Sprintf("%d %s %s", m.Cmd, m.Ext, m.Error))
		case err := <-l.closed:
			l.t.Fatalf("closed while waiting for %s: %v", what, err)
		case <-limit:
			l.t.Fatalf("%s does not come; heard %q", what, heard)
		}
	}
}

// told waits for a state of a call.
func (l *line) told(call, state string) model.Message {
	l.t.Helper()
	return l.until(state, func(m *model.Message, e *model.CallExt) bool {
		return m.Cmd == model.CmdCallState && e.State == state && (call == "" || e.Call == call)
	})
}

// hears waits for a frame of a call.
func (l *line) hears(cmd int, call string) model.Message {
	l.t.Helper()
	return l.until(fmt.Sprintf("cmd %d of %s", cmd, call), func(m *model.Message, e *model.CallExt) bool { return m.Cmd == cmd && e.Call == call })
}

// sends sends a frame of a call.
func (l *line) sends(cmd int, call, device string, more model.Message) {
	l.t.Helper()
	more.Cmd, more.Ext = cmd, fmt.Appendf(nil, `{"call":%q,"device":%q,"type":"offer","video":true}`, call, device)
	l.send(more)
}

// dials calls somebody and gives the call's id.
func (l *line) dials(to *person, device string) string {
	l.t.Helper()
	l.sends(model.CmdCallInvite, "", device, model.Message{DstID: to.id, CID: "dial"})
	return ext(l.t, l.until("the call", func(m *model.Message, e *model.CallExt) bool {
		return m.CID == "dial" && m.Cmd == model.CmdCallState && e.State == model.CallCalling
	})).Call
}

// talk connects the first two people: their devices are "a" and "b".
func (c *company) talk(la, lb *line) (call string) {
	c.Helper()
	call = la.dials(c.people[1], "a")
	lb.hears(model.CmdCallInvite, call)
	lb.sends(model.CmdCallAccept, call, "b", model.Message{})
	la.hears(model.CmdCallAccept, call)
	lb.told(call, model.CallInCall)
	return call
}

// entries counts what the timeline of the first two says of calls.
func (c *company) entries(p *person, with int64) (list []string) {
	c.Helper()
	var rows []model.Message
	p.must("/message/history", url.Values{"kind": {"10"}, "dstid": {fmt.Sprint(with)}, "after": {"0"}, "limit": {"200"}}, &rows)
	for _, m := range rows {
		if e := m.CallEntry(); e != nil {
			list = append(list, e.Result)
		}
	}
	return list
}

// bothWays has signals go from one device to the other, a description of 15 kB
// and many candidates, which must come whole and in order.
func bothWays(from, to *line, call, device string) {
	from.t.Helper()
	sdp := strings.Repeat("v=0\r\n", 3000)
	from.sends(model.CmdCallDescription, call, device, model.Message{Content: sdp})
	for i := range 40 {
		from.sends(model.CmdCallCandidate, call, device, model.Message{Content: fmt.Sprint(i)})
	}
	from.sends(model.CmdCallMedia, call, device, model.Message{})
	if m := to.hears(model.CmdCallDescription, call); m.Content != sdp || ext(to.t, m).Type != "offer" {
		to.t.Errorf("the description came as %d bytes", len(m.Content))
	}
	for i := range 40 {
		if m := to.hears(model.CmdCallCandidate, call); m.Content != fmt.Sprint(i) {
			to.t.Fatalf("candidate %s in place of %d", m.Content, i)
		}
	}
	to.hears(model.CmdCallMedia, call)
}

// TestCallAcrossNodes is a day of calls between people at different nodes.
func TestCallAcrossNodes(t *testing.T) {
	inCompany(t, "", func(c *company) {
		a, b, d := c.people[0], c.people[1], c.people[2]
		la, lb := a.device(c.nodes[0].public), b.device(c.nodes[1].public)
		tablet, ld := b.device(c.nodes[2].public), d.device(c.nodes[2].public)

		// Answered at another node; the third node's device hears of it.
		call := la.dials(b, "a")
		tablet.hears(model.CmdCallInvite, call)
		lb.hears(model.CmdCallInvite, call)
		lb.sends(model.CmdCallRinging, call, "b", model.Message{})
		la.hears(model.CmdCallRinging, call)
		lb.sends(model.CmdCallAccept, call, "b", model.Message{})
		la.hears(model.CmdCallAccept, call)
		lb.told(call, model.CallInCall)
		if m := tablet.told(call, model.CallInCall); ext(t, m).Device != "b" {
			t.Errorf("the other device hears %s", m.Ext)
		}
		tablet.sends(model.CmdCallAccept, call, "tablet", model.Message{CID: "late"})
		if m := tablet.await(model.CmdError, "late"); m.Error != string(model.CodeConflict) || m.Msg == "" {
			t.Errorf("who accepts too late hears %+v", m)
		}
		bothWays(la, lb, call, "a")
		bothWays(lb, la, call, "b")

		// Busy, wherever who asks is; and one call at a time.
		ld.sends(model.CmdCallInvite, "", "d", model.Message{DstID: b.id, CID: "third"})
		if m := ld.await(model.CmdCallReject, "third"); ext(t, m).Reason != model.CallBusy {
			t.Errorf("who calls a third hears %s", m.Ext)
		}
		tablet.sends(model.CmdCallInvite, "", "tablet", model.Message{DstID: d.id, CID: "second"})
		if m := tablet.await(model.CmdError, "second"); m.Error != string(model.CodeConflict) {
			t.Errorf("who calls twice hears %+v", m)
		}

		// The caller comes back at another node than the call's home.
		check(t, la.conn.Close())
		lb.told(call, model.CallAway)
		la = a.returns(c.nodes[2], call, "a", lb)
		bothWays(la, lb, call, "a")
		bothWays(lb, la, call, "b")
		check(t, lb.conn.Close())
		la.told(call, model.CallAway)
		lb = b.returns(c.nodes[0], call, "b", la) // now each is where the other was
		bothWays(lb, la, call, "b")
		lb.sends(model.CmdCallEnd, call, "b", model.Message{})
		ended, entry := "", false // by letter, and by the bus
		la.until("the end and the entry", func(m *model.Message, e *model.CallExt) bool {
			if m.Cmd == model.CmdCallEnd && e.Call == call {
				ended = e.Reason
			}
			entry = entry || m.Cmd == model.CmdSingle
			return ended != "" && entry
		})
		if ended != model.CallAnswered {
			t.Errorf("the end is %s", ended)
		}
		tablet.told(call, model.CallEnded)
		if got := c.entries(a, b.id); len(got) != 1 || got[0] != model.CallAnswered {
			t.Errorf("entries %q", got)
		}
		lb.sends(model.CmdCallResume, call, "b", model.Message{})
		lb.told(call, model.CallEnded)
		lb.sends(model.CmdCallMedia, call, "b", model.Message{CID: "over"})
		if m := lb.await(model.CmdError, "over"); m.Error != string(model.CodeNotFound) {
			t.Errorf("a signal of a call that is over: %+v", m)
		}

		// Declined from another node, and called again at once by the other.
		call = la.dials(b, "a")
		lb.hears(model.CmdCallInvite, call)
		late := b.device(c.nodes[1].public) // a device that comes while it rings
		late.hears(model.CmdCallInvite, call)
		late.sends(model.CmdCallReject, call, "late", model.Message{})
		if m := la.hears(model.CmdCallReject, call); ext(t, m).Reason != model.CallDeclined {
			t.Errorf("declined as %s", m.Ext)
		}
		lb.told(call, model.CallEnded)
		call = lb.dials(a, "b")
		la.hears(model.CmdCallInvite, call)
		lb.sends(model.CmdCallEnd, call, "b", model.Message{})
		la.hears(model.CmdCallEnd, call)
	})
}

// TestBothCallFromTwoNodes: two people who call each other at the same moment are
// in one call, again and again.
func TestBothCallFromTwoNodes(t *testing.T) {
	inCompany(t, "", func(c *company) {
		a, b := c.people[0], c.people[1]
		la, lb := a.device(c.nodes[0].public), b.device(c.nodes[1].public)
		for range 8 {
			var both sync.WaitGroup
			var calls [2]string
			for i, l := range []*line{la, lb} {
				both.Go(func() {
					device, other := string("ab"[i]), c.people[1-i]
					l.sends(model.CmdCallInvite, "", device, model.Message{DstID: other.id, CID: "at once"})
					calls[i] = ext(t, l.until("the call", func(m *model.Message, e *model.CallExt) bool {
						return m.Cmd == model.CmdCallAccept || m.Cmd == model.CmdCallState && e.State == model.CallInCall && e.Device == device
					})).Call
				})
			}
			both.Wait()
			if calls[0] != calls[1] {
				t.Fatalf("one is in %q, the other in %q", calls[0], calls[1])
			}
			bothWays(la, lb, calls[0], "a")
			la.sends(model.CmdCallEnd, calls[0], "a", model.Message{})
			lb.hears(model.CmdCallEnd, calls[0])
			la.told(calls[0], model.CallEnded)
		}
	})
}

// TestCallAndDrains: a node that drains takes its own calls with it and leaves
// those of others, whose devices come back elsewhere.
func TestCallAndDrains(t *testing.T) {
	inCompany(t, "", func(c *company) {
		a, b := c.people[0], c.people[1]
		la, lb := a.device(c.nodes[0].public), b.device(c.nodes[1].public)
		call := c.talk(la, lb)
		check(t, c.nodes[1].end())
		la.told(call, model.CallAway)
		lb = b.returns(c.nodes[2], call, "b", la)
		bothWays(la, lb, call, "a")
		c.nodes[0].stop()
		if m := lb.hears(model.CmdCallEnd, call); ext(t, m).Reason != model.CallAnswered {
			t.Errorf("the end is %s", m.Ext)
		}
		check(t, c.nodes[0].end())
		a.base = c.nodes[2].public
		if got := c.entries(a, b.id); len(got) != 1 || got[0] != model.CallAnswered {
			t.Errorf("entries %q", got)
		}
		la = a.device(c.nodes[2].public)
		call = c.talk(la, lb) // the lines are free
		la.sends(model.CmdCallEnd, call, "a", model.Message{})
		lb.hears(model.CmdCallEnd, call)
	})
}

// TestCallAndAKill: the people of a call whose home is killed hear that it has
// ended, and can call again; where the node of a device is killed, and the device
// does not come back, the other hears that it is lost.
func TestCallAndAKill(t *testing.T) {
	inCompany(t, "udp", func(c *company) {
		a, b, d, e := c.people[0], c.people[1], c.people[2], c.people[3]
		victim := spawn(c.T, filepath.Join(c.TempDir(), "victim"), c.options[0][1], c.options[0][2:]...)
		la, lb := a.device(victim.public), b.device(c.nodes[1].public)
		ld, le := d.device(c.nodes[2].public), e.device(victim.public)
		call := c.talk(la, lb)
		other := ld.dials(e, "d")
		le.hears(model.CmdCallInvite, other)
		le.sends(model.CmdCallAccept, other, "e", model.Message{})
		ld.hears(model.CmdCallAccept, other)

		victim.kill()
		began := time.Now()
		la = a.device(c.nodes[2].public)
		la.sends(model.CmdCallResume, call, "a", model.Message{})
		ld.told(other, model.CallAway)
		c.Logf("the node of a device is killed: noticed after %v", time.Since(began).Round(100*time.Millisecond))
		lb.told(call, model.CallEnded)
		c.Logf("the home is killed: its call has ended after %v", time.Since(began).Round(100*time.Millisecond))
		la.told(call, model.CallEnded)
		call = c.talk(la, lb)
		la.sends(model.CmdCallEnd, call, "a", model.Message{})
		lb.hears(model.CmdCallEnd, call)
		if m := ld.hears(model.CmdCallEnd, other); ext(c.T, m).Reason != model.CallLost {
			c.Errorf("the end is %s", m.Ext)
		}
	})
}
