package e2e

import "testing"

// TestSaver shows sizes first, and fetches what is asked for.
func TestSaver(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	bo.open("/chat/index.shtml")
	bo.eval("localStorage.setItem('hy-saver', 'on')")
	talk(ann, bo)
	ann.choose("hy-composer input[data-for=picture]", photo(t, t.TempDir(), "a.jpg", 900, 600))
	ann.click(".hy-sheet [type=submit]")
	bo.until("its size", "/\\d KB/.test(document.querySelector('article.other .unloaded')?.textContent)")
	bo.shot("saver-desktop")
	const fetched = "performance.getEntriesByType('resource').filter((e) => e.name.includes('/mnt/')).length"
	if n := eval[int](bo.person, fetched); n != 0 {
		t.Errorf("%d files were fetched unasked", n)
	}
	bo.click("article.other .unloaded")
	bo.until("the picture", "document.querySelector('article.other .picture img')?.naturalWidth > 0")
	bo.until("one file", fetched+" === 1")
	bo.click("article.other .picture .open")
	bo.until("the small copy, and the original to be asked for", "document.querySelector('.hy-viewer .full')")
	bo.click(".hy-viewer .full")
	bo.until("the original", viewed+".naturalWidth === 900")
}

// TestDropOnRow drops a file on a row of the list: it is offered for that
// conversation, and beside the rows nothing happens.
func TestDropOnRow(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("你好")
	ann.sees("你好")
	ann.open("/chat/index.shtml")
	ann.online()
	ann.see(".rows .row")
	ann.eval(`(async () => {
		const canvas = new OffscreenCanvas(90, 60);
		canvas.getContext('2d').fillRect(0, 0, 45, 60);
		globalThis.files = new DataTransfer();
		files.items.add(new File([await canvas.convertToBlob()], 'dropped.png', { type: 'image/png' }));
		globalThis.drag = (name, css) => {
			const event = new DragEvent(name, { dataTransfer: files, bubbles: true, cancelable: true });
			document.querySelector(css).dispatchEvent(event);
			return event.defaultPrevented;
		};
		drag('dragenter', '.rows .row a');
	})()`)
	ann.until("the row marked", "drag('dragover', '.rows .row a') && document.querySelector('.row.dropping')")
	ann.shot("drop-row-desktop")
	if !eval[bool](ann.person, "drag('dragover', '.tabs') && drag('drop', '.tabs')") {
		t.Error("a file beside the rows would be opened in place of the client")
	}
	ann.eval("drag('dragover', '.rows .row a') && drag('drop', '.rows .row a')")
	ann.until("for whom it is", "document.querySelector('.hy-sheet h2')?.textContent.includes('Bo')")
	ann.click(".hy-sheet [type=submit]")
	ann.until("its conversation", "location.pathname === '/c/10-"+id(bo)+"'")
	bo.until("the picture", "document.querySelector('article.other .picture img')?.naturalWidth === 90")
}
