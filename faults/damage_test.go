//go:build linux

package faults

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hongyan/model"
)

// victim is a database that was left by a killed server, to be damaged in copies.
type victim struct {
	*town
	dir string
}

// newVictim lets a town talk and kills its server. If folded, all of the log is
// in the database file.
func newVictim(t *testing.T, folded bool) *victim {
	t.Helper()
	v := &victim{dir: t.TempDir()}
	s := spawn(t, v.dir)
	v.town = newTown(t, s.public)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { v.talk(ctx, s.public, 8) })
	await(t, "acks", func() bool { return v.acked.Load() > 500 })
	s.kill()
	stop()
	all.Wait()
	if folded {
		pool := openSQLite(t, filepath.Join(v.dir, "hongyan.db"))
		_, err := pool.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
		v.ok(errors.Join(err, pool.Close()))
	}
	return v
}

// copied is a copy of the data with one file changed.
func (v *victim) copied(t *testing.T, name string, change func([]byte) []byte) string {
	t.Helper()
	to := t.TempDir()
	v.ok(os.CopyFS(to, os.DirFS(v.dir)))
	path := filepath.Join(to, name)
	content, err := os.ReadFile(path)
	v.ok(err)
	v.ok(os.WriteFile(path, change(content), 0o600))
	return to
}

// verdict is what became of a damaged database.
type verdict struct {
	refused, failed bool // at start, or when it was read
	shown           int  // messages as they were sent
	wrong           []model.Message
}

// serve starts a server on a folder and reads everything.
func (v *victim) serve(t *testing.T, data string) (r verdict) {
	t.Helper()
	s, err := launch(t, nil, data)
	if errors.Is(err, errEnded) && !s.log.has("panic") && s.log.has("hongyan: ") {
		return verdict{refused: true}
	}
	v.ok(err)
	defer s.kill()
	seen := map[string]bool{}
	for i, p := range v.people {
		c := v.client(i, s.public)
		defer c.Close()
		for kind, dstID := range map[int]int64{model.KindSingle: p.friend, model.KindRoom: v.group} {
			for after := int64(0); ; {
				page, err := c.History(t.Context(), kind, dstID, after, 50)
				if err != nil {
					r.failed = true
					break
				}
				for _, m := range page {
					cid, ok := strings.CutSuffix(m.Content, " 鸿雁")
					ack, acked := v.acks[cid]
					// One without an ack may be there too, as it was on its way.
					good := ok && strings.HasPrefix(cid, v.tally+"-") && m.Seq == after+1 && (!acked || m.ID == ack.ID && m.Seq == ack.Seq)
					if m.IsPost() && !good {
						r.wrong = append(r.wrong, m)
					}
					seen[cid] = seen[cid] || acked && good
					after = m.Seq
				}
				if len(page) < 50 {
					break
				}
			}
		}
	}
	for _, good := range seen {
		if good {
			r.shown++
		}
	}
	return r
}

// TestFlippedBits: a bit of the pages that hold the messages flips. Whatever the
// server shows is what was sent, or it says that it cannot.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	v := newVictim(t, true)
	var refused, failed, harmless int
	n := times(t, 6, 300)
	for i := range n {
		where := rand.New(rand.NewPCG(1, uint64(i)))
		data := v.copied(t, "hongyan.db", func(file []byte) []byte {
			const page = 4096
			var pages []int
			for at := 0; at+page <= len(file); at += page {
				if bytes.Contains(file[at:at+page], []byte(" 鸿雁")) {
					pages = append(pages, at)
				}
			}
			at := pages[where.IntN(len(pages))]
			if i%2 == 0 { // in the words themselves
				text := bytes.Index(file[at:at+page], []byte(" 鸿雁"))
				file[at+text-1] ^= 1 << where.IntN(3) // another digit of the cid
			} else {
				file[at+where.IntN(page)] ^= 1 << where.IntN(8)
			}
			return file
		})
		switch r := v.serve(t, data); {
		case len(r.wrong) > 0:
			t.Errorf("flip %d: shown as if nothing were wrong: %+v", i, r.wrong[0])
		case r.refused:
			refused++
		case r.failed:
			failed++
		case r.shown != len(v.acks):
			t.Errorf("flip %d: %d of %d are shown, and nothing is said", i, r.shown, len(v.acks))
		default:
			harmless++
		}
	}
	t.Logf("%d flips: %d starts refused, %d readings refused, %d in bytes that hold nothing, 0 shown", n, refused, failed, harmless)
}

// TestDamagedLog: the log is cut off or damaged, or its index is gone. What is
// left is what was sent, without a hole.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	v := newVictim(t, false)
	for i := range times(t, 4, 100) {
		where := rand.New(rand.NewPCG(2, uint64(i)))
		data := v.copied(t, "hongyan.db-wal", func(file []byte) []byte {
			at := where.IntN(len(file))
			if i%2 == 0 {
				return file[:at]
			}
			file[at] ^= 1 << where.IntN(8)
			return file
		})
		if r := v.serve(t, data); len(r.wrong) > 0 {
			t.Errorf("%d: shown: %+v", i, r.wrong[0])
		}
	}
	data := v.copied(t, "hongyan.db-shm", func([]byte) []byte { return nil })
	v.ok(os.Remove(filepath.Join(data, "hongyan.db-shm")))
	if r := v.serve(t, data); len(r.wrong) > 0 || r.shown != len(v.acks) {
		t.Errorf("without the log's index %d of %d are shown, wrong %v", r.shown, len(v.acks), r.wrong)
	}
}
