package service

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// PartSize is what a part of an upload may hold: so little that it is sent again
// where a server is killed while it arrives.
const PartSize = 2 << 20

// What uploads in parts are held to.
const (
	mostUploads = 32 // of a user, not finished
	uploadLife  = 24 * time.Hour
	idleTime    = 5 * time.Minute
	sweepEvery  = 10 * time.Minute
	maxHint     = 127
	maxFileName = 500 // bytes of a name as it is sent
	partPrefix  = "part-"
)

// parts sees to it that one request at a time works on an upload.
type parts struct {
	mu   sync.Mutex
	busy map[string]bool // guarded by mu
}

// hold takes an upload, if nobody else has it.
func (p *parts) hold(key string) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[key] {
		return nil, false
	}
	if p.busy == nil {
		p.busy = map[string]bool{}
	}
	p.busy[key] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.busy, key)
	}, true
}

// partFile is where the bytes of an upload are.
func (s *AttachService) partFile(key string) string {
	return filepath.Join(string(s.spool), partPrefix+key)
}

func stateOf(row *model.Upload) model.UploadState {
	return model.UploadState{Upload: row.Key, Offset: row.Stored, Size: row.Size, Part: PartSize}
}

// State tells how far an upload has come. Somebody else's, one that was given
// up and one that never was are all CodeNotFound.
func (s *AttachService) State(ctx context.Context, userID int64, key string) (model.UploadState, error) {
	row, err := s.upload(ctx, userID, key)
	if err != nil {
		return model.UploadState{}, err
	}
	return stateOf(row), nil
}

func (s *AttachService) upload(ctx context.Context, userID int64, key string) (*model.Upload, error) {
	row := &model.Upload{}
	if !isKey(key) {
		return nil, model.Fail(model.CodeNotFound)
	}
	found := false
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		found, err = v.Where("name_key = ? AND userid = ? AND createat > ?", key, userID, s.abandoned()).NoAutoCondition().Get(row)
		return err
	})
	if err != nil {
		return nil, databaseFault(err)
	}
	if !found {
		return nil, model.Fail(model.CodeNotFound)
	}
	if row.Done == "" { // what a crash or another disk has lost is sent again
		info, err := os.Stat(s.partFile(key))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			row.Stored = 0
		case err != nil:
			return nil, storeFault(err)
		default:
			row.Stored = min(row.Stored, info.Size())
		}
	}
	return row, nil
}

// Part takes bytes of an upload from an offset on, which must be where it has
// come to; else it is CodeConflict, as it is while another part arrives. What
// has arrived of a part that breaks off is kept.
func (s *AttachService) Part(ctx context.Context, userID int64, key string, offset int64, r io.Reader) (model.UploadState, error) {
	release, ok := s.parts.hold(key)
	if !ok {
		return model.UploadState{}, busyUpload()
	}
	defer release()
	row, err := s.upload(ctx, userID, key)
	if err != nil {
		return model.UploadState{}, err
	}
	if offset != row.Stored || row.Done != "" {
		return model.UploadState{}, &model.Error{Code: model.CodeConflict, Key: "upload"}
	}
	left := row.Size - row.Stored
	src := &source{r: r, size: min(PartSize, left), room: left}
	n, err := s.appendPart(row, src)
	if err != nil {
		return model.UploadState{}, err
	}
	if n > 0 {
		row.Stored += n
		if err := s.record(ctx, row); err != nil {
			return model.UploadState{}, err
		}
	}
	if src.err != nil {
		return model.UploadState{}, src.fault()
	}
	return stateOf(row), nil
}

// appendPart writes what src gives behind what is stored, durably. An error is
// the disk's; the sender's is in src.
func (s *AttachService) appendPart(row *model.Upload, src *source) (n int64, err error) {
	f, err := os.OpenFile(s.partFile(row.Key), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return 0, storeFault(err)
	}
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = storeFault(closed)
		}
	}()
	// What came after the last record may be holes after a power cut.
	if err := f.Truncate(row.Stored); err != nil {
		return 0, storeFault(err)
	}
	n, err = io.Copy(io.NewOffsetWriter(f, row.Stored), src)
	if err != nil && src.err == nil {
		return 0, storeFault(err)
	}
	if err := f.Sync(); err != nil {
		return 0, storeFault(err)
	}
	return n, nil
}

// record notes how far an upload has come, even if its sender has hung up.
func (s *AttachService) record(ctx context.Context, row *model.Upload) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertTime)
	defer cancel()
	return databaseFault(s.db.Tx(ctx, func(tx *xorm.Session) error {
		_, err := tx.ID(row.ID).Cols("stored", "seenat").Update(&model.Upload{Stored: row.Stored, SeenAt: s.now.millis()})
		return err
	}))
}

// Finish makes a file of an upload that is complete, by the rules of Upload.
// Called again it gives the same file.
func (s *AttachService) Finish(ctx context.Context, userID int64, key string) (string, model.Attach, error) {
	release, ok := s.parts.hold(key)
	if !ok {
		return "", model.Attach{}, busyUpload()
	}
	defer release()
	row, err := s.upload(ctx, userID, key)
	if err != nil {
		return "", model.Attach{}, err
	}
	if row.Done != "" {
		return s.finished(ctx, row)
	}
	if row.Stored != row.Size {
		return "", model.Attach{}, &model.Error{Code: model.CodeConflict, Key: "upload"}
	}
	f, err := os.Open(s.partFile(key))
	if err != nil {
		return "", model.Attach{}, storeFault(err)
	}
	defer func() { _ = f.Close() }()
	room, err := s.room(ctx, userID)
	if err != nil {
		return "", model.Attach{}, err
	}
	src := &source{r: f, size: s.limits.Size, room: room}
	file, err := s.take(ctx, userID, row.Name, row.Hint, src, func(tx *xorm.Session, file *model.Attachment) error {
		_, err := tx.ID(row.ID).Cols("done").Update(&model.Upload{Done: file.Key})
		return err
	})
	if err != nil {
		if code := model.CodeOf(err); code == model.CodeUnsupportedMedia || code == model.CodeTooLarge {
			return "", model.Attach{}, errors.Join(err, s.drop(ctx, row)) // it will never be better
		}
		return "", model.Attach{}, err
	}
	_ = os.Remove(s.partFile(key)) // what stays is swept
	return fileURL(file.Key, file.Type), attach(file), nil
}

func busyUpload() error {
	return &model.Error{Code: model.CodeUnavailable, Key: "upload", RetryAfter: time.Second}
}

// finished gives the file that an upload has become.
func (s *AttachService) finished(ctx context.Context, row *model.Upload) (string, model.Attach, error) {
	file := &model.Attachment{}
	found := false
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		found, err = v.Where("name_key = ? AND userid = ?", row.Done, row.UserID).NoAutoCondition().Get(file)
		return err
	})
	if err != nil {
		return "", model.Attach{}, databaseFault(err)
	}
	if !found {
		return "", model.Attach{}, model.Fail(model.CodeNotFound)
	}
	return fileURL(file.Key, file.Type), attach(file), nil
}

// Cancel gives an upload up, also while a part of it arrives. One that is not
// there is no fault; one that is a file already stays one.
func (s *AttachService) Cancel(ctx context.Context, userID int64, key string) error {
	row, err := s.upload(ctx, userID, key)
	if model.CodeOf(err) == model.CodeNotFound || err == nil && row.Done != "" {
		return nil
	}
	if err != nil {
		return err
	}
	return s.drop(ctx, row)
}

// drop forgets an upload.
func (s *AttachService) drop(ctx context.Context, row *model.Upload) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertTime)
	defer cancel()
	err := s.db.Tx(ctx, func(tx *xorm.Session) error {
		_, err := tx.ID(row.ID).Delete(new(model.Upload))
		return err
	})
	if err != nil {
		return databaseFault(err)
	}
	_ = os.Remove(s.partFile(row.Key)) // what stays is swept
	return nil
}
