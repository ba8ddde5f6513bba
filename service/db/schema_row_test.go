package db_test

import (
	"testing"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"xorm.io/xorm"
)

// Messages of before the check sums come through the migration as they are, and
// SQLite counts the changes of who may speak from then on.
func TestMessagesOfBeforeTheSumsAreCarriedOver(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		d, err := db.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		exec := func(statements ...string) {
			t.Helper()
			if err := d.Tx(t.Context(), func(s *xorm.Session) error {
				for _, statement := range statements {
					if _, err := s.Exec(statement); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		number := func(query string) (n int64) {
			t.Helper()
			if err := d.View(t.Context(), func(s *xorm.Session) error {
				_, err := s.SQL(query).Get(&n)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := d.MigrateBefore(t.Context(), "check sums of messages"); err != nil {
			t.Fatal(err)
		}
		exec(`INSERT INTO message (conversationid, seq, posts, userid, cid, digest, cmd, dstid, media, content, pic, url, memo, amount, ref, at, ext)
			VALUES (1, 1, 1, 2, 'c', 5, 10, 3, 1, '你好', '', '', '', 0, 0, 7, ''), (1, 2, 2, 2, NULL, 6, 10, 3, 1, 'x', '', '', '', 0, 0, 8, '')`)
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := number("SELECT COUNT(*) FROM message WHERE sum = 0 AND (content = '你好' AND cid = 'c' AND digest = 5 OR content = 'x' AND cid IS NULL)"); n != 2 {
			t.Errorf("%d of 2 messages are there", n)
		}
		if d.Dialect != db.SQLite {
			return
		}
		rights := func() int64 { return number("SELECT value FROM state WHERE name = 'rights'") }
		exec("INSERT INTO conversation (kind, low, high, seq, posts, lastpost, lastat) VALUES (11, 1, 0, 0, 0, 0, 0)",
			`INSERT INTO member (conversationid, userid, peerid, role, muteduntil, readseq, readposts, own, delivered, mentionseq, pinned, muted, draft, createat)
			VALUES (1, 2, 0, 'member', 0, 0, 0, 0, 0, 0, FALSE, FALSE, '', 0)`)
		for statement, counts := range map[string]bool{
			"UPDATE member SET own = own + 1, readseq = 1": false, "UPDATE member SET muteduntil = 9": true,
			"UPDATE member SET role = 'admin'": true, "DELETE FROM member": true,
			"INSERT INTO contact (userid, dstid, remark, createat) VALUES (1, 2, '', 0)": true, "DELETE FROM contact": true,
			"INSERT INTO block (userid, dstid, createat) VALUES (1, 2, 0)": true, "DELETE FROM block": true,
		} {
			if statement == "DELETE FROM contact" {
				exec("INSERT INTO contact (userid, dstid, remark, createat) VALUES (3, 4, '', 0)")
			}
			if statement == "DELETE FROM block" {
				exec("INSERT INTO block (userid, dstid, createat) VALUES (3, 4, 0)")
			}
			if number("SELECT COUNT(*) FROM member") == 0 {
				exec(`INSERT INTO member (conversationid, userid, peerid, role, muteduntil, readseq, readposts, own, delivered, mentionseq, pinned, muted, draft, createat)
					VALUES (1, 2, 0, 'member', 0, 0, 0, 0, 0, 0, FALSE, FALSE, '', 0)`)
			}
			before := rights()
			exec(statement)
			if moved := rights() > before; moved != counts {
				t.Errorf("%s: counted %v, want %v", statement, moved, counts)
			}
		}
	})
}
