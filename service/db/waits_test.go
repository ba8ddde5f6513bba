package db_test

import (
	"runtime"
	"sync"
	"testing"

	"hongyan/service/db"
	"hongyan/service/db/dbtest"

	"xorm.io/xorm"
)

// A transaction that another one holds up is counted; alone, none is.
func TestWaits(t *testing.T) {
	d, err := db.Open(dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	nothing := func(*xorm.Session) error { return nil }
	for range 3 {
		if err := d.Tx(t.Context(), nothing); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.Waits(); n != 0 {
		t.Errorf("%d waits of transactions one after the other", n)
	}
	var second sync.WaitGroup
	if err := d.Tx(t.Context(), func(*xorm.Session) error {
		second.Go(func() {
			if err := d.Tx(t.Context(), nothing); err != nil {
				t.Error(err)
			}
		})
		for d.Waits() == 0 { // the second comes to wait
			runtime.Gosched()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	second.Wait()
}
