package limit

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAllow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Every(10*time.Second), 3, 100)
		for i := range 3 {
			if ok, _ := l.Allow("a"); !ok {
				t.Fatalf("request %d of the burst was refused", i)
			}
		}
		ok, wait := l.Allow("a")
		if ok || wait <= 9*time.Second || wait > 10*time.Second {
			t.Fatalf("over the burst: allowed %v, retry after %v, want about 10 s", ok, wait)
		}
		if ok, _ := l.Allow("b"); !ok {
			t.Fatal("one key's bucket is another's")
		}
		for range 50 { // asking in vain must not put the next token off
			l.Allow("a")
		}
		time.Sleep(wait)
		if ok, _ := l.Allow("a"); !ok {
			t.Fatal("refused although the time told has passed")
		}
	})
}

func TestKeysAreBounded(t *testing.T) {
	l := New(1, 1, 10)
	for i := range 10_000 {
		l.Allow(strconv.Itoa(i))
	}
	if got := l.Len(); got != 10 {
		t.Fatalf("%d keys are remembered, want 10", got)
	}
	if ok, _ := l.Allow("9999"); ok {
		t.Fatal("the key seen last was forgotten")
	}
}

func TestNilAllows(t *testing.T) {
	var l *Limiter
	for range 100 {
		if ok, wait := l.Allow("a"); !ok || wait != 0 {
			t.Fatal("a nil limiter refused")
		}
	}
	if l.Len() != 0 {
		t.Fatal("a nil limiter has keys")
	}
}

func TestConcurrentUseTakesEachTokenOnce(t *testing.T) {
	l := New(0, 100, 4)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				if ok, _ := l.Allow("a"); ok {
					taken.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := taken.Load(); got != 100 {
		t.Fatalf("%d tokens taken of a bucket of 100", got)
	}
}
