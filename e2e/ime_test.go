package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// compose shows what an input method has not finished in the field that has the focus.
func (p *person) compose(text string) {
	p.t.Helper()
	p.do("compose "+text, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		end := int64(len([]rune(text)))
		_, err := chromedp.Call(ctx, input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: end, SelectionEnd: end})
		return err
	}))
}

// TestEnterBelongsToTheInputMethod: while it composes, Enter chooses a word and
// sends nothing; the next one sends, once.
func TestEnterBelongsToTheInputMethod(t *testing.T) {
	ann, bo := register(t, "安娜", desktop), register(t, "Bo", phone)
	befriend(ann, bo)
	talk(ann, bo)
	ann.do("focus", focus("hy-composer textarea"))
	ann.compose("ni hao")
	ann.until("what is composed", "document.querySelector('hy-composer textarea').value === 'ni hao'")
	ann.eval("document.querySelector('hy-composer textarea').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, isComposing: true })) || 0")
	ann.press("Enter", "Enter", 229, "", 0) // as browsers name the key while a method has it
	if sent := eval[bool](ann.person, "!!document.querySelector('hy-messages article') || document.querySelector('hy-composer textarea').value !== 'ni hao'"); sent {
		t.Fatal("Enter sent what was not finished")
	}
	ann.do("the word", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: "你好"})
		return err
	}))
	ann.until("the word", "document.querySelector('hy-composer textarea').value === '你好'")
	ann.enter()
	bo.sees("你好")
	ann.until("an empty field", "document.querySelector('hy-composer textarea').value === ''")
	if said := ann.texts(); len(said) != 1 {
		t.Errorf("sent: %q", said)
	}
}
