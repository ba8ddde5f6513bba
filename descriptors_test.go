//go:build linux

package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
	"hongyan/service/db/dbtest"
)

// A node that runs out of descriptors serves the sockets that it has, says so
// in the log, and takes new ones as soon as others have gone.
func TestDescriptorsRunOut(t *testing.T) {
	limited := []string{"sh", "-c", `ulimit -n 256 && exec "$0" "$@"`}
	node := spawnBy(t, limited, filepath.Join(t.TempDir(), "data"), dbtest.SQLite(t), "-limits", "off")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, node.log)
		}
	}
	ann, ben := client.New(node.public), client.New(node.public)
	defer ann.Close()
	defer ben.Close()
	ok(ann.Register(ctx, "13800000001", "correct horse", "安"))
	ok(ben.Register(ctx, "13800000002", "correct horse", "本"))
	for c, other := range map[*client.Client]*client.Client{ann: ben, ben: ann} {
		ok(c.Post(ctx, "/contact/addfriend", map[string]any{"dstid": other.User().ID}, nil))
	}
	from, err := ann.Dial(ctx)
	ok(err)
	defer from.Close()
	to, err := ben.Dial(ctx)
	ok(err)
	defer to.Close()

	var idle []net.Conn
	for range 400 { // the kernel takes them all; the node can open fewer
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(node.public, "http://"))
		ok(err)
		idle = append(idle, conn)
	}
	for !strings.Contains(node.log.String(), "too many open files") {
		select {
		case <-ctx.Done():
			t.Fatalf("the descriptors do not run out: %s", node.log)
		case <-time.After(20 * time.Millisecond): // the log is a file, and no event
		}
	}
	ack, err := from.Send(ctx, model.Message{Cmd: model.CmdSingle, DstID: ben.User().ID, Media: model.MediaText, Content: "still here", CID: "1"})
	ok(err)
	for m := range to.Frames {
		if m.Cmd == model.CmdSingle {
			if m.ID != ack.ID {
				t.Errorf("got %+v, acked %+v", m, ack)
			}
			break
		}
	}
	for _, conn := range idle {
		_ = conn.Close()
	}
	again, err := ben.Dial(ctx)
	ok(err)
	again.Close()
}
