package service

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"hongyan/model"
	"hongyan/util/bmff"
	"hongyan/util/imaging"
	"hongyan/util/sniff"
)

// What pictures may cost. Decoding takes tens of megabytes a picture, so two
// are decoded at a time, and one that would take more than decodeBytes is kept
// without a thumbnail.
const (
	decoders    = 2
	decodeBytes = 96 << 20
	smallSide   = imaging.ThumbnailSide
	smallBytes  = 64 << 10
)

// looksInto tells whether files of the type are read before they are stored:
// pictures and films that may say where they were taken.
func looksInto(kind string) bool {
	return imaging.Known(kind) || kind == sniff.TIFF || isBoxed(kind)
}

func isBoxed(kind string) bool {
	switch kind {
	case sniff.HEIC, sniff.AVIF, sniff.QuickTime, sniff.MP4, sniff.M4A:
		return true
	}
	return false
}

// keepPicture stores a picture upright and without its metadata, and a small
// copy of it. A picture that is damaged is refused: what cannot be read cannot
// be rid of the place that it may tell.
func (s *AttachService) keepPicture(ctx context.Context, row *model.Attachment, body io.Reader) error {
	raw, err := s.spooled(func(f *os.File) error {
		_, err := io.Copy(f, body)
		return err
	})
	if err != nil {
		return err
	}
	defer discard(raw)
	if !imaging.Known(row.Type) {
		return s.keepForgetting(ctx, row, raw)
	}
	info, err := imaging.Inspect(raw, row.Type)
	if err != nil {
		return pictureFault(err)
	}
	clean, err := s.spooled(func(f *os.File) error { return imaging.Clean(f, raw, info) })
	if err != nil {
		return err
	}
	defer func() { discard(clean) }()
	row.Width, row.Height = info.Size()
	var small []byte
	if info.Decodable() && info.DecodeBytes <= decodeBytes {
		var upright *os.File
		if small, upright, err = s.render(ctx, row, clean, info); err != nil {
			return err
		}
		if upright != nil {
			discard(clean)
			clean = upright
		}
	}
	if _, err := clean.Seek(0, io.SeekStart); err != nil {
		return storeFault(err)
	}
	if row.Size, err = s.put(ctx, row.Key, clean); err != nil {
		return err
	}
	switch {
	case small == nil:
	case max(row.Width, row.Height) <= smallSide && row.Size <= smallBytes:
		row.Thumb = row.Key + "." + sniff.Extension(row.Type) // it is its own
	default:
		_, err = s.put(ctx, thumbKey(row.Key), bytes.NewReader(small))
	}
	return err
}

// keepForgetting stores a picture or film that is not decoded here, after what
// it says of its place and its maker has been blanked in it.
func (s *AttachService) keepForgetting(ctx context.Context, row *model.Attachment, raw *os.File) error {
	size, err := raw.Seek(0, io.SeekEnd)
	if err != nil {
		return storeFault(err)
	}
	if row.Type == sniff.TIFF {
		err = imaging.ForgetTIFF(raw, size)
	} else {
		err = bmff.Forget(raw, size, row.Type == sniff.HEIC || row.Type == sniff.AVIF)
	}
	if err != nil {
		return pictureFault(err)
	}
	if _, err := raw.Seek(0, io.SeekStart); err != nil {
		return storeFault(err)
	}
	row.Size, err = s.put(ctx, row.Key, raw)
	return err
}

// spooled makes a file of the spool and fills it.
func (s *AttachService) spooled(fill func(f *os.File) error) (*os.File, error) {
	f, err := s.spool.file()
	if err != nil {
		return nil, storeFault(err)
	}
	if err := fill(f); err != nil {
		discard(f)
		return nil, pictureFault(err)
	}
	return f, nil
}

// pictureFault tells a fault of the picture from one of the disk.
func pictureFault(err error) error {
	switch {
	case errors.Is(err, imaging.ErrTooBig):
		return &model.Error{Code: model.CodeTooLarge, Key: "picture", Err: err}
	case errors.Is(err, imaging.ErrBroken), errors.Is(err, bmff.ErrBroken):
		return &model.Error{Code: model.CodeUnsupportedMedia, Key: "picture", Err: err}
	}
	return storeFault(err)
}

// render decodes a picture once, for its thumbnail and, if it is a photograph
// that lies on its side, for an upright copy, which upright is then.
func (s *AttachService) render(ctx context.Context, row *model.Attachment, clean *os.File, info imaging.Info) (small []byte, upright *os.File, err error) {
	select {
	case s.work <- struct{}{}:
		defer func() { <-s.work }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	img, err := imaging.Decode(clean, info)
	if err != nil {
		return nil, nil, pictureFault(err)
	}
	small, kind, err := imaging.Thumbnail(img, info.Orientation)
	if err != nil {
		return nil, nil, err
	}
	row.Thumb = thumbKey(row.Key) + "." + sniff.Extension(kind)
	if info.Format != imaging.JPEG || info.Orientation == 1 {
		return small, nil, nil
	}
	upright, err = s.spooled(func(f *os.File) error { return imaging.EncodeUpright(f, img, info, clean) })
	return small, upright, err
}
