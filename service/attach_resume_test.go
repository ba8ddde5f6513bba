package service_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/imaging/imagetest"
	"hongyan/util/limit"
)

func noise(n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(data)
	return data
}

// begin makes an upload of alice's.
func (d *desk) begin(name string, size int) model.UploadState {
	d.Helper()
	state, err := d.files.Begin(d.Context(), alice, name, "", int64(size))
	if err != nil {
		d.Fatal(err)
	}
	return state
}

// goOn sends what is missing, and gives the URL.
func (d *desk) goOn(key string, data []byte) string {
	d.Helper()
	state, err := d.files.State(d.Context(), alice, key)
	for err == nil && state.Offset < state.Size {
		end := min(state.Offset+state.Part, state.Size)
		state, err = d.files.Part(d.Context(), alice, key, state.Offset, bytes.NewReader(data[state.Offset:end]))
	}
	if err != nil {
		d.Fatal(err)
	}
	url, _, err := d.files.Finish(d.Context(), alice, key)
	if err != nil {
		d.Fatal(err)
	}
	return url
}

// TestResume breaks an upload off in the middle of a part and restarts the
// service: it goes on where it was, and the file is what was sent.
func TestResume(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, usual())
		data := noise(5<<20 + 123)
		state := d.begin("大文件.bin", len(data))
		state, err := d.files.Part(t.Context(), alice, state.Upload, 0, bytes.NewReader(data[:state.Part]))
		if err != nil || state.Offset != state.Part {
			t.Fatalf("%+v, %v", state, err)
		}
		torn := io.MultiReader(bytes.NewReader(data[state.Offset:state.Offset+70_000]), failing{})
		if _, err := d.files.Part(t.Context(), alice, state.Upload, state.Offset, torn); !errors.Is(err, model.Invalid("upload")) {
			t.Errorf("a torn part: %v", err)
		}
		if _, _, err := d.files.Finish(t.Context(), alice, state.Upload); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("finished too early: %v", err)
		}

		again, err := service.NewAttachService(base, d.broken, filepath.Join(d.folder, "waiting"), time.Now, usual())
		if err != nil {
			t.Fatal(err)
		}
		d.files = again
		if err := again.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		now, err := again.State(t.Context(), alice, state.Upload)
		if err != nil || now.Offset != state.Offset+70_000 || now.Size != int64(len(data)) {
			t.Errorf("after a restart: %+v, %v", now, err)
		}
		if _, err := again.Part(t.Context(), alice, state.Upload, state.Offset, bytes.NewReader(data[:10])); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("a part at another place: %v", err)
		}
		url := d.goOn(state.Upload, data)
		file, got := d.load(url)
		if !bytes.Equal(got, data) || file.Size != int64(len(data)) {
			t.Errorf("%d bytes, not those that were sent", len(got))
		}
		if second, _, err := again.Finish(t.Context(), alice, state.Upload); err != nil || second != url {
			t.Errorf("finished again: %q, %v", second, err)
		}
		if left := d.left(); len(left) != 1 {
			t.Errorf("left on the disk: %v", left)
		}
	})
}

// TestResumeRefuses is about what is somebody else's, too much, or over.
func TestResumeRefuses(t *testing.T) {
	onDesk(t, service.AttachLimits{Size: 1000, Quota: 2500, Files: 100}, func(d *desk) {
		state := d.begin("a", 1000)
		ctx := d.Context()
		_, stateErr := d.files.State(ctx, bob, state.Upload)
		_, partErr := d.files.Part(ctx, bob, state.Upload, 0, bytes.NewReader([]byte("x")))
		_, _, finishErr := d.files.Finish(ctx, bob, state.Upload)
		for _, err := range []error{stateErr, partErr, finishErr} {
			if model.CodeOf(err) != model.CodeNotFound {
				d.Errorf("somebody else's: %v", err)
			}
		}
		if err := d.files.Cancel(ctx, bob, state.Upload); err != nil {
			d.Error(err)
		}
		if _, err := d.files.State(ctx, alice, state.Upload); err != nil {
			d.Errorf("somebody else ended it: %v", err)
		}
		if _, err := d.files.State(ctx, alice, "../../etc/passwd"); model.CodeOf(err) != model.CodeNotFound {
			d.Errorf("a path: %v", err)
		}
		if _, err := d.files.Part(ctx, alice, state.Upload, 0, zeros{}); !errors.Is(err, model.TooLarge("file")) {
			d.Errorf("without end: %v", err)
		}
		for _, size := range []int64{0, -1} {
			if _, err := d.files.Begin(ctx, alice, "x", "", size); !errors.Is(err, model.Invalid("file")) {
				d.Errorf("%d bytes: %v", size, err)
			}
		}
		if _, err := d.files.Begin(ctx, alice, "x", "", 1001); !errors.Is(err, model.TooLarge("file")) {
			d.Errorf("too large: %v", err)
		}
		d.begin("b", 1000)
		if _, err := d.files.Begin(ctx, alice, "c", "", 501); !errors.Is(err, model.TooLarge("quota")) {
			d.Errorf("what others have been promised is not counted: %v", err)
		}
		if err := d.files.Cancel(ctx, alice, state.Upload); err != nil {
			d.Error(err)
		}
		d.begin("c", 501)
	})
}

func TestResumeRate(t *testing.T) {
	limits := usual()
	limits.Rate = limit.New(limit.Every(time.Hour), 2, 10)
	onPlainDesk(t, limits, func(d *desk) {
		d.begin("a", 10)
		d.begin("b", 10)
		if _, err := d.files.Begin(d.Context(), alice, "c", "", 10); model.CodeOf(err) != model.CodeRateLimited {
			d.Errorf("the third at once: %v", err)
		}
	})
}

// TestResumedPicture goes the way of every picture: its place is forgotten, and
// a damaged one is refused for good.
func TestResumedPicture(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		photo := imagetest.Photo(600, 800, 6)
		state := d.begin("照片.jpg", len(photo))
		_, data := d.load(d.goOn(state.Upload, photo))
		if bytes.Contains(data, []byte("Exif")) || len(data) == 0 {
			d.Error("the picture still says where it was taken")
		}
		state = d.begin("halb.jpg", len(photo)/2)
		if _, err := d.files.Part(d.Context(), alice, state.Upload, 0, bytes.NewReader(photo[:len(photo)/2])); err != nil {
			d.Fatal(err)
		}
		for _, want := range []model.Code{model.CodeUnsupportedMedia, model.CodeNotFound} {
			if _, _, err := d.files.Finish(d.Context(), alice, state.Upload); model.CodeOf(err) != want {
				d.Errorf("a damaged picture: %v, want %s", err, want)
			}
		}
	})
}

// TestUploadsAreSwept gives up what nobody went on with for a day, and lets what
// stands still give way when there is no room.
func TestUploadsAreSwept(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, usual())
		now := time.Now()
		files, err := service.NewAttachService(base, d.broken, filepath.Join(d.folder, "waiting"), func() time.Time { return now },
			service.AttachLimits{Size: 1000, Quota: 2000, Files: 10})
		if err != nil {
			t.Fatal(err)
		}
		d.files = files
		first := d.begin("a", 1000)
		if _, err := files.Part(t.Context(), alice, first.Upload, 0, bytes.NewReader(make([]byte, 500))); err != nil {
			t.Fatal(err)
		}
		second := d.begin("b", 1000)
		now = now.Add(6 * time.Minute)
		if _, err := files.Part(t.Context(), alice, second.Upload, 0, bytes.NewReader(make([]byte, 5))); err != nil {
			t.Fatal(err)
		}
		d.begin("c", 1000)
		if _, err := files.State(t.Context(), alice, first.Upload); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("what stood still is still there: %v", err)
		}
		if _, err := files.State(t.Context(), alice, second.Upload); err != nil {
			t.Errorf("what goes on has given way: %v", err)
		}
		if err := files.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := d.left(); len(left) != 1 || filepath.Base(left[0]) != "part-"+second.Upload {
			t.Errorf("left: %v", left)
		}
		now = now.Add(24 * time.Hour)
		if err := files.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := d.left(); len(left) != 0 {
			t.Errorf("left after a day: %v", left)
		}
	})
}

// TestLostPartIsSentAgain has the folder of uploads vanish under an upload.
func TestLostPartIsSentAgain(t *testing.T) {
	onPlainDesk(t, usual(), func(d *desk) {
		data := noise(3 << 20)
		state := d.begin("a", len(data))
		if _, err := d.files.Part(d.Context(), alice, state.Upload, 0, bytes.NewReader(data[:1000])); err != nil {
			d.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(d.folder, "waiting", "part-"+state.Upload), 300); err != nil {
			d.Fatal(err)
		}
		if now, err := d.files.State(d.Context(), alice, state.Upload); err != nil || now.Offset != 300 {
			d.Errorf("%+v, %v", now, err)
		}
		if _, got := d.load(d.goOn(state.Upload, data)); !bytes.Equal(got, data) {
			d.Error("not the bytes that were sent")
		}
	})
}

// TestResumeAtAnotherNode goes on with an upload where its parts are not: it
// begins anew there by itself, and the file is what was sent.
func TestResumeAtAnotherNode(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, base *db.DB) {
		d := newDesk(t, base, usual())
		here := d.files
		data := noise(5<<20 + 7)
		state := d.begin("x.bin", len(data))
		state, err := here.Part(t.Context(), alice, state.Upload, 0, bytes.NewReader(data[:state.Part]))
		if err != nil {
			t.Fatal(err)
		}
		there, err := service.NewAttachService(base, d.broken, t.TempDir(), time.Now, usual())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := there.Part(t.Context(), alice, state.Upload, state.Offset, bytes.NewReader(data[state.Offset:2*state.Offset])); model.CodeOf(err) != model.CodeConflict {
			t.Errorf("a part whose beginning is elsewhere: %v", err)
		}
		if now, err := there.State(t.Context(), alice, state.Upload); err != nil || now.Offset != 0 {
			t.Errorf("where to go on: %+v, %v", now, err)
		}
		if _, err := there.Part(t.Context(), alice, state.Upload, 0, bytes.NewReader(data[:1000])); err != nil {
			t.Error(err)
		}
		if now, err := here.State(t.Context(), alice, state.Upload); err != nil || now.Offset != 1000 {
			t.Errorf("back where it began: %+v, %v", now, err)
		}
		d.files = there
		if _, got := d.load(d.goOn(state.Upload, data)); !bytes.Equal(got, data) {
			t.Error("the file is not what was sent")
		}
	})
}
