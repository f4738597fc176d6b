// A site's page with a script: the trend is read with pointer and keys and drawn into a
// picture, filters suggest values, the keyboard steers. Nothing here is needed to
// read the page; what is shown comes from the page's own table and links.

const words = JSON.parse(document.body.dataset.words);
const main = document.getElementById('main');
const go = address => document.dispatchEvent(new CustomEvent('go', { detail: address }));
const make = (name, text) => {
	const element = document.createElement(name);
	if (text !== undefined) element.textContent = text;
	return element;
};

// --- The trend ---

let at = -1, from = -1, pressed = null; // buckets: read, chosen from; where a drag began

function trend() {
	const place = main.querySelector('.trend .field');
	if (!place) return null;
	const all = place.closest('.trend'), rows = [...all.querySelectorAll('tbody tr')];
	return { place, all, rows, n: +all.dataset.n, days: 'days' in all.dataset,
		heads: [...all.querySelectorAll('thead th')].slice(1).map(head => head.textContent), reader: place.querySelector('.reader') };
}

// show draws what is read at bucket i, and the choice from another bucket to it.
function show(i, begin = -1) {
	const t = trend();
	if (!t || !t.rows.length) return;
	at = Math.min(i, t.rows.length - 1);
	from = begin < 0 ? -1 : Math.min(begin, t.rows.length - 1);
	const { reader } = t;
	reader.replaceChildren();
	reader.setAttribute('aria-valuemax', t.rows.length - 1);
	if (at < 0) return;
	const row = t.rows[at], values = [...row.querySelectorAll('td')].map(cell => cell.textContent);
	const text = row.querySelector('th').textContent;
	reader.setAttribute('aria-valuenow', at);
	reader.setAttribute('aria-valuetext', `${text}: ` + values.map((value, j) => `${t.heads[j]}: ${value}`).join(', '));
	const width = reader.clientWidth, middle = width * (at + .5) / t.n;
	const cross = reader.appendChild(make('div'));
	cross.className = 'cross';
	cross.style.insetInlineStart = `${middle}px`;
	if (from >= 0 && from !== at) {
		const choice = reader.appendChild(make('div')), [low, high] = [Math.min(from, at), Math.max(from, at)];
		choice.className = 'choice';
		choice.style.insetInlineStart = `${width * low / t.n}px`;
		choice.style.inlineSize = `${width * (high - low + 1) / t.n}px`;
	}
	const callout = reader.appendChild(make('div')), list = make('dl');
	callout.className = 'callout';
	callout.append(make('b', from >= 0 && from !== at ? `${t.rows[Math.min(from, at)].querySelector('th').textContent} – ${t.rows[Math.max(from, at)].querySelector('th').textContent}` : text), list);
	if (from < 0 || from === at) values.forEach((value, j) => list.append(make('dt', t.heads[j]), make('dd', value)));
	const size = callout.offsetWidth, left = middle + 14 + size > width ? middle - 14 - size : middle + 14;
	callout.style.insetInlineStart = `${Math.max(0, Math.min(left, width - size))}px`;
}

function hide() {
	at = from = -1;
	trend()?.reader?.replaceChildren();
}

// zoom makes the chosen buckets the period.
function zoom() {
	const t = trend(), [low, high] = [Math.min(at, from < 0 ? at : from), Math.max(at, from)];
	if (!t?.days || low < 0) return;
	const query = new URLSearchParams(location.search);
	for (const name of ['date', 'interval', 'page', 'from', 'to']) query.delete(name);
	const first = t.rows[low].dataset.first, last = t.rows[high].dataset.last;
	query.set('period', first === last ? 'day' : 'custom');
	if (first === last) query.set('date', first);
	else { query.set('from', first); query.set('to', last); }
	hide();
	go('?' + query);
}

const bucketAt = (reader, event) => {
	const box = reader.getBoundingClientRect();
	return Math.max(0, Math.min(trend().n - 1, Math.floor((event.clientX - box.left) / box.width * trend().n)));
};

for (const type of ['pointermove', 'pointerdown', 'pointerup', 'pointercancel', 'pointerout'])
	document.addEventListener(type, event => {
		const reader = event.target.closest?.('.reader');
		if (!reader) return;
		const i = type === 'pointerout' || type === 'pointercancel' ? -1 : bucketAt(reader, event);
		if (type === 'pointerdown' && event.pointerType === 'mouse' && !event.button) {
			pressed = { x: event.clientX, i };
			reader.setPointerCapture(event.pointerId);
		} else if (type === 'pointerup' && pressed) {
			const dragged = Math.abs(event.clientX - pressed.x) > 6;
			show(i, dragged ? pressed.i : -1);
			pressed = null;
			zoom();
		} else if (type === 'pointermove' || type === 'pointerdown') show(i, pressed && trend().days && Math.abs(event.clientX - pressed.x) > 6 ? pressed.i : -1);
		else if (i < 0 && !pressed && document.activeElement !== reader) hide();
	});

function readKeys(event) {
	const n = trend()?.rows.length;
	if (!n) return false;
	const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -7, PageUp: 7, Home: -n, End: n }[event.key];
	if (step) {
		const start = at < 0 ? n - 1 : at;
		show(Math.max(0, Math.min(n - 1, at < 0 ? n - 1 : at + step)), event.shiftKey ? (from < 0 ? start : from) : -1);
	} else if (event.key === 'Enter') zoom();
	else if (event.key === 'Escape' && at >= 0) hide();
	else return false;
	return true;
}

document.addEventListener('focusin', event => event.target.matches('.reader') && at < 0 && show(Infinity));
document.addEventListener('focusout', event => event.target.matches('.reader') && hide());

function equip() {
	const t = trend();
	if (t?.reader) {
		const { reader } = t;
		reader.hidden = false;
		for (const [name, value] of Object.entries({ role: 'slider', tabindex: 0, 'aria-label': words['trend.read'], 'aria-valuemin': 0, 'aria-valuemax': t.rows.length - 1 })) reader.setAttribute(name, value);
		if (!reader.hasAttribute('aria-valuenow')) reader.setAttribute('aria-valuenow', t.rows.length - 1);
		if (at >= 0) show(at, from);
	}
	for (const button of main.querySelectorAll('[data-png]')) button.hidden = false;
}

// --- The trend as a picture ---

// picture paints what the trend's drawings show onto a canvas, twice as large.
function picture(all) {
	const place = all.querySelector('.drawing'), box = place.getBoundingClientRect();
	const canvas = make('canvas'), scale = 2, head = 44, pad = 16;
	canvas.width = (box.width + 2 * pad) * scale;
	canvas.height = (box.height + head + pad) * scale;
	const pen = canvas.getContext('2d'), style = getComputedStyle(all.closest('.card')), font = style.fontFamily;
	pen.scale(scale, scale);
	pen.fillStyle = style.backgroundColor;
	pen.fillRect(0, 0, canvas.width, canvas.height);
	pen.fillStyle = style.color;
	pen.font = `600 16px ${font}`;
	pen.textBaseline = 'middle';
	pen.fillText(`${document.querySelector('h1').textContent} · ${all.querySelector('h3').textContent} · ${document.querySelector('.line span').textContent}`, pad, head / 2 + 2);
	pen.translate(pad - box.left, head - box.top);
	for (const shape of place.querySelectorAll('rect, line, path, circle, text')) {
		const look = getComputedStyle(shape), here = shape.getBoundingClientRect();
		if (look.display === 'none' || !here.width && !here.height) continue;
		pen.save();
		pen.globalAlpha = +look.fillOpacity;
		pen.fillStyle = look.fill === 'none' ? 'transparent' : look.fill;
		pen.strokeStyle = look.stroke === 'none' ? 'transparent' : look.stroke;
		pen.lineWidth = parseFloat(look.strokeWidth) || 1;
		pen.setLineDash(look.strokeDasharray === 'none' ? [] : look.strokeDasharray.split(/[ ,]+/).map(parseFloat));
		if (shape.nodeName === 'text') {
			pen.font = `${look.fontWeight} ${look.fontSize} ${font}`;
			pen.textAlign = 'left';
			pen.fillText(shape.firstChild?.data ?? '', here.left, here.top + here.height / 2);
		} else if (shape.nodeName === 'path') {
			const m = shape.getScreenCTM(), path = new Path2D();
			path.addPath(new Path2D(shape.getAttribute('d')), m);
			pen.fill(path);
			pen.globalAlpha = 1;
			pen.stroke(path);
		} else if (shape.nodeName === 'circle') {
			pen.beginPath();
			pen.arc(here.left + here.width / 2, here.top + here.height / 2, +shape.getAttribute('r'), 0, 7);
			pen.fill();
			pen.stroke();
		} else if (shape.nodeName === 'line') {
			pen.beginPath();
			pen.moveTo(here.left, here.top);
			pen.lineTo(here.right, here.bottom);
			pen.stroke();
		} else pen.fillRect(here.left, here.top, here.width, here.height);
		pen.restore();
	}
	return canvas;
}

document.addEventListener('click', event => {
	const button = event.target.closest?.('[data-png]');
	if (!button) return;
	picture(button.closest('.trend')).toBlob(blob => {
		const link = make('a');
		link.href = URL.createObjectURL(blob);
		link.download = `${document.querySelector('h1').textContent}.png`;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 10000);
	});
});

// --- Filters ---

let suggesting = 0;
async function suggest(form, typed) {
	const mine = ++suggesting, query = new URLSearchParams(location.search);
	query.set('as', 'values');
	query.set('key', form.elements.key.value);
	query.set('value', typed);
	try {
		const answer = await fetch(form.dataset.values + '?' + query, { signal: AbortSignal.timeout(10000) });
		const found = answer.ok ? await answer.json() : [];
		if (mine !== suggesting) return;
		form.querySelector('datalist').replaceChildren(...found.map(({ value, name }) => {
			const option = make('option', name === value ? undefined : name);
			option.value = value;
			return option;
		}));
	} catch { /* without suggestions, values can still be typed */ }
}

for (const type of ['focusin', 'input'])
	document.addEventListener(type, event => {
		const form = event.target.closest?.('form.filter');
		if (!form) return;
		if (event.target.name === 'value') {
			const last = [...form.querySelectorAll('[name=value]')].pop();
			if (last.value) {
				const more = last.cloneNode();
				more.value = '';
				more.removeAttribute('value');
				last.after(more);
			}
			suggest(form, event.target.value);
		} else if (event.target.name === 'key' && type === 'input') form.querySelector('datalist').replaceChildren();
	});

// --- Menus and keys ---

const closeMenus = except => {
	let closed = 0;
	for (const menu of main.querySelectorAll('.menu[open]')) if (!menu.contains(except)) closed = menu.open = false, closed = 1;
	return closed;
};
document.addEventListener('click', event => closeMenus(event.target));

function open(menu) {
	menu.open = !menu.open;
	if (menu.open) (menu.querySelector('.sheet :is(a[aria-current], select)') ?? menu.querySelector('.sheet :is(a, input:not([type=hidden]))'))?.focus();
}

function escape() {
	const menu = main.querySelector('.menu[open]');
	if (menu) {
		closeMenus();
		menu.querySelector('summary').focus();
		return;
	}
	if (main.querySelector('.tip:not([hidden])') && main.querySelector('.figure:hover, a:focus-visible + .tip')) document.documentElement.dataset.hush = '';
	(main.querySelector('.whole .close') ?? main.querySelector('[data-key="Escape"]'))?.click();
}

document.addEventListener('pointermove', () => delete document.documentElement.dataset.hush);
document.addEventListener('keydown', event => {
	if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
	const field = event.target.closest?.('input, select, textarea');
	if (event.target.matches?.('.reader') && readKeys(event)) return event.preventDefault();
	if (event.key === 'Escape' && !document.querySelector('dialog[open]')) return escape();
	if (field || document.querySelector('#keys[open]')) return;
	const dialog = document.querySelector('dialog[open]');
	if (event.key === '/' && (dialog ?? main.querySelector('.whole'))) {
		event.preventDefault();
		return (dialog ?? main).querySelector('[type=search]')?.focus();
	}
	if (dialog) return;
	if (event.key === '?') return document.getElementById('keys')?.showModal();
	if (event.target.closest?.('.scroll, .all-rows, .tabs') && event.key.startsWith('Arrow')) return;
	const meant = main.querySelector(`[data-key="${CSS.escape(event.key.length === 1 ? event.key.toLowerCase() : event.key)}"]`);
	if (!meant) return;
	event.preventDefault();
	if (meant.matches('details')) open(meant);
	else meant.click();
});

document.addEventListener('drawn', equip);
addEventListener('resize', () => at >= 0 && show(at, from));
equip();
