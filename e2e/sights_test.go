package e2e

import (
	"fmt"
	"slices"
)

// sight is something to be seen: a view, or what opens over one. A new screen of
// the product is one more of them in a list.
type sight struct {
	name  string
	path  string  // where it is
	steps []step  // what people do there
	shows string  // CSS of what shows that it is to be seen
	after []step  // what has to be put right again
	shift float64 // the layout shift it may have, if that is more than elsewhere
}

// mended is the same with what has to be put right after it.
func (s sight) mended(after ...step) sight { s.after = after; return s }

// step is something that people do on their way to a sight.
type step func(w *walk)

func does(all ...step) []step { return all }

// then is more steps after those.
func then(first []step, more ...step) []step {
	return append(slices.Clip(slices.Clone(first)), more...)
}

// tap presses elements one after the other, each once it is there.
func tap(css ...string) step {
	return func(w *walk) {
		w.t.Helper()
		for _, one := range css {
			w.see(one)
			w.eval(fmt.Sprintf("document.querySelector(%q).click() ?? 0", one))
		}
	}
}

// tapAt presses one of several alike, from the end where n is negative.
func tapAt(css string, n int) step {
	return func(w *walk) {
		w.t.Helper()
		w.until("sight of "+css, fmt.Sprintf("!!([...document.querySelectorAll(%q)].at(%d))", css, n))
		w.eval(fmt.Sprintf("[...document.querySelectorAll(%q)].at(%d).click() ?? 0", css, n))
	}
}

// sees waits for something on the way.
func sees(css string) step { return func(w *walk) { w.t.Helper(); w.see(css) } }

// menu asks for the menu of the last such element, as the right button does.
func menu(css string) step {
	return func(w *walk) {
		w.t.Helper()
		w.see(css)
		w.eval(fmt.Sprintf("[...document.querySelectorAll(%q)].at(-1).dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 90, clientY: 300 }))", css))
	}
}

// deed picks something from the menu of the last such message.
func deed(css, icon string) []step {
	return does(menu(css), tap(fmt.Sprintf(".hy-menu [role=menuitem]:has(use[href$='#%s'])", icon)))
}

// fill writes into a field.
func fill(css, text string) step {
	return func(w *walk) {
		w.t.Helper()
		w.see(css)
		w.eval(fmt.Sprintf("(() => { const f = document.querySelector(%q); f.focus(); f.value = %q; f.dispatchEvent(new Event('input', { bubbles: true })); })() ?? 0", css, text))
	}
}

// run is anything else, in JavaScript.
func run(js string) step { return func(w *walk) { w.t.Helper(); w.eval(js) } }

func key(name, code string, number int64, text string, modifiers int64) step {
	return func(w *walk) { w.t.Helper(); w.press(name, code, number, text, modifiers) }
}

// tool opens a row of the plus panel.
func tool(name string) step {
	return tap("hy-composer button.plus", "hy-composer [data-tool="+name+"]")
}

// views are all addresses of the client.
func (w *walk) views() []sight {
	chat, group, theirs := "/c/10-"+id(w.other), fmt.Sprintf("/c/11-%d", w.group), fmt.Sprintf("/c/11-%d", w.theirs)
	at := func(name, path, shows string) sight { return sight{name: name, path: path, shows: shows} }
	return []sight{
		// A notice and what is pinned come when the first page has been drawn; on a slow processor that is seen in a short conversation.
		{name: "group-notice-new", path: theirs, shows: ".board.notice", shift: 0.25}, at("chat", chat, "hy-messages .card"),
		at("list", "/chat/index.shtml", ".row[data-key] a"), at("archived", "/archived", ".row[data-key] a"), at("offline", "/chat/offline.shtml", ".side h1"),
		at("group", group, ".board.pins"), at("group-quiet", fmt.Sprintf("/c/11-%d", w.quiet), "hy-composer textarea"),
		at("group-info", group+"/info", "hy-group .members"), at("group-info-member", theirs+"/info", "hy-group .members"), at("group-members", group+"/members", "hy-group .rows"),
		at("group-invite", group+"/invite", "hy-invite img.code"), at("group-invite-closed", theirs+"/invite", "hy-invite .blank"), at("group-requests", group+"/requests", "hy-requests .acts"),
		at("group-recalled", group+"/recalled", "hy-recalls .row"), at("group-recalled-not", theirs+"/recalled", "hy-recalls .blank"), at("group-gone", fmt.Sprintf("/c/11-%d", w.gone), ".status"),
		at("person-in-chat", chat+"/info", "hy-person h2"), at("contacts", "/contacts", "hy-contacts .index-title"), at("find", "/contacts/add", "hy-find h1"),
		at("requests", "/contacts/requests", "hy-requests .acts"), at("groups", "/contacts/groups", "hy-requests .row"), at("blocked", "/contacts/blocked", "hy-requests .acts"),
		at("friend", "/contacts/"+id(w.other), "hy-person .weui-switch"), at("stranger", "/contacts/"+id(w.stranger), "hy-person h2"), at("myself", "/contacts/"+id(w.account), "hy-person .link"),
		at("card", "/u/"+id(w.stranger), ".invite h1"), at("join", w.link, ".invite form"), at("join-over", w.spent, ".auth .status"),
		at("join-group", "/groups/join", "hy-find h1"), at("create", "/chat/createcom.shtml", "hy-create .pick"), at("scan", "/scan", "hy-scan .scan"),
		at("search", "/search", "hy-search input"), at("search-all", "/search?q=Hello", ".found-in .hit"), at("search-messages", "/search?q=o&tab=messages", "hy-search .results"),
		at("search-contacts", "/search?q=B&tab=contacts", "hy-search .results"), at("search-groups", "/search?q=P&tab=groups", "hy-search .results"), at("search-media", "/search?tab=media", "hy-search .results img"),
		at("search-files", "/search?tab=files", "hy-search .results .row"), at("search-links", "/search?tab=links", "hy-search .results .row"), at("search-nothing", "/search?q=zzzqqq", "hy-search .results .blank"),
		at("search-here", "/search?kind=10&dstid="+id(w.other)+"&q=a", "hy-search .filter"),
		at("me", "/me", "hy-me h1"), at("profile", "/me/profile", "hy-account .avatar"), at("devices", "/me/devices", "hy-account .tag"), at("passwd", "/me/passwd", "hy-account form"),
		at("settings", "/me/settings", "hy-account .weui-switch"), at("notify", "/me/notify", "hy-notify .channel"), at("outbox", "/me/outbox", "hy-outbox .blank"),
		at("connection", "/me/connection", "hy-connection .conn-rtt"), at("nowhere", "/me/nowhere", "hy-account .blank"), at("record", w.record, ".hy-panel hy-record li"),
	}
}

// empty is what somebody sees who has just come.
func (w *walk) empty() []sight {
	at := func(name, path, shows string) sight { return sight{name: "no-" + name, path: path, shows: shows} }
	return []sight{
		at("list", "/chat/index.shtml", ".side .blank"), at("archived", "/archived", ".side .blank"), at("contacts", "/contacts", "hy-contacts .blank"), at("requests", "/contacts/requests", "hy-requests .blank"),
		at("groups", "/contacts/groups", "hy-requests .blank"), at("blocked", "/contacts/blocked", "hy-requests .blank"), at("friends", "/chat/createcom.shtml", "hy-create .total"),
		at("media", "/search?tab=media", "hy-search .results .blank"), at("channels", "/me/notify", "hy-notify .add"),
	}
}
