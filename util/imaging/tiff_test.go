package imaging

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"hongyan/util/imaging/imagetest"
)

type memory []byte

func (m memory) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(m).ReadAt(p, at) }

func (m memory) WriteAt(p []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(p)) > int64(len(m)) {
		return 0, io.ErrShortWrite
	}
	return copy(m[at:], p), nil
}

func TestForgetTIFF(t *testing.T) {
	file := memory(imagetest.GPS(6))
	place := []byte{31, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0}
	if !bytes.Contains(file, place) {
		t.Fatal("the test has no place in it")
	}
	if err := ForgetTIFF(file, int64(len(file))); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, place) {
		t.Error("the place is still in it")
	}
	if orientation(file) != 6 {
		t.Error("the orientation is gone")
	}
	huge := memory("II*\x00\x08\x00\x00\x00\x02\x00" +
		"\x00\x01\x04\x00\x01\x00\x00\x00\x50\xC3\x00\x00" + "\x01\x01\x04\x00\x01\x00\x00\x00\x50\xC3\x00\x00" + "\x00\x00\x00\x00")
	if err := ForgetTIFF(huge, int64(len(huge))); !errors.Is(err, ErrTooBig) {
		t.Errorf("50,000 x 50,000: %v", err)
	}
	circle := memory("II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00")
	if err := ForgetTIFF(circle, int64(len(circle))); !errors.Is(err, ErrBroken) {
		t.Errorf("directories in a circle: %v", err)
	}
}

func FuzzForgetTIFF(f *testing.F) {
	f.Add(imagetest.GPS(1))
	f.Add(orientationBlock(3))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := memory(bytes.Clone(data))
		if err := ForgetTIFF(file, int64(len(file))); err != nil && !errors.Is(err, ErrBroken) && !errors.Is(err, ErrTooBig) {
			t.Fatal(err)
		}
	})
}
