package e2e

// microphone presses the button for voice and goes on past what is said before
// the browser asks.
func (a *account) microphone() {
	a.t.Helper()
	a.click("hy-voice .mic")
	a.until("the microphone, or what it is for", "document.querySelector('dialog.box') || document.querySelector('hy-voice .strip, hy-voice .hold')")
	if eval[bool](a.person, "!!document.querySelector('dialog.box')") {
		a.click("dialog.box [type=submit]")
	}
}
