package bmff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

// memory is a file in memory.
type memory []byte

func (m memory) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(m).ReadAt(p, at) }

func (m memory) WriteAt(p []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(p)) > int64(len(m)) {
		return 0, io.ErrShortWrite
	}
	return copy(m[at:], p), nil
}

func makeBox(kind string, content ...string) string {
	body := strings.Join(content, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))) + kind + body
}

const full = "\x00\x00\x00\x00" // version and flags

func film() string {
	place := makeBox("udta", makeBox("\xa9xyz", "\x00\x12\x15\xc7+31.2304+121.4737/"), makeBox("loci", "GPSSECRET"))
	return makeBox("ftyp", "isom\x00\x00\x02\x00") + makeBox("free", "GPSSECRET") +
		makeBox("moov", makeBox("mvhd", strings.Repeat("h", 100)), place,
			makeBox("trak", makeBox("tkhd", strings.Repeat("k", 80)), makeBox("meta", "GPSSECRET"), makeBox("mdia", makeBox("mdhd", "d"))),
			makeBox("meta", full+"com.apple.quicktime.location.ISO6709 +31.2304+121.4737/")) +
		makeBox("uuid", "0123456789abcdef<x:xmpmeta>GPSSECRET") + makeBox("mdat", "pictures and sounds")
}

// still is a picture with an EXIF item in the file and an XMP item in its
// directory.
func still(version byte) string {
	entry := func(id byte, kind string) string {
		return makeBox("infe", "\x02\x00\x00\x00\x00"+string(id)+"\x00\x00"+kind+"\x00")
	}
	build := func(exif, picture int) string {
		place := func(id byte, method byte, at, length int) string {
			b := []byte{0, id}
			if version > 0 {
				b = append(b, 0, method)
			}
			b = binary.BigEndian.AppendUint16(append(b, 0, 0), 1)
			b = binary.BigEndian.AppendUint32(b, uint32(at))
			return string(binary.BigEndian.AppendUint32(b, uint32(length)))
		}
		inner, count, list := place(3, 1, 4, 9), "\x00\x03", entry(3, "mime")
		if version == 0 { // which knows no items inside the directory
			inner, count, list = "", "\x00\x02", ""
		}
		return makeBox("ftyp", "heic\x00\x00\x00\x00mif1heic") + makeBox("meta", full,
			makeBox("hdlr", full+"\x00\x00\x00\x00pict"),
			makeBox("iinf", full+count+entry(1, "hvc1")+entry(2, "Exif")+list),
			makeBox("iloc", string(version)+"\x00\x00\x00\x44\x00"+count+place(1, 0, picture, 7)+place(2, 0, exif, 15)+inner),
			makeBox("idat", "keepXMPSECRET"))
	}
	head := len(build(0, 0)) + 8
	return build(head, head+15) + makeBox("mdat", "Exif\x00\x00GPSSECRET"+"picture")
}

func TestForget(t *testing.T) {
	for name, c := range map[string]struct {
		data  string
		still bool
		kept  []string
	}{
		"film":             {film(), false, []string{"mvhd" + strings.Repeat("h", 100), "tkhd", "mdhd", "pictures and sounds", "isom"}},
		"film cut off":     {film()[:len(film())-5], false, []string{"mvhd", "pictures"}},
		"picture":          {still(0), true, []string{"picture", "hvc1", "keep"}},
		"picture, inside":  {still(1), true, []string{"picture", "hvc1", "keep"}},
		"nothing but type": {makeBox("ftyp", "isom\x00\x00\x02\x00"), false, nil},
		"no boxes behind":  {makeBox("ftyp", "isom\x00\x00\x02\x00") + "\x00\x00\x00\x03garbage", false, []string{"garbage"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := memory(c.data)
			if err := Forget(file, int64(len(file)), c.still); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"GPSSECRET", "+31.2304", "XMPSECRET"} {
				if name == "picture" && secret == "XMPSECRET" {
					continue // not told of in that directory
				}
				if bytes.Contains(file, []byte(secret)) {
					t.Errorf("%s is still in it", secret)
				}
			}
			for _, kept := range c.kept {
				if !bytes.Contains(file, []byte(kept)) {
					t.Errorf("%q is gone", kept)
				}
			}
			if len(file) != len(c.data) {
				t.Error("its length has changed")
			}
		})
	}
}

func TestForgetRefuses(t *testing.T) {
	deep := "x"
	for range maxDepth + 2 {
		deep = makeBox("moov", deep)
	}
	for name, data := range map[string]string{
		"box beyond its parent": makeBox("moov", "\x00\x00\xff\xffudta"),
		"box of no length":      makeBox("moov", "\x00\x00\x00\x04udta"),
		"too deep":              deep,
		"too many":              strings.Repeat(makeBox("xxxx"), maxBoxes+1),
		"half a directory":      makeBox("meta", full, "\x00\x00\xff\xffiinf"),
		"no places":             makeBox("meta", full, makeBox("iinf", full+"\x00\x01"+makeBox("infe", "\x02\x00\x00\x00\x00\x02\x00\x00Exif\x00"))),
		"place outside":         strings.Replace(still(1), "\x00\x00\x00\x0f", "\x7f\x00\x00\x0f", 1),
	} {
		file := memory(data)
		if err := Forget(file, int64(len(file)), true); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzForget(f *testing.F) {
	f.Add([]byte(film()), false)
	f.Add([]byte(still(0)), true)
	f.Add([]byte(still(1)), true)
	f.Fuzz(func(t *testing.T, data []byte, still bool) {
		file := memory(bytes.Clone(data))
		if err := Forget(file, int64(len(file)), still); err != nil {
			if !errors.Is(err, ErrBroken) {
				t.Fatal(err)
			}
			return
		}
		again := memory(bytes.Clone(file))
		if err := Forget(again, int64(len(again)), still); err != nil {
			t.Skip() // an overlap has blanked a box: who made it so has lost it
		}
	})
}
