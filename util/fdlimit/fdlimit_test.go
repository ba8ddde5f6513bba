package fdlimit

import (
	"runtime"
	"testing"
)

func TestRaiseIsStable(t *testing.T) {
	first, ok := Raise()
	if !ok {
		t.Skipf("no descriptor limit on %s", runtime.GOOS)
	}
	if second, _ := Raise(); second != first || first == 0 {
		t.Errorf("limits %d, then %d", first, second)
	}
}
