package main

import (
	"testing"

	"hongyan/client"
	"hongyan/model"
)

// guest is a user whose line stays up through whatever stands before the nodes.
type guest struct {
	*resident
	line  *client.Line
	moved chan struct{} // gets one when a node says that it goes
}

// visit registers a user at the first of some addresses.
func visit(t *testing.T, number int, addresses ...string) *guest {
	t.Helper()
	return &guest{resident: settleAt(t, number, addresses...), moved: make(chan struct{}, 8)}
}

// follow starts the line and notes what it gives.
func (g *guest) follow(t *testing.T) {
	t.Helper()
	g.line = g.Follow(t.Context(), nil)
	t.Cleanup(g.line.Close)
	go func() {
		for m := range g.line.Frames {
			if m.Cmd == model.CmdMove {
				select {
				case g.moved <- struct{}{}:
				default:
				}
			}
			g.note(func() { g.frames = append(g.frames, m) })
		}
	}()
}

// posts are the messages of a group that a user has seen, in the order in which
// they came.
func posts(list []model.Message, group int64) (contents []string) {
	for _, m := range list {
		if m.Cmd == model.CmdRoom && m.DstID == group {
			contents = append(contents, m.Content)
		}
	}
	return contents
}
