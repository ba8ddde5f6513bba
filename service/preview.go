package service

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"hongyan/model"
	"hongyan/util/imaging"
	"hongyan/util/outbound"
	"hongyan/util/preview"
	"hongyan/util/sniff"
)

// Bounds of previews: how many are fetched at a time, and how long one waits for
// its turn.
const (
	previewsAtOnce = 4
	previewWait    = 2 * time.Second
)

// PreviewService looks at web pages for people who are about to share them. It
// exists where the operator has allowed it: the server's address becomes known
// to the pages.
type PreviewService struct {
	fetcher *preview.Fetcher
	files   *AttachService
	log     *slog.Logger
	turns   chan struct{}
}

// PublicWeb lets previews connect to public addresses, on the ports of the web:
// the guard of a server.
func PublicWeb(to netip.AddrPort) error {
	if port := to.Port(); port != 80 && port != 443 || !outbound.Public(to.Addr()) {
		return preview.ErrForbidden
	}
	return nil
}

// NewPreviewService makes the service; pictures become uploads of who asks.
func NewPreviewService(fetcher *preview.Fetcher, files *AttachService, logger *slog.Logger) *PreviewService {
	return &PreviewService{fetcher: fetcher, files: files, log: logger, turns: make(chan struct{}, previewsAtOnce)}
}

// Look fetches a page and its picture. A page that cannot be had is
// CodeInvalid, whatever the cause: what the server can reach is nobody's to
// learn. A picture that cannot be had is left out.
func (s *PreviewService) Look(ctx context.Context, userID int64, address string) (*model.Preview, error) {
	wait, cancel := context.WithTimeout(ctx, previewWait)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-wait.Done():
		return nil, &model.Error{Code: model.CodeRateLimited, RetryAfter: previewWait}
	}
	page, err := s.fetcher.Fetch(ctx, address)
	if err != nil {
		return nil, &model.Error{Code: model.CodeInvalid, Key: "link", Err: err}
	}
	v := &model.Preview{URL: page.URL, Host: page.Host, Title: page.Title, Note: page.Note}
	if page.Picture != "" {
		v.Pic, err = s.picture(ctx, userID, page.Picture)
		if err != nil {
			s.log.DebugContext(ctx, "a page's picture", "error", err)
		}
	}
	return v, nil
}

// picture stores a page's picture as the user's upload and gives the address of
// its small copy.
func (s *PreviewService) picture(ctx context.Context, userID int64, address string) (string, error) {
	data, err := s.fetcher.Picture(ctx, address)
	if err != nil {
		return "", err
	}
	if !imaging.Known(sniff.Type(data[:min(len(data), sniff.HeadSize)], "")) {
		return "", errors.New("no picture that is known here")
	}
	url, attach, err := s.files.Upload(ctx, userID, "preview", "", bytes.NewReader(data))
	if attach.Thumb != "" {
		url = attach.Thumb
	}
	return url, err
}
