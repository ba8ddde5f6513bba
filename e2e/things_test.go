package e2e

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// downloads gives the folder into which the browser puts what a person keeps.
func (a *account) downloads() string {
	a.t.Helper()
	dir := a.t.TempDir()
	a.do("a folder for downloads", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, permissions.SetDownloadBehavior, permissions.SetDownloadBehaviorParams{
			Behavior: "allow", DownloadPath: dir, BrowserContextID: chromedp.FromContext(a.ctx).BrowserContextID})
		return err
	}))
	return dir
}

// downloaded waits for a file whose name ends like this, which is complete.
func downloaded(t *testing.T, dir, ending string) (name string, content []byte) {
	t.Helper()
	var all []os.DirEntry
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		all, _ = os.ReadDir(dir)
		for _, one := range all {
			if !strings.HasSuffix(one.Name(), ending) {
				continue
			}
			if content, err := os.ReadFile(filepath.Join(dir, one.Name())); err == nil && len(content) > 0 {
				return one.Name(), content
			}
		}
	}
	t.Fatalf("no file that ends in %s, but %v", ending, all)
	return "", nil
}

// TestMenuKeepsFiles keeps a file and a picture by the menu of their messages:
// the file is as it was, with its name.
func TestMenuKeepsFiles(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	want := []byte(strings.Repeat("甲,乙,丙\n", 3000))
	path := filepath.Join(t.TempDir(), "九月 报表.csv")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := bo.downloads()
	ann.choose("hy-composer input[data-for=file]", path)
	bo.until("the file", "document.querySelector('article.other .file a')?.textContent.includes('九月 报表.csv')")
	bo.openMenu("other")
	bo.pickMenu("download")
	if name, got := downloaded(t, dir, ".csv"); name != "九月 报表.csv" || !bytes.Equal(got, want) {
		t.Errorf("%q came with %d bytes, want %d", name, len(got), len(want))
	}

	ann.choose("hy-composer input[data-for=picture]", photo(t, t.TempDir(), "berg.jpg", 900, 600))
	ann.click(".hy-sheet [type=submit]")
	bo.until("the picture", "document.querySelector('article.other .picture img')?.naturalWidth > 0")
	bo.openMenu("other")
	bo.pickMenu("download")
	name, got := downloaded(t, dir, ".jpg")
	if size, _, err := image.DecodeConfig(bytes.NewReader(got)); err != nil || size.Width != 900 || size.Height != 600 {
		t.Errorf("%q came as %v: %v", name, size, err)
	}
}

// TestStickerFromAFile adds a picture of one's own by choosing its file, and
// sends it.
func TestStickerFromAFile(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	unasked(ann, bo)
	talk(ann, bo)
	ann.tool("sticker")
	ann.until("that there is none, and how to have one", "document.querySelector('.stickers .tip') && document.querySelectorAll('.stickers .grid button').length === 1")
	ann.chooses(".stickers .grid .add", photo(t, t.TempDir(), "打工人.jpg", 1200, 900))
	ann.until("that it is kept", "document.querySelector('.toast:not([hidden])') && document.querySelector('.stickers .grid img')?.naturalWidth > 0 && !document.querySelector('.stickers .tip')")
	if got := eval[string](ann.person, "document.querySelector('.stickers .grid button:nth-child(2)').ariaLabel"); got != "打工人" {
		t.Errorf("it is called %q", got)
	}
	ann.shot("sticker-own-phone")
	ann.click(".stickers .grid button:nth-child(2)")
	bo.until("the sticker", "document.querySelector('article.other .sticker img')?.naturalWidth > 0")
	ann.tool("sticker")
	ann.until("the same in the collection", "document.querySelectorAll('.stickers .grid img').length === 1")
}

// TestPacketForWhoComesLate has a packet of one share in a group of three: who
// opens it last sees that all is taken, and by whom. Wherever there is an amount
// it says that this is no money.
func TestPacketForWhoComesLate(t *testing.T) {
	ann, bo, cy := register(t, "安娜", phone), register(t, "Bo", desktop), register(t, "Cy", phone)
	group := groupOf("红包群", ann, bo, cy)
	unasked(ann, bo, cy)
	for _, one := range []*account{ann, bo, cy} {
		one.openGroup(group)
	}
	const play = "娱乐币只供游戏，不是真钱，不能充值、提现或兑换"
	ann.tool("packet")
	ann.insert("input[name=amount]", "2")
	ann.insert("input[name=count]", "1")
	ann.until("that it is play money", "document.querySelector('.packet-form').textContent.includes('"+play+"') && document.querySelector('.packet-form .sum').textContent.includes('娱乐币')")
	ann.enter()
	const card = "article.other .packet"
	for _, one := range []*account{bo, cy} {
		one.see(card + "[data-state=sealed] button")
		one.until("that it is play money, on the card", "document.querySelector('"+card+"').textContent.includes('红包 · 娱乐币')")
	}
	cy.click(card + " button")
	cy.see(".envelope .opens")
	cy.until("that it is play money, before it is opened", "document.querySelector('.envelope .note').textContent === '"+play+"'")

	bo.click(card + " button")
	bo.click(".envelope .opens")
	bo.until("what it was, and that it is play money", "document.querySelector('.envelope .head .sum')?.textContent === '2.00 娱乐币' && document.querySelector('.envelope .tip').textContent === '"+play+"'")
	cy.click(".envelope .opens")
	cy.until("that it came too late, and who was first", "document.querySelector('.envelope .none')?.textContent === '来晚了，红包已被领完' && document.querySelector('.envelope li .name')?.textContent === 'Bo'")
	cy.shot("packet-late-phone")
	cy.escape()
	cy.see(card + ".over[data-state=empty]")
	cy.until("the same on the card", "document.querySelector('"+card+" .size').textContent === '已被领完'")
	cy.openGroup(group)
	cy.see(card + ".over[data-state=empty]")
}
