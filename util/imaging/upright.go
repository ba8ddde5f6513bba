package imaging

import (
	"image"
	"image/draw"
)

// Upright gives the picture as it is meant to be seen. A photograph stays in
// its own colour planes, which are small and cost no conversion.
func Upright(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	width, height := b.Dx(), b.Dy()
	turned := image.Rect(0, 0, width, height)
	if orientation >= 5 {
		turned = image.Rect(0, 0, height, width)
	}
	switch src := img.(type) {
	case *image.YCbCr:
		if ratio, ok := turnedRatio(src.SubsampleRatio, orientation); ok {
			dst := image.NewYCbCr(turned, ratio)
			chromaWidth, chromaHeight := chromaSize(src)
			turn(plane{dst.Y, dst.YStride, 1}, plane{src.Y[src.YOffset(b.Min.X, b.Min.Y):], src.YStride, 1}, width, height, orientation)
			at := src.COffset(b.Min.X, b.Min.Y)
			turn(plane{dst.Cb, dst.CStride, 1}, plane{src.Cb[at:], src.CStride, 1}, chromaWidth, chromaHeight, orientation)
			turn(plane{dst.Cr, dst.CStride, 1}, plane{src.Cr[at:], src.CStride, 1}, chromaWidth, chromaHeight, orientation)
			return dst
		}
	case *image.Gray:
		dst := image.NewGray(turned)
		turn(plane{dst.Pix, dst.Stride, 1}, plane{src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride, 1}, width, height, orientation)
		return dst
	}
	rgba, ok := img.(*image.RGBA)
	if !ok {
		rgba = image.NewRGBA(image.Rect(0, 0, width, height))
		draw.Draw(rgba, rgba.Bounds(), img, b.Min, draw.Src)
		b = rgba.Bounds()
	}
	dst := image.NewRGBA(turned)
	turn(plane{dst.Pix, dst.Stride, 4}, plane{rgba.Pix[rgba.PixOffset(b.Min.X, b.Min.Y):], rgba.Stride, 4}, width, height, orientation)
	return dst
}

// turnedRatio gives the chroma ratio after the turn, if there is one.
func turnedRatio(ratio image.YCbCrSubsampleRatio, orientation int) (image.YCbCrSubsampleRatio, bool) {
	switch {
	case ratio == image.YCbCrSubsampleRatio444, ratio == image.YCbCrSubsampleRatio420, orientation < 5:
		return ratio, true
	case ratio == image.YCbCrSubsampleRatio422:
		return image.YCbCrSubsampleRatio440, true
	case ratio == image.YCbCrSubsampleRatio440:
		return image.YCbCrSubsampleRatio422, true
	}
	return ratio, false
}

// chromaSize gives the sides of the chroma planes behind a picture's bounds.
func chromaSize(img *image.YCbCr) (width, height int) {
	small := image.NewYCbCr(image.Rect(0, 0, img.Rect.Dx(), 1), img.SubsampleRatio)
	tall := image.NewYCbCr(image.Rect(0, 0, 1, img.Rect.Dy()), img.SubsampleRatio)
	return small.CStride, len(tall.Cb) / tall.CStride
}

// plane is one array of pixels of some bytes each.
type plane struct {
	pix    []byte
	stride int
	bytes  int
}

// turn copies src, of the given sides, into dst as the orientation asks: the
// eight of EXIF are a transposition or none, then a mirroring of each axis.
func turn(dst, src plane, width, height, orientation int) {
	mirrorX := orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
	mirrorY := orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
	for y := range height {
		row := src.pix[y*src.stride : y*src.stride+width*src.bytes]
		toY := y
		if mirrorY {
			toY = height - 1 - y
		}
		for x := range width {
			toX := x
			if mirrorX {
				toX = width - 1 - x
			}
			at := toY*dst.stride + toX*dst.bytes
			if orientation >= 5 {
				at = toX*dst.stride + toY*dst.bytes
			}
			copy(dst.pix[at:at+dst.bytes], row[x*src.bytes:])
		}
	}
}
