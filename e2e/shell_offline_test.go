package e2e

import "testing"

// TestShellReadsOffline starts the client with nothing but what this device
// kept: the list and a conversation are there to be read, say of when they are,
// and come up to date once the network is back.
func TestShellReadsOffline(t *testing.T) {
	ann, bo := register(t, "安娜", phone), register(t, "Bo", desktop)
	befriend(ann, bo)
	talk(ann, bo)
	bo.say("读得到的一句")
	ann.sees("读得到的一句")
	ann.worker()
	ann.until("what was read is kept", `new Promise((resolve) => { const open = indexedDB.open('hongyan-`+id(ann)+`'); open.onsuccess = () => {
		const all = open.result.transaction('kv').objectStore('kv').getAll();
		all.onsuccess = () => { open.result.close(); resolve(JSON.stringify(all.result).includes('"rows":[{') && all.result.some((kept) => kept.contacts?.length && kept.conversations?.length)); };
	}; })`)

	ann.wire.vanish()
	ann.open("/chat/index.shtml")
	ann.until("the list", "document.querySelector('.row .name')?.textContent === 'Bo'")
	ann.until("of when it is", "/截至 \\d\\d:\\d\\d/.test(document.querySelector('.offline')?.textContent)")
	ann.shot("shell-offline-list")
	ann.open("/c/10-" + id(bo))
	ann.sees("读得到的一句")
	ann.shot("shell-offline-chat")
	ann.store()
	ann.say("写在隧道里")
	bo.say("你在吗")

	ann.wire.mend()
	ann.eval("store.retryNow() ?? 0")
	ann.online()
	bo.sees("写在隧道里")
	ann.sees("你在吗")
	ann.until("no word of being offline", "store.asOf.peek() === 0 && !document.querySelector('.offline')")
}
