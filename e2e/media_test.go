package e2e

import "testing"

// film is JavaScript for a file that the browser records of a moving drawing.
const film = `await new Promise((resolve) => {
	const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
	const pen = canvas.getContext('2d');
	let frame = 0;
	const draw = setInterval(() => { pen.fillStyle = 'hsl(' + (frame += 9) + ' 80% 50%)'; pen.fillRect(0, 0, 320, 240); }, 40);
	const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' }), parts = [];
	recorder.ondataavailable = (event) => parts.push(event.data);
	recorder.onstop = () => { clearInterval(draw); resolve(new File(parts, 'clip.webm', { type: 'video/webm' })); };
	recorder.start();
	setTimeout(() => recorder.stop(), 1500);
})`

// TestDropCameraAndVideo sends a picture by dropping it on the pane, one through
// the camera's input, and a video, which comes with a poster and plays.
func TestDropCameraAndVideo(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)

	bo.eval(`(async () => {
		const canvas = new OffscreenCanvas(90, 60);
		canvas.getContext('2d').fillRect(0, 0, 45, 60);
		const data = new DataTransfer(), pane = document.querySelector('hy-chat section.chat');
		data.items.add(new File([await canvas.convertToBlob()], 'dropped.png', { type: 'image/png' }));
		const drag = (name) => pane.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
		drag('dragenter');
		await document.querySelector('hy-chat').updateComplete;
		if (!document.querySelector('.drop-here')) throw new Error('nothing says where to drop');
		drag('dragover');
		drag('drop');
	})()`)
	bo.click(".hy-sheet [type=submit]")
	bo.until("the overlay gone", "!document.querySelector('.drop-here')")
	ann.until("the dropped picture", "document.querySelectorAll('article.other .picture img')[0]?.naturalWidth === 90")

	if got := eval[string](ann.person, "document.querySelector('hy-composer input[data-for=camera]').getAttribute('capture')"); got != "environment" {
		t.Errorf("the camera's input captures %q", got)
	}
	ann.choose("hy-composer input[data-for=camera]", drawing(t, t.TempDir()))
	ann.click(".hy-sheet [type=submit]")
	bo.until("the photo", "document.querySelectorAll('article.other .picture img')[0]?.naturalWidth > 0")

	ann.eval(`(async () => {
		const data = new DataTransfer(), input = document.querySelector('hy-composer input[data-for=video]');
		data.items.add(` + film + `);
		input.files = data.files;
		input.dispatchEvent(new Event('change', { bubbles: true }));
	})()`)
	ann.click(".hy-sheet [type=submit]")
	bo.until("the poster", "document.querySelector('article.other .video img')?.naturalWidth > 0")
	bo.until("its size and length, though its head tells none", "/KB\\s+0:0[12]/.test(document.querySelector('article.other .video .length')?.textContent)")
	bo.shot("video-desktop")
	if eval[bool](bo.person, "!!document.querySelector('video')") {
		t.Error("the film is there before it was asked for")
	}
	bo.click("article.other .video .open")
	bo.until("the film running", "document.querySelector('.hy-viewer video')?.currentTime > 0.2")
	ann.until("all stored", "!document.querySelector('article .clock, article .uploading, article .fault-mark')")
}
