package db_test

import (
	"testing"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"xorm.io/xorm"
)

// Messages come through the turning of their index as they are, each place and
// each cid stays taken, and ids go on after the last.
func TestMessagesAreCarriedOverWithTheirCids(t *testing.T) {
	dbtest.Sources(t, func(t *testing.T, source string) {
		d, err := db.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		exec := func(statement string) error {
			return d.Tx(t.Context(), func(s *xorm.Session) error {
				_, err := s.Exec(statement)
				return err
			})
		}
		const insert = `INSERT INTO message (conversationid, seq, posts, userid, cid, digest, cmd, dstid, media, content, pic, url, memo, amount, ref, at, ext, sum) VALUES `
		if err := d.MigrateBefore(t.Context(), "cids in the order of time"); err != nil {
			t.Fatal(err)
		}
		if err := exec(insert + `(1, 1, 1, 2, 'c', 5, 10, 3, 1, '你好', '', '', '', 0, 0, 7, '', 77), (1, 2, 2, 2, NULL, 6, 10, 3, 1, 'x', '', '', '', 0, 0, 8, '', 78),
			(1, 3, 3, 2, NULL, 6, 10, 3, 1, 'y', '', '', '', 0, 0, 8, '', 79)`); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a step half done is run again
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if d.Dialect == db.MySQL {
				if err := exec("DELETE FROM migration WHERE version = (SELECT * FROM (SELECT MAX(version) FROM migration) AS newest)"); err != nil {
					t.Fatal(err)
				}
			}
		}
		for row, free := range map[string]bool{
			`(1, 4, 4, 2, 'c', 5, 10, 3, 1, 'again', '', '', '', 0, 0, 9, '', 0)`:   false,
			`(1, 3, 4, 2, 'd', 5, 10, 3, 1, 'again', '', '', '', 0, 0, 9, '', 0)`:   false,
			`(1, 4, 4, 3, 'c', 5, 10, 2, 1, 'another', '', '', '', 0, 0, 9, '', 1)`: true,
		} {
			if err := exec(insert + row); free != (err == nil) || !free && !db.IsDuplicate(err) {
				t.Errorf("%s: %v", row, err)
			}
		}
		var sums string
		if err := d.View(t.Context(), func(s *xorm.Session) error {
			_, err := s.SQL(`SELECT GROUP_CONCAT(sum) FROM (SELECT sum FROM message WHERE id > 0 AND userid = 2 AND content IN ('你好', 'x', 'y') ORDER BY id) AS rowsthere`).Get(&sums)
			return err
		}); err != nil || sums != "77,78,79" {
			t.Errorf("the rows are %q, %v", sums, err)
		}
	})
}
