//go:build linux

package faults

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the driver of MariaDB
	_ "modernc.org/sqlite"             // the driver of the exported files

	"hongyan/faults/disk"
	"hongyan/model"
)

// losses is what was promised and is not there, and what should not be.
type losses struct {
	messages, files, accounts int
	damage                    []string
}

func (l losses) none() bool {
	return l.messages+l.files+l.accounts == 0 && len(l.damage) == 0
}

// judge compares a database with what was promised.
func (w *town) judge(pool *sql.DB) (l losses) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	rows, err := pool.QueryContext(w.Context(), "SELECT COALESCE(cid, ''), id, seq, content FROM message")
	w.ok(err)
	defer func() { _ = rows.Close() }()
	stored := map[string]model.Message{}
	for rows.Next() {
		var m model.Message
		w.ok(rows.Scan(&m.CID, &m.ID, &m.Seq, &m.Content))
		if _, twice := stored[m.CID]; twice && m.CID != "" {
			l.damage = append(l.damage, m.CID+" is stored twice")
		}
		stored[m.CID] = m
	}
	w.ok(rows.Err())
	for cid, ack := range w.acks {
		m, there := stored[cid]
		switch {
		case !there:
			l.messages++
		case m.ID != ack.ID || m.Seq != ack.Seq || m.Content != cid+" 鸿雁":
			l.damage = append(l.damage, fmt.Sprintf("%s was acknowledged as %d/%d and is %d/%d %q", cid, ack.ID, ack.Seq, m.ID, m.Seq, m.Content))
		}
	}
	l.damage = append(l.damage, w.gaps(pool)...)
	for id := range w.accounts {
		if w.count(pool, "SELECT COUNT(*) FROM user u JOIN session s ON s.userid = u.id WHERE u.id = ?", id) == 0 {
			l.accounts++
		}
	}
	for url := range w.files {
		if w.count(pool, "SELECT COUNT(*) FROM attachment WHERE name_key = ?", keyOf(url)) != 1 {
			l.files++
		}
	}
	return l
}

// gaps looks whether each timeline is 1, 2, 3, …, as long as it says.
func (w *town) gaps(pool *sql.DB) (found []string) {
	rows, err := pool.QueryContext(w.Context(),
		"SELECT c.id, c.seq, COUNT(*), MAX(m.seq) FROM conversation c JOIN message m ON m.conversationid = c.id GROUP BY c.id, c.seq")
	w.ok(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, seq, count, last int64
		w.ok(rows.Scan(&id, &seq, &count, &last))
		if count != last || last != seq {
			found = append(found, fmt.Sprintf("conversation %d says %d, has %d up to %d", id, seq, count, last))
		}
	}
	w.ok(rows.Err())
	return found
}

func (w *town) count(pool *sql.DB, query string, args ...any) (n int) {
	w.Helper()
	w.ok(pool.QueryRowContext(w.Context(), query, args...).Scan(&n))
	return n
}

// openSQLite opens a database file as another program would.
func openSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	// The name of a test's folder may have a # in it.
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// judgeDisk compares a disk with what was promised.
func (w *town) judgeDisk(d *disk.Disk) losses {
	w.Helper()
	dir := w.TempDir()
	w.ok(d.Export(dir))
	defer func() { _ = os.RemoveAll(dir) }()
	return w.judgeFolder(dir)
}

// judgeFolder compares a copy of a data folder with what was promised: the
// database opened as another process would, and the files.
func (w *town) judgeFolder(dir string) (l losses) {
	w.Helper()
	pool := openSQLite(w.T, filepath.Join(dir, "hongyan.db"))
	defer func() { _ = pool.Close() }()
	verdict := ""
	if err := pool.QueryRowContext(w.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		return losses{messages: len(w.acks), damage: []string{fmt.Sprintf("integrity_check: %s %v", verdict, err)}}
	}
	if w.count(pool, "SELECT COUNT(*) FROM sqlite_schema WHERE name IN ('user', 'session', 'message', 'attachment')") != 4 {
		return losses{messages: len(w.acks), files: len(w.files), accounts: len(w.accounts), damage: []string{"not even the tables are there"}}
	}
	l = w.judge(pool)
	for url, sum := range w.files {
		key := keyOf(url)
		content, err := os.ReadFile(filepath.Join(dir, "files", key[:2], key))
		if err != nil || sha256.Sum256(content) != sum {
			l.files++
		}
	}
	return l
}

// asked compares what a server answers with what was promised: the timelines as
// their readers get them, and some of the files and accounts.
func (w *town) asked(t *testing.T, address string) {
	t.Helper()
	seen := map[string]model.Message{}
	for i, p := range w.people {
		c := w.client(i, address)
		defer c.Close()
		for _, place := range []struct {
			kind  int
			dstID int64
		}{{model.KindSingle, p.friend}, {model.KindRoom, w.group}} {
			for after := int64(0); ; {
				page, err := c.History(t.Context(), place.kind, place.dstID, after, 200)
				w.ok(err)
				for _, m := range page {
					if after++; m.Seq != after {
						t.Fatalf("seq %d in %v, want %d", m.Seq, place, after)
					}
					cid, _, _ := bytes.Cut([]byte(m.Content), []byte(" "))
					seen[string(cid)] = m
				}
				if len(page) < 200 {
					break
				}
			}
		}
	}
	for cid, ack := range w.acks {
		if m := seen[cid]; m.ID != ack.ID || m.Seq != ack.Seq {
			t.Errorf("%s was acknowledged as %d/%d and is shown as %d/%d", cid, ack.ID, ack.Seq, m.ID, m.Seq)
		}
	}
	for url, sum := range w.files {
		if content, err := w.get(t.Context(), address, url); err != nil || sha256.Sum256(content) != sum {
			t.Errorf("%s: %d bytes, %v", url, len(content), err)
		}
	}
}
