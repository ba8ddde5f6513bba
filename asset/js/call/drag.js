// Moves the small call out of the way: by pointer, within the window.

/** Lets an element be dragged; a press that does not move is still a press. */
export function draggable(/** @type {HTMLElement} */ element) {
  let from = null;
  let moved = false;
  element.addEventListener('pointerdown', (event) => {
    if (!element.classList.contains('mini') || event.button) return;
    const box = element.getBoundingClientRect();
    from = { x: event.clientX - box.left, y: event.clientY - box.top, startX: event.clientX, startY: event.clientY };
    moved = false;
  });
  addEventListener('pointermove', (event) => {
    if (!from || !moved && Math.hypot(event.clientX - from.startX, event.clientY - from.startY) < 6) return;
    moved = true;
    const most = (size, own) => Math.max(0, size - own - 4);
    const left = Math.min(Math.max(4, event.clientX - from.x), most(innerWidth, element.offsetWidth));
    const top = Math.min(Math.max(4, event.clientY - from.y), most(innerHeight, element.offsetHeight));
    element.style.setProperty('--left', `${left}px`);
    element.style.setProperty('--top', `${top}px`);
    element.classList.add('placed');
  });
  for (const type of ['pointerup', 'pointercancel']) addEventListener(type, () => { from = null; });
  element.addEventListener('click', (event) => {
    if (!moved) return;
    moved = false;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
}
