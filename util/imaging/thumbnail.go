package imaging

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// ThumbnailSide is the longer side of a thumbnail at most, in pixels.
const ThumbnailSide = 480

const (
	thumbnailQuality = 82
	maxThumbnailPNG  = 256 << 10 // a larger one loses its transparency instead
)

// Thumbnail gives a small upright copy of a decoded picture, encoded, and its
// type: JPEG, or PNG where something shines through.
func Thumbnail(img image.Image, orientation int) (data []byte, format string, err error) {
	small := Upright(shrink(img, ThumbnailSide), orientation).(*image.RGBA)
	var out bytes.Buffer
	if !small.Opaque() {
		if err := png.Encode(&out, small); err != nil {
			return nil, "", err
		}
		if out.Len() <= maxThumbnailPNG {
			return out.Bytes(), PNG, nil
		}
		out.Reset()
		paper := image.NewRGBA(small.Bounds())
		draw.Draw(paper, paper.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(paper, paper.Bounds(), small, small.Bounds().Min, draw.Over)
		small = paper
	}
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: thumbnailQuality}); err != nil {
		return nil, "", err
	}
	return out.Bytes(), JPEG, nil
}

// shrink scales a picture down so that its longer side is at most side. It
// halves while it can, which is fast and averages every pixel in, and leaves
// the rest to a better and slower filter.
func shrink(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	width, height := b.Dx(), b.Dy()
	for max(width, height) >= 4*side {
		width, height = max(width/2, 1), max(height/2, 1)
		half := image.NewRGBA(image.Rect(0, 0, width, height))
		draw.ApproxBiLinear.Scale(half, half.Bounds(), img, b, draw.Src, nil)
		img, b = half, half.Bounds()
	}
	if longer := max(width, height); longer > side {
		width, height = max(width*side/longer, 1), max(height*side/longer, 1)
	}
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	if small.Bounds().Size() == b.Size() {
		draw.Draw(small, small.Bounds(), img, b.Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	}
	return small
}
