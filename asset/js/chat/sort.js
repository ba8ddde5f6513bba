// Putting things into another order by dragging: with a mouse at once, with a
// finger after it has rested a moment, so that it can still scroll.
const REST = 220;
const SLOP = 8;

/**
 * Lets the children of a kind be dragged to another place among them.
 * @param {HTMLElement} box @param {string} kind a selector
 * @param {(from: number, to: number) => void} move
 */
export function sortable(box, kind, move) {
  let held = null;
  const all = () => [...box.querySelectorAll(kind)];
  const lift = () => {
    if (!held) return;
    held.lifted = true;
    held.element.classList.add('lifted');
    held.element.setPointerCapture?.(held.pointer);
  };
  const drop = (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    clearTimeout(held.timer);
    const { element, lifted, over } = held;
    held = null;
    element.classList.remove('lifted');
    element.style.transform = '';
    for (const other of all()) other.classList.remove('over');
    if (!lifted || event.type === 'pointercancel') return;
    const from = all().indexOf(element);
    if (over && over !== element) move(from, all().indexOf(over));
  };
  box.addEventListener('pointerdown', (event) => {
    const element = event.target.closest(kind);
    if (!element || event.button !== 0 || event.target.closest('button') || all().length < 2) return;
    held = { element, pointer: event.pointerId, x: event.clientX, y: event.clientY, lifted: false, over: null };
    if (event.pointerType !== 'mouse') held.timer = setTimeout(lift, REST);
  });
  box.addEventListener('pointermove', (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    const x = event.clientX - held.x;
    const y = event.clientY - held.y;
    if (!held.lifted) {
      if (Math.hypot(x, y) < SLOP) return;
      if (event.pointerType === 'mouse') lift();
      else { // it scrolls
        clearTimeout(held.timer);
        held = null;
        return;
      }
    }
    held.element.style.transform = `translate(${x}px, ${y}px) scale(1.06)`;
    held.over = all().find((other) => other !== held.element && inside(other.getBoundingClientRect(), event)) ?? null;
    for (const other of all()) other.classList.toggle('over', other === held.over);
  });
  box.addEventListener('pointerup', drop);
  box.addEventListener('pointercancel', drop);
  // A finger that carries something does not scroll.
  box.addEventListener('touchmove', (event) => held?.lifted && event.preventDefault(), { passive: false });
  box.addEventListener('contextmenu', (event) => held && event.preventDefault());
}

const inside = (area, { clientX: x, clientY: y }) => x >= area.left && x <= area.right && y >= area.top && y <= area.bottom;
