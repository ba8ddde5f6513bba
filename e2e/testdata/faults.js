// What a person would wince at: what is wider than the screen, words that are cut
// off, buttons whose words do not fit on a line, and what a finger misses.
(() => {
	const CONTROLS = 'button, a[href], select, summary, textarea, input:not([type=hidden], [type=file]), label:has(input)';
	// What people wrote may be cut where there is no room, as its whole is elsewhere; the product's own words may not.
	const WRITTEN = '.name, .text, .title, .said, .size, .subtitle, .also, .wish, .words, .quote, .by, .where, .memo, .what, .weui-cell__desc, .author, .label:not(.tab .label), .count, .host, .filter';
	const name = (e) => e.localName + (typeof e.className === 'string' && e.className ? '.' + e.className.trim().replace(/\s+/g, '.') : '');
	const said = (e) => `${name(e)} “${e.textContent.trim().replace(/\s+/g, ' ').slice(0, 40)}”`;
	const top = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
	const care = document.documentElement.hasAttribute('data-care');
	const touched = matchMedia('(pointer: coarse)').matches;
	const found = new Set();

	const scrolls = (e) => {
		for (let up = e.parentElement; up && up !== document.body; up = up.parentElement) {
			if (up.scrollWidth > up.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(up).overflowX)) return true;
		}
		return false;
	};
	const lines = (e) => {
		const range = document.createRange();
		range.selectNodeContents(e);
		const tops = [...range.getClientRects()].filter((box) => box.width > 1).map((box) => box.top + box.height / 2).sort((a, b) => a - b);
		return tops.filter((at, i) => i === 0 || at - tops[i - 1] > 8).length;
	};
	const says = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());

	const cut = (e, style) => {
		if (style.overflowX === 'visible' && style.overflowY === 'visible') return;
		const wide = e.scrollWidth > e.clientWidth + 1 && /hidden|clip/.test(style.overflowX);
		const meant = (style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none') && (e.matches(WRITTEN) || e.closest(WRITTEN) || e.title || e.querySelector(WRITTEN));
		if (wide && !meant) found.add(`cut off: ${said(e)}`);
		const tall = e.scrollHeight > e.clientHeight + 3 && /hidden|clip/.test(style.overflowY) && style.webkitLineClamp === 'none';
		if (tall && says(e)) found.add(`cut off below: ${said(e)}`);
	};
	const hint = (e, style) => {
		if (!e.placeholder || e.value || /…|:\/\//.test(e.placeholder)) return; // an address is nobody's words
		const pen = document.createElement('canvas').getContext('2d');
		pen.font = style.font;
		const room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
		if (e.localName === 'input' && pen.measureText(e.placeholder).width > room + 1) found.add(`no room for the hint: ${name(e)} “${e.placeholder}”`);
	};
	// A finger hits 44 px: the control itself, what it belongs to, or what it reaches beyond its look.
	const miss = (e) => {
		const box = (e.matches('input') && e.closest('label') || e).getBoundingClientRect();
		if (e.matches('textarea, .emoji-grid *, .emoji-tabs *, .reactions *') && box.height > 39) return; // it grows; they lie side by side, as keys do
		const least = e.closest('article') ? 30 : 44; // under what was said there is no room for more
		const reach = least / 2 - 2;
		if (e.disabled || getComputedStyle(e).display === 'inline' || Math.min(box.width, box.height) >= least - 0.5) return;
		const x = box.x + box.width / 2;
		const y = box.y + box.height / 2;
		const at = (dx, dy) => {
			const [px, py] = [x + dx, y + dy];
			if (px < 0 || py < 0 || px >= innerWidth || py >= innerHeight) return true;
			const hit = document.elementFromPoint(px, py);
			return hit && (e.contains(hit) || hit.contains(e) && hit.matches(CONTROLS) || hit.closest('label')?.contains(e));
		};
		if (!at(0, 0)) return; // something lies over it
		const narrow = box.width < least - 0.5 && !(at(-reach, 0) && at(reach, 0));
		const low = box.height < least - 0.5 && !(at(0, -reach) && at(0, reach));
		if (narrow || low) found.add(`hard to hit: ${said(e)} ${Math.round(box.width)}×${Math.round(box.height)}`);
	};

	if (document.scrollingElement.scrollWidth > innerWidth + 1) found.add(`the page is ${document.scrollingElement.scrollWidth} wide`);
	for (const e of top === document.body ? top.querySelectorAll('*') : [top, ...top.querySelectorAll('*')]) {
		if (e.getClientRects().length === 0 || e.closest('.sr, .skip, .toast, .pswp__container, svg, .avatar') || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
		const box = e.getBoundingClientRect();
		const style = getComputedStyle(e);
		if ((box.right > innerWidth + 1 || box.left < -1) && box.width > 0 && !scrolls(e)) found.add(`wider than the screen: ${name(e)}`);
		if (e.localName === 'dialog' && (box.top < -1 || box.bottom > innerHeight + 1)) found.add(`higher than the screen: ${name(e)}`);
		if (e.matches('input, textarea')) hint(e, style);
		else if (says(e) || e.matches(CONTROLS)) cut(e, style);
		if (!care && e.matches('.weui-btn, .weui-dialog__btn, .textbtn, .tab .label, [role=tab], .tag, .send') && lines(e) > 1) found.add(`on two lines: ${said(e)}`);
		if (touched && e.matches(CONTROLS)) miss(e);
	}
	return [...found];
})()
