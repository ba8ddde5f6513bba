package service

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// sweepBatch is how many uploads a sweep removes at a time.
const sweepBatch = 200

// abandoned is the moment before which uploads in parts are given up.
func (s *AttachService) abandoned() int64 { return s.now().Add(-uploadLife).UnixMilli() }

// Run removes what was given up, until ctx ends.
func (s *AttachService) Run(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		_ = s.Sweep(ctx) // the next one makes up for it
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Sweep removes uploads that nobody went on with in time, and parts on the disk
// that belong to none. It may run at any time.
func (s *AttachService) Sweep(ctx context.Context) error {
	for {
		var old []model.Upload
		err := s.db.View(ctx, func(v *xorm.Session) error {
			return v.Where("createat <= ?", s.abandoned()).Asc("createat", "id").Limit(sweepBatch).Find(&old)
		})
		if err != nil {
			return err
		}
		for i := range old {
			if err := s.drop(ctx, &old[i]); err != nil {
				return err
			}
		}
		if len(old) < sweepBatch {
			return s.sweepFolder(ctx)
		}
	}
}

// sweepFolder removes parts that no upload needs any more. The name of a part
// is known before its file is, so that none is removed that is just beginning.
func (s *AttachService) sweepFolder(ctx context.Context) error {
	names, err := filepath.Glob(s.partFile("*"))
	for _, name := range names {
		key := strings.TrimPrefix(filepath.Base(name), partPrefix)
		open := false
		err = errors.Join(err, s.db.View(ctx, func(v *xorm.Session) (err error) {
			open, err = v.Where("name_key = ? AND done = ''", key).Exist(new(model.Upload))
			return err
		}))
		if err != nil {
			return err
		}
		if open {
			continue
		}
		if gone := os.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
