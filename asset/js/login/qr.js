// The code beside the login form of a wide screen: shows it, waits for a phone to answer, and takes its place
// anew when it has expired. It loads nothing else: what it says stands in the page.
const WIDE = '(min-width: 900px)'; // where the style shows it
const ROUNDS = 5; // codes shown unasked, of two minutes each; then a button asks for more
const RETRY = 2000; // ms, between attempts of a browser without a network

/** @param {HTMLElement} el @param {MediaQueryList} wide */
function run(el, wide) {
  /** @type {AbortController|null} */
  let shown = null;
  const start = () => {
    shown?.abort();
    shown = null;
    if (getComputedStyle(el).display === 'none') return;
    shown = new AbortController();
    show(new Box(el), shown.signal).catch(() => {}); // aborted
  };
  wide.addEventListener('change', start);
  el.querySelector('button')?.addEventListener('click', start);
  addEventListener('pagehide', () => shown?.abort());
  addEventListener('pageshow', (e) => { if (e.persisted) start(); });
  start();
}

/** What is on the screen. */
class Box {
  constructor(/** @type {HTMLElement} */ el) {
    this.el = el;
  }

  part(/** @type {string} */ name) {
    return /** @type {any} */ (this.el.querySelector(`.qr-${name}`));
  }

  /** @param {string} state waiting, scanned, done, denied, expired, offline */
  set(state) {
    const again = state === 'denied' || state === 'expired';
    this.el.dataset.state = state;
    this.part('say').textContent = this.el.dataset[state] ?? '';
    this.part('again').hidden = !again;
    if (state !== 'scanned' && state !== 'done') this.part('who').hidden = true;
    if (again && this.el.contains(document.activeElement)) this.part('again').focus();
  }

  draw(/** @type {{image: string, code: string}} */ made) {
    const picture = this.part('picture');
    picture.src = `data:image/svg+xml,${encodeURIComponent(made.image)}`;
    picture.hidden = false;
    this.part('code').textContent = `${made.code.slice(0, 4)}-${made.code.slice(4)}`;
  }

  who(/** @type {{nickname: string, avatar: string}} */ user) {
    const face = this.part('face');
    const own = /^\/(?!\/)/.test(user.avatar);
    face.hidden = !own;
    if (own) face.src = user.avatar;
    this.part('name').textContent = user.nickname;
    this.part('who').hidden = false;
  }
}

/** @param {Box} screen @param {AbortSignal} signal */
async function show(screen, signal) {
  for (let round = 0; round < ROUNDS; round++) {
    const made = await ask(screen, signal, () => fetch('/qrlogin/new', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"image":true}', signal,
    }));
    if (!made.data) break;
    screen.draw(made.data);
    screen.set('waiting');
    const end = await follow(screen, made.data, signal);
    if (end === 'confirmed') return;
    if (end === 'denied') {
      screen.set('denied');
      return;
    }
  }
  screen.set('expired');
}

/** Follows one code to its end: confirmed, denied, expired. */
async function follow(/** @type {Box} */ screen, /** @type {any} */ made, /** @type {AbortSignal} */ signal) {
  let state = 'new';
  for (;;) {
    const told = await ask(screen, signal, () => fetch(`/qrlogin/wait?ticket=${made.ticket}&state=${state}`, {
      headers: { 'X-QR-Secret': made.secret }, signal,
    }), () => screen.set(state === 'new' ? 'waiting' : 'scanned'));
    if (told.error === 'timeout') continue;
    if (!told.data) return 'expired';
    state = told.data.state;
    if (told.data.user) screen.who(told.data.user);
    if (state === 'scanned') {
      screen.set('scanned');
      continue;
    }
    if (state === 'confirmed') {
      screen.set('done');
      const next = /** @type {HTMLInputElement|null} */ (document.querySelector('input[name=next]'))?.value;
      location.replace(next || '/chat/index.shtml');
    }
    return state;
  }
}

/** Asks until there is an answer that is one: a network that is away and a server that is busy are waited for.
 * `back` is called once it has gone well again. */
async function ask(/** @type {Box} */ screen, /** @type {AbortSignal} */ signal, /** @type {() => Promise<Response>} */ request, back = () => {}) {
  for (let failed = false; ; failed = true) {
    let wait = RETRY;
    try {
      const response = await request();
      if (response.status !== 429 && response.status < 500) {
        if (failed) back();
        return await response.json();
      }
      wait = Math.max(RETRY, Number(response.headers.get('Retry-After')) * 1000);
    } catch {
      signal.throwIfAborted();
    }
    screen.set('offline');
    await pause(wait, signal);
  }
}

/** Waits, not longer than until the network is back. @returns {Promise<void>} */
function pause(/** @type {number} */ ms, /** @type {AbortSignal} */ signal) {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const end = (/** @type {() => void} */ then) => () => {
      clearTimeout(timer);
      over.abort();
      then();
    };
    const timer = setTimeout(end(resolve), ms + Math.random() * RETRY);
    addEventListener('online', end(resolve), { signal: over.signal });
    signal.addEventListener('abort', end(() => reject(signal.reason)), { signal: over.signal });
  });
}

const box = /** @type {HTMLElement|null} */ (document.querySelector('.qr'));
if (box) run(box, matchMedia(WIDE));
