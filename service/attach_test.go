package service_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/blob"
	"hongyan/service/blob/osstest"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/imaging/imagetest"
	"hongyan/util/limit"

	"xorm.io/xorm"
)

var (
	_ service.BlobStore = (*blob.Local)(nil)
	_ service.BlobStore = (*blob.OSS)(nil)
)

// desk is an AttachService with its folders.
type desk struct {
	*testing.T
	files  *service.AttachService
	folder string
	broken *brokenStore
}

// brokenStore fails when told to.
type brokenStore struct {
	service.BlobStore
	mu  sync.Mutex
	err error
}

func (b *brokenStore) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *brokenStore) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	b.mu.Lock()
	err := b.err
	b.mu.Unlock()
	if err != nil {
		_, _ = io.CopyN(io.Discard, r, 100)
		return 0, err
	}
	return b.BlobStore.Put(ctx, key, r)
}

func onDesk(t *testing.T, limits service.AttachLimits, fn func(d *desk)) {
	t.Helper()
	dbtest.Run(t, func(t *testing.T, d *db.DB) { fn(newDesk(t, d, limits)) })
}

// onPlainDesk is for what no database can change: SQLite alone.
func onPlainDesk(t *testing.T, limits service.AttachLimits, fn func(d *desk)) {
	t.Helper()
	d, err := db.Open(dbtest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	fn(newDesk(t, d, limits))
}

func newDesk(t *testing.T, d *db.DB, limits service.AttachLimits) *desk {
	t.Helper()
	folder := t.TempDir()
	local, err := blob.NewLocal(filepath.Join(folder, "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	store := &brokenStore{BlobStore: local}
	err = d.Tx(t.Context(), func(tx *xorm.Session) error {
		_, err := tx.Insert(&model.User{ID: alice, Mobile: "100001"}, &model.User{ID: bob, Mobile: "100002"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := service.NewAttachService(d, store, filepath.Join(folder, "waiting"), time.Now, limits)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{T: t, files: files, folder: folder, broken: store}
}

func usual() service.AttachLimits {
	return service.AttachLimits{Size: 40 << 20, Quota: 200 << 20, Files: 1000}
}

// left lists all files on the disk.
func (d *desk) left() (list []string) {
	d.Helper()
	err := filepath.WalkDir(d.folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && filepath.Ext(path) != ".lock" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	return list
}

func (d *desk) upload(name, hint string, data []byte) (string, model.Attach) {
	d.Helper()
	url, a, err := d.files.Upload(d.Context(), alice, name, hint, bytes.NewReader(data))
	if err != nil {
		d.Fatalf("%s: %v", name, err)
	}
	return url, a
}

// load reads what is behind a URL.
func (d *desk) load(url string) (service.File, []byte) {
	d.Helper()
	f, err := d.files.Open(d.Context(), strings.TrimPrefix(url, "/mnt/"))
	if err != nil {
		d.Fatalf("%s: %v", url, err)
	}
	defer func() { _ = f.Content.Close() }()
	data, err := io.ReadAll(f.Content)
	if err != nil {
		d.Fatal(err)
	}
	return f, data
}

func TestUploadPlainFiles(t *testing.T) {
	onDesk(t, usual(), func(d *desk) {
		for _, c := range []struct{ name, hint, content, wantName, kind, disposition string }{
			{"notes.txt", ".txt", "hello", "notes.txt", "text/plain", "attachment"},
			{"报告.pdf", ".png", "%PDF-1.7 x", "报告.pdf", "application/pdf", "attachment"},
			{"voice.mp3", ".mp3", "\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm\x86\x86A_OPUS", "voice.weba", "audio/webm", "inline"},
			{"a.png", ".png", "<!DOCTYPE html><script>alert(1)</script>", "a.png", "text/html", "attachment"},
			{"a.png", "image/png", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.png", "image/svg+xml", "attachment"},
			{"a.png", ".html", "<?xml version='1.0'?><x/>", "a.png", "text/xml", "attachment"},
			{"../../etc/passwd\x00", "", "\x00\x01", "passwd", "application/octet-stream", "attachment"},
			{strings.Repeat("名", 4000), "", "x", strings.Repeat("名", 66), "text/plain", "attachment"},
		} {
			url, a := d.upload(c.name, c.hint, []byte(c.content))
			if a.Name != c.wantName || a.Type != c.kind || a.Size != int64(len(c.content)) {
				t.Errorf("%.20q: %+v", c.name, a)
			}
			f, data := d.load(url)
			if string(data) != c.content || !strings.HasPrefix(f.Disposition, c.disposition+";") {
				t.Errorf("%.20q: %q, %s", c.name, data, f.Disposition)
			}
			if strings.Contains(a.Type, "ml") && f.Type != "application/octet-stream" {
				t.Errorf("%s is served as %s", a.Type, f.Type)
			}
			if key := strings.TrimPrefix(url, "/mnt/"); len(key) < 26 || strings.ContainsAny(key, "/\\%") {
				t.Errorf("URL %q", url)
			}
		}
	})
}

func TestUploadPhotograph(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		url, a := d.upload("IMG_1.JPG", "", imagetest.Photo(1200, 900, 6))
		if a.Width != 900 || a.Height != 1200 || a.Type != "image/jpeg" || a.Thumb == "" || a.Thumb == url {
			t.Fatalf("%s, %+v", url, a)
		}
		f, data := d.load(url)
		if f.Type != "image/jpeg" || !strings.HasPrefix(f.Disposition, "inline") || f.Size != int64(len(data)) || a.Size != f.Size {
			t.Errorf("%+v of %d bytes", f, len(data))
		}
		for _, secret := range append(imagetest.Secrets(), "Exif") {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s is still in it", secret)
			}
		}
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := img.At(700, 100).RGBA(); img.Bounds().Dx() != 900 || r < b {
			t.Error("it does not stand upright")
		}
		if _, small := d.load(a.Thumb); len(small) == 0 || len(small) >= len(data) {
			t.Errorf("thumbnail of %d bytes", len(small))
		}
		if n := len(d.left()); n != 2 {
			t.Errorf("%d files, want picture and thumbnail: %v", n, d.left())
		}
	})
}

func TestUploadPictures(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		for _, c := range []struct {
			name          string
			data          []byte
			width, height int
			thumb         string
		}{
			{"a.png", imagetest.PNG(600, 300, 1), 600, 300, "png"},
			{"small.png", imagetest.PNG(30, 20, 1), 30, 20, "own"},
			{"a.gif", imagetest.GIF(600, 400, 3), 600, 400, "jpg"},
			{"a.webp", imagetest.TaggedWebP(24, 16, 6), 16, 24, "own"},
			{"moving.webp", imagetest.AnimatedWebP(500, 400, 3), 500, 400, ""},
			// Too large to be decoded here (as 16 bits deep it would be), kept all the same.
			{"large.png", imagetest.HugePNG(6000, 6000), 6000, 6000, ""},
		} {
			url, a := d.upload(c.name, "", c.data)
			thumb := strings.TrimPrefix(filepath.Ext(a.Thumb), ".")
			if a.Thumb == url {
				thumb = "own"
			}
			if a.Width != c.width || a.Height != c.height || thumb != c.thumb {
				t.Errorf("%s: %+v", c.name, a)
			}
			_, data := d.load(url)
			for _, secret := range imagetest.Secrets() {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s: %s is still in it", c.name, secret)
				}
			}
		}
	})
}

func TestUploadRefuses(t *testing.T) {
	photo := imagetest.Photo(600, 400, 1)
	onPlainDesk(t, service.AttachLimits{Size: 1 << 20, Quota: 3 << 20, Files: 100}, func(d *desk) {
		for _, c := range []struct {
			name string
			body io.Reader
			want *model.Error
		}{
			{"nothing", strings.NewReader(""), model.Invalid("file")},
			{"one byte too many", bytes.NewReader(make([]byte, 1<<20+1)), model.TooLarge("file")},
			{"without end", zeros{}, model.TooLarge("file")},
			{"picture without end", io.MultiReader(bytes.NewReader(photo[:200]), zeros{}), model.TooLarge("file")},
			{"50,000 x 50,000", bytes.NewReader(imagetest.HugePNG(50_000, 50_000)), model.TooLarge("picture")},
			{"10,000 frames", bytes.NewReader(imagetest.GIF(2, 2, 10_000)), model.TooLarge("picture")},
			{"huge canvas", bytes.NewReader(imagetest.TaggedWebP(16_000, 16_000, 1)), model.TooLarge("picture")},
			{"page in a jpeg", strings.NewReader("\xFF\xD8\xFF\xE0<html><script>"), &model.Error{Code: model.CodeUnsupportedMedia, Key: "picture"}},
			{"half a photograph", bytes.NewReader(photo[:len(photo)/2]), &model.Error{Code: model.CodeUnsupportedMedia, Key: "picture"}},
			{"cut off", io.MultiReader(strings.NewReader("some text"), failing{}), model.Invalid("upload")},
			{"cut off later", io.MultiReader(bytes.NewReader(make([]byte, 100_000)), failing{}), model.Invalid("upload")},
			{"picture cut off", io.MultiReader(bytes.NewReader(photo[:5000]), failing{}), model.Invalid("upload")},
		} {
			url, _, err := d.files.Upload(t.Context(), alice, "x", "", c.body)
			if !errors.Is(err, c.want) || url != "" {
				d.Errorf("%s: %q, %v, want %v", c.name, url, err, c.want)
			}
		}
		if left := d.left(); len(left) > 0 {
			d.Errorf("left behind: %v", left)
		}
		if url, _ := d.upload("exactly", "", make([]byte, 1<<20)); url == "" {
			d.Error("the largest file was refused")
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestQuota(t *testing.T) {
	onDesk(t, service.AttachLimits{Size: 1000, Quota: 2500, Files: 5}, func(d *desk) {
		data := make([]byte, 1000)
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { _, _, errs[i] = d.files.Upload(d.Context(), alice, "x", "", bytes.NewReader(data)) })
		}
		wg.Wait()
		stored := 0
		for _, err := range errs {
			if err == nil {
				stored++
			} else if model.CodeOf(err) != model.CodeTooLarge {
				d.Error(err)
			}
		}
		if stored != 2 || len(d.left()) != 2 {
			d.Errorf("%d of 1000 bytes stored in 2500, %d on the disk", stored, len(d.left()))
		}
		for i := range 6 {
			_, _, err := d.files.Upload(d.Context(), bob, "x", "", strings.NewReader("1"))
			if want := i >= 5; (model.CodeOf(err) == model.CodeTooLarge) != want {
				d.Errorf("file %d: %v", i, err)
			}
		}
	})
}

func TestUploadRate(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, base *db.DB) {
		limits := usual()
		limits.Rate = limit.New(limit.Every(time.Hour), 2, 10)
		d := newDesk(t, base, limits)
		d.upload("x", "", []byte("1"))
		d.upload("x", "", []byte("1"))
		_, _, err := d.files.Upload(d.Context(), alice, "x", "", strings.NewReader("1"))
		if e, ok := errors.AsType[*model.Error](err); !ok || e.Code != model.CodeRateLimited || e.RetryAfter <= 0 {
			d.Errorf("got %v", err)
		}
		if _, _, err := d.files.Upload(d.Context(), bob, "x", "", strings.NewReader("1")); err != nil {
			d.Errorf("another user: %v", err)
		}
	})
}

func TestFullDiskIsRetryable(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		d.broken.fail(syscall.ENOSPC)
		for name, data := range map[string][]byte{"a.txt": []byte("hello"), "a.jpg": imagetest.Photo(900, 600, 6)} {
			_, _, err := d.files.Upload(d.Context(), alice, name, "", bytes.NewReader(data))
			if e, ok := errors.AsType[*model.Error](err); !ok || e.Code != model.CodeUnavailable || e.RetryAfter <= 0 {
				d.Errorf("%s: %v", name, err)
			}
		}
		if left := d.left(); len(left) > 0 {
			d.Errorf("left behind: %v", left)
		}
		d.broken.fail(nil)
		d.upload("a.txt", "", []byte("hello"))
	})
}

func TestOpenRefuses(t *testing.T) {
	onDesk(t, usual(), func(d *desk) {
		url, a := d.upload("a.png", "", imagetest.PNG(600, 300, 1))
		name := strings.TrimPrefix(url, "/mnt/")
		key := strings.TrimSuffix(name, ".png")
		for _, good := range []string{name, key, key + "_s", strings.TrimPrefix(a.Thumb, "/mnt/")} {
			d.load("/mnt/" + good)
		}
		text, _ := d.upload("a.txt", "", []byte("hello"))
		textKey := strings.TrimSuffix(strings.TrimPrefix(text, "/mnt/"), ".txt")
		other := "aaaaaaaaaaaaaaaaaaaaaaaaaa"
		for _, bad := range []string{
			"", ".", "..", "../" + name, name + "/", key + ".html", key + ".", key + ".png.html", strings.ToUpper(key), key + "_s.gif", key + "_t",
			other, other + ".png", textKey + "_s", textKey + "_s.jpg", key[:25], key + "a", key[:25] + "%", key[:25] + "\x00", key + "_s_s", "hongyan.db", "tmp",
		} {
			if _, err := d.files.Open(d.Context(), bad); model.CodeOf(err) != model.CodeNotFound {
				d.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestSpoolIsSwept(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		waiting := filepath.Join(d.folder, "waiting")
		for name, stays := range map[string]bool{"upload-123": false, "other": true} {
			if err := os.WriteFile(filepath.Join(waiting, name), nil, 0o600); err != nil {
				d.Fatal(err)
			}
			if _, err := service.NewAttachService(nil, nil, waiting, time.Now, usual()); err != nil {
				d.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(waiting, name)); (err == nil) != stays {
				d.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestUploadHoldsNoFileInMemory counts what an upload of 30 MB allocates.
func TestUploadHoldsNoFileInMemory(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := d.files.Upload(t.Context(), alice, "x.bin", "", io.LimitReader(zeros{}, 30<<20)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
			t.Errorf("storing 30 MB allocates %d bytes", got)
		}
	})
}

func TestUploadToOSS(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		fake := osstest.Start(t)
		store, err := blob.Open(fake.Source(), blob.Keys{ID: osstest.KeyID, Secret: osstest.KeySecret}, false)
		if err != nil {
			t.Fatal(err)
		}
		files, err := service.NewAttachService(d, store, t.TempDir(), time.Now, usual())
		if err != nil {
			t.Fatal(err)
		}
		url, a, err := files.Upload(t.Context(), alice, "a.jpg", "", bytes.NewReader(imagetest.Photo(900, 600, 1)))
		if err != nil {
			t.Fatal(err, fake.Refused())
		}
		for key, object := range fake.Objects() {
			if object.ACL != "private" || len(strings.TrimSuffix(key, "_s")) < 26 {
				t.Errorf("%s is %s", key, object.ACL)
			}
			if bytes.Contains(object.Body, []byte("GPSSECRET")) {
				t.Errorf("%s tells the place", key)
			}
		}
		if n := len(fake.Objects()); n != 2 {
			t.Errorf("%d objects", n)
		}
		for _, name := range []string{url, a.Thumb} {
			f, err := files.Open(t.Context(), strings.TrimPrefix(name, "/mnt/"))
			if err != nil || f.Content != nil || !strings.HasPrefix(f.URL, fake.URL) {
				t.Errorf("%+v, %v", f, err)
			}
		}
		fake.Fail(503)
		if _, _, err := files.Upload(t.Context(), alice, "a.txt", "", strings.NewReader("x")); model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("a bucket out of order: %v", err)
		}
	})
}

func TestFilmsForgetTheirPlace(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		film := "\x00\x00\x00\x10ftypisom\x00\x00\x02\x00\x00\x00\x00\x1Cmoov\x00\x00\x00\x14udta\xa9xyzGPSSECRET"
		tiff := string(imagetest.GPS(1))
		for name, c := range map[string]struct{ content, kind string }{"a.mp4": {film[:len(film)-1], "video/mp4"}, "a.tiff": {tiff, "image/tiff"}} {
			url, a := d.upload(name, "", []byte(c.content))
			_, data := d.load(url)
			if a.Type != c.kind || len(data) != len(c.content) || bytes.Contains(data, []byte("GPSSECRE")) || bytes.Contains(data, []byte("\x1F\x00\x00\x00\x01")) {
				d.Errorf("%+v: %q", a, data)
			}
		}
		for _, broken := range []string{"II*\x00\xff\xff\xff\xff", "\x00\x00\x00\x10ftypisom\x00\x00\x02\x00\x00\x00\x00\x10moov\x00\x00\xff\xffudta"} {
			_, _, err := d.files.Upload(d.Context(), alice, "x", "", strings.NewReader(broken))
			if model.CodeOf(err) != model.CodeUnsupportedMedia {
				d.Errorf("%q: %v", broken, err)
			}
		}
	})
}
