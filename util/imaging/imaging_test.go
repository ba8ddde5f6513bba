package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"runtime"
	"strings"
	"testing"

	"hongyan/util/imaging/imagetest"
)

func clean(t testing.TB, data []byte, format string) (Info, []byte) {
	t.Helper()
	src := bytes.NewReader(data)
	info, err := Inspect(src, format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Clean(&out, src, info); err != nil {
		t.Fatal(err)
	}
	return info, out.Bytes()
}

func TestCleanLeavesNoMetadata(t *testing.T) {
	for _, c := range []struct {
		name, format  string
		data          []byte
		width, height int
		orientation   int
		frames        int
	}{
		{"photograph", JPEG, imagetest.Photo(60, 40, 1), 60, 40, 1, 1},
		{"turned photograph", JPEG, imagetest.Photo(60, 40, 6), 60, 40, 6, 1},
		{"png", PNG, imagetest.PNG(30, 20, 1), 30, 20, 1, 1},
		{"turned png", PNG, imagetest.PNG(30, 20, 8), 30, 20, 8, 1},
		{"gif", GIF, imagetest.GIF(10, 12, 7), 10, 12, 1, 7},
		{"webp", WebP, imagetest.WebP(false), 24, 16, 1, 1},
		{"lossless webp", WebP, imagetest.WebP(true), 5, 4, 1, 1},
		{"tagged webp", WebP, imagetest.TaggedWebP(24, 16, 1), 24, 16, 1, 1},
		{"turned webp", WebP, imagetest.TaggedWebP(24, 16, 3), 24, 16, 3, 1},
		{"animated webp", WebP, imagetest.AnimatedWebP(100, 50, 9), 100, 50, 1, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			info, out := clean(t, c.data, c.format)
			if info.Width != c.width || info.Height != c.height || info.Orientation != c.orientation || info.Frames != c.frames {
				t.Fatalf("%+v, want %d x %d, orientation %d, %d frames", info, c.width, c.height, c.orientation, c.frames)
			}
			for _, secret := range imagetest.Secrets() {
				if bytes.Contains(out, []byte(secret)) {
					t.Errorf("%s is still in it", secret)
				}
			}
			again, twice := clean(t, out, c.format)
			if again.Width != c.width || again.Orientation != c.orientation || again.Frames != c.frames {
				t.Errorf("the copy says %+v", again)
			}
			if !bytes.Equal(out, twice) {
				t.Error("cleaning what is clean changes it")
			}
			if !info.Decodable() {
				return
			}
			before, err := Decode(bytes.NewReader(c.data), info)
			if err != nil {
				t.Fatal(err)
			}
			after, err := Decode(bytes.NewReader(out), again)
			if err != nil {
				t.Fatal(err)
			}
			if !samePixels(before, after) {
				t.Error("the pixels have changed")
			}
		})
	}
}

func samePixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

func TestCleanKeepsTheColourProfile(t *testing.T) {
	_, out := clean(t, imagetest.Photo(20, 20, 1), JPEG)
	if !bytes.Contains(out, []byte(imagetest.Profile)) {
		t.Fatal("the colour profile is gone")
	}
}

func TestRefused(t *testing.T) {
	photo := imagetest.Photo(20, 20, 1)
	scan := bytes.Index(photo, []byte{0xFF, 0xDA})
	manyScans := append([]byte(nil), photo[:scan]...)
	for range maxScans + 1 {
		manyScans = append(manyScans, 0xFF, 0xDA, 0, 3, 0, 1, 2, 3)
	}
	manyScans = append(manyScans, 0xFF, 0xD9)
	hugeJPEG := bytes.Clone(photo)
	frame := bytes.Index(hugeJPEG, []byte{0xFF, 0xC0})
	copy(hugeJPEG[frame+5:], []byte{0xC3, 0x50, 0xC3, 0x50})
	for _, c := range []struct {
		name, format string
		data         []byte
		want         error
	}{
		{"50,000 x 50,000 png", PNG, imagetest.HugePNG(50_000, 50_000), ErrTooBig},
		{"png of 4 billion squared", PNG, imagetest.HugePNG(1<<31-1, 1<<31-1), ErrTooBig},
		{"png beyond the format", PNG, imagetest.HugePNG(1<<32-1, 1), ErrBroken},
		{"png without pixels", PNG, imagetest.HugePNG(0, 10), ErrBroken},
		{"50,000 x 50,000 jpeg", JPEG, hugeJPEG, ErrTooBig},
		{"jpeg of many scans", JPEG, manyScans, ErrTooBig},
		{"gif of 10,000 frames", GIF, imagetest.GIF(2, 2, 10_000), ErrTooBig},
		{"large gif of many frames", GIF, imagetest.GIF(2000, 2000, 300), ErrTooBig},
		{"huge webp", WebP, imagetest.TaggedWebP(16_384, 16_384, 1), ErrTooBig},
		{"webp that lies about its canvas", WebP, imagetest.TaggedWebP(24, 17, 1), ErrBroken},
		{"webp of 10,000 frames", WebP, imagetest.AnimatedWebP(2, 2, 10_000), ErrTooBig},
		{"gif that is a script", GIF, []byte("GIF89a=1;alert(document.domain);/*" + strings.Repeat(" ", 100)), ErrTooBig},
		{"jpeg that is a page", JPEG, []byte("\xFF\xD8\xFF\xE0<html><script>alert(1)</script></html>"), ErrBroken},
		{"png that is a page", PNG, []byte("\x89PNG\r\n\x1a\n<html><script>alert(1)</script></html>"), ErrBroken},
		{"nothing", JPEG, nil, ErrBroken},
		{"half a jpeg header", JPEG, photo[:30], ErrBroken},
		{"half a png", PNG, imagetest.PNG(9, 9, 1)[:60], ErrBroken},
		{"half a gif", GIF, imagetest.GIF(9, 9, 2)[:20], ErrBroken},
		{"half a webp", WebP, imagetest.WebP(false)[:50], ErrBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Inspect(bytes.NewReader(c.data), c.format); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestBombsCostNothing shows that what is refused is refused before its pixels
// are paid for.
func TestBombsCostNothing(t *testing.T) {
	for name, data := range map[string][]byte{
		PNG: imagetest.HugePNG(50_000, 50_000), GIF: imagetest.GIF(2, 2, 10_000), WebP: imagetest.TaggedWebP(16_384, 16_384, 1),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Inspect(bytes.NewReader(data), name); err == nil {
			t.Errorf("%s: not refused", name)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			t.Errorf("%s: refusing it takes %d bytes", name, got)
		}
	}
}

func TestTruncatedScanDoesNotDecode(t *testing.T) {
	photo := imagetest.Photo(600, 400, 1)
	info, out := clean(t, photo[:len(photo)/2], JPEG)
	if _, err := Decode(bytes.NewReader(out), info); !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v, want %v", err, ErrBroken)
	}
}

// TestUpright turns a picture as each orientation asks and looks where its red
// quarter, stored in the upper left, is seen then.
func TestUpright(t *testing.T) {
	const width, height = 64, 32
	cmyk := image.NewCMYK(image.Rect(0, 0, width, height))
	grey := image.NewGray(image.Rect(0, 0, width, height))
	scene := imagetest.Scene(width, height)
	for y := range height {
		for x := range width {
			cmyk.Set(x, y, scene.At(x, y))
			grey.Set(x, y, scene.At(x, y))
		}
	}
	kinds := map[string]image.Image{"rgba": scene, "grey": grey, "cmyk": cmyk}
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio422,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411,
	} {
		img := image.NewYCbCr(scene.Bounds(), ratio)
		for y := range height {
			for x := range width {
				c := color.YCbCrModel.Convert(scene.At(x, y)).(color.YCbCr)
				img.Y[img.YOffset(x, y)], img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = c.Y, c.Cb, c.Cr
			}
		}
		kinds[ratio.String()] = img
	}
	// Where the stored upper left corner is seen: right?, below?
	corners := [9][2]bool{1: {}, 2: {true, false}, 3: {true, true}, 4: {false, true}, 5: {}, 6: {true, false}, 7: {true, true}, 8: {false, true}}
	for name, img := range kinds {
		for o := 1; o <= 8; o++ {
			t.Run(fmt.Sprintf("%s %d", name, o), func(t *testing.T) {
				got := Upright(img, o)
				wantWidth, wantHeight := Info{Width: width, Height: height, Orientation: o}.Size()
				if size := got.Bounds().Size(); size.X != wantWidth || size.Y != wantHeight {
					t.Fatalf("%v, want %d x %d", size, wantWidth, wantHeight)
				}
				for _, right := range []bool{false, true} {
					for _, below := range []bool{false, true} {
						x, y := wantWidth/4, wantHeight/4
						if right {
							x = wantWidth * 3 / 4
						}
						if below {
							y = wantHeight * 3 / 4
						}
						want := img.At(width*3/4, height*3/4)
						if corners[o] == [2]bool{right, below} {
							want = img.At(width/4, height/4)
						}
						if !near(got.At(x, y), want) {
							t.Errorf("at %d, %d: %v, want %v", x, y, got.At(x, y), want)
						}
					}
				}
			})
		}
	}
}

func near(a, b color.Color) bool {
	r, g, bl, _ := a.RGBA()
	r2, g2, bl2, _ := b.RGBA()
	for _, d := range []int{int(r) - int(r2), int(g) - int(g2), int(bl) - int(bl2)} {
		if d > 0x1400 || d < -0x1400 {
			return false
		}
	}
	return true
}

func TestEncodeUpright(t *testing.T) {
	photo := imagetest.Photo(60, 40, 6)
	info, _ := clean(t, photo, JPEG)
	src := bytes.NewReader(photo)
	img, err := Decode(src, info)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := EncodeUpright(&out, img, info, src); err != nil {
		t.Fatal(err)
	}
	turned, err := jpeg.Decode(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if size := turned.Bounds().Size(); size != (image.Point{X: 40, Y: 60}) {
		t.Fatalf("%v", size)
	}
	if !near(turned.At(30, 10), color.RGBA{R: 220, A: 255}) {
		t.Error("the upper right corner is not the one that was upper left")
	}
	if !bytes.Contains(out.Bytes(), []byte(imagetest.Profile)) {
		t.Error("the colour profile is gone")
	}
	if bytes.Contains(out.Bytes(), []byte("Exif")) {
		t.Error("there is EXIF in it")
	}
	if got, _ := clean(t, out.Bytes(), JPEG); got.Orientation != 1 || got.Width != 40 {
		t.Errorf("it says %+v", got)
	}
}

func TestThumbnail(t *testing.T) {
	for _, c := range []struct {
		name          string
		img           image.Image
		orientation   int
		width, height int
		format        string
	}{
		{"wide", imagetest.Scene(1800, 900), 1, 480, 240, JPEG},
		{"huge", imagetest.Scene(4000, 3000), 6, 360, 480, JPEG},
		{"small", imagetest.Scene(50, 30), 1, 50, 30, JPEG},
		{"thin", imagetest.Scene(4000, 1), 1, 480, 1, JPEG},
		{"see-through", image.NewNRGBA(image.Rect(0, 0, 600, 600)), 1, 480, 480, PNG},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, format, err := Thumbnail(c.img, c.orientation)
			if err != nil {
				t.Fatal(err)
			}
			info, err := Inspect(bytes.NewReader(data), format)
			if err != nil {
				t.Fatal(err)
			}
			if format != c.format || info.Width != c.width || info.Height != c.height {
				t.Fatalf("%s %d x %d", format, info.Width, info.Height)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	formats := []string{JPEG, PNG, GIF, WebP}
	for i, seeds := range [][][]byte{
		{imagetest.Photo(20, 10, 6), imagetest.Photo(3, 3, 1)},
		{imagetest.PNG(7, 5, 3), imagetest.HugePNG(50_000, 50_000)},
		{imagetest.GIF(4, 4, 3)},
		{imagetest.WebP(false), imagetest.WebP(true), imagetest.TaggedWebP(24, 16, 5), imagetest.AnimatedWebP(9, 9, 2)},
	} {
		for _, seed := range seeds {
			f.Add(byte(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		format := formats[int(which)%len(formats)]
		src := bytes.NewReader(data)
		info, err := Inspect(src, format)
		if err != nil {
			if !errors.Is(err, ErrBroken) && !errors.Is(err, ErrTooBig) {
				t.Fatalf("neither broken nor too big: %v", err)
			}
			return
		}
		var out bytes.Buffer
		if err := Clean(&out, src, info); err != nil {
			t.Fatalf("inspected, not copied: %v", err)
		}
		again, err := Inspect(bytes.NewReader(out.Bytes()), format)
		if err != nil {
			t.Fatalf("the copy is not readable: %v", err)
		}
		if again.Width != info.Width || again.Height != info.Height || again.Orientation != info.Orientation {
			t.Fatalf("the copy says %+v, the picture %+v", again, info)
		}
		if info.DecodeBytes <= 1<<20 && info.Decodable() {
			if img, err := Decode(bytes.NewReader(out.Bytes()), info); err == nil {
				_, _, _ = Thumbnail(img, info.Orientation)
				_ = EncodeUpright(io.Discard, img, info, bytes.NewReader(out.Bytes()))
			}
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(imagetest.GPS(6))
	f.Add(orientationBlock(3))
	f.Add([]byte("Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, block []byte) {
		if o := orientation(block); o < 1 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
	})
}
