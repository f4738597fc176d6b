// Keeps the figures of a page moving: it asks the server for the moving part of
// the same page and brings the document to the same state, node by node, so that
// focus, scroll position and opened tables stay where they are.
//
// It also follows the links and forms of a site's page that lead to another view of
// it, without loading the page again. Without this script they work as links and forms do.
//
// Other scripts of a page ask for a view with the event "go" (detail: the address) on
// the document, and hear "drawn" when a part was swapped in.


const words = JSON.parse(document.body.dataset.words);
const main = document.getElementById('main');
// Milliseconds between answers: a visit shows within two seconds, to the team.
const LEAST = main.dataset.pace * 1000 || 1400;
const MOST = Math.max(LEAST, 60000);
const status = document.getElementById('status');
let etag = main.dataset.etag || '', wait = LEAST, timer = 0, asking = null, last = new Date(), sheet = null;

function say(state, text) {
	if (status.dataset.state !== state) status.dataset.state = state;
	const place = status.querySelector('.text');
	if (place.textContent !== text) place.textContent = text;
}

// refresh asks for the part that the address names. hurry is true where the reader
// waits for it; what was asked before is then given up.
async function refresh(hurry) {
	clearTimeout(timer);
	if (hurry !== true && (asking || document.hidden)) return;
	asking?.abort();
	const mine = asking = new AbortController();
	const start = performance.now();
	let address = location.href;
	const late = setTimeout(() => mine.abort(), 20000);
	if (hurry === true) main.setAttribute('aria-busy', 'true');
	try {
		const headers = { 'Footfall-Live': '1' };
		if (etag) headers['If-None-Match'] = etag;
		const answer = await fetch(address, { headers, cache: 'no-store', signal: mine.signal });
		if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
			say('gone', words.gone);
			asking = null;
			return; // for good
		}
		if (answer.status !== 304 && address === location.href) {
			if (!answer.ok) throw new Error(answer.status);
			const part = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.page');
			const here = main.querySelector('.page');
			if (!part) throw new Error('no page');
			if (asking !== mine) return;
			if (part.dataset.build !== here.dataset.build) return location.reload();
			if (hurry === true && 'query' in part.dataset) { // spelled as links spell it
				history.replaceState(null, '', location.pathname + part.dataset.query);
				address = location.href;
			}
			etag = answer.headers.get('ETag') || '';
			swap(here, part, hurry === true);
		}
		last = new Date();
		// A slow server is asked less often: at most a tenth of its time is ours.
		wait = Math.max(LEAST, Math.min(MOST, 10 * (performance.now() - start) - LEAST));
		say('live', words.live);
	} catch {
		if (asking !== mine) return;
		wait = Math.min(MOST, wait * 2);
		const at = last.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
		say('off', words.offline.replace('{time}', at));
	} finally {
		clearTimeout(late);
	}
	if (asking !== mine) return;
	asking = null;
	main.removeAttribute('aria-busy');
	timer = setTimeout(refresh, address === location.href ? wait * (1 + Math.random() / 10) : 0);
}

// swap brings the document to the state of part. A report alone comes up in a dialog
// over the page that it was opened from.
function swap(here, part, asked) {
	if (asked) for (const menu of here.querySelectorAll('.menu[open]')) menu.open = false;
	if (part.dataset.details && !here.dataset.details) {
		if (!sheet) openSheet();
		const old = sheet.firstElementChild, report = part.querySelector('.whole');
		if (old) morph(old, report); else sheet.append(report);
		if (!sheet.open) sheet.showModal();
	} else {
		if (sheet?.open) sheet.close('left');
		morph(here, part);
	}
	if (part.dataset.title) document.title = part.dataset.title;
	ready();
	document.dispatchEvent(new Event('drawn'));
}

function openSheet() {
	sheet = document.createElement('dialog');
	sheet.className = 'report-sheet';
	sheet.setAttribute('aria-labelledby', 'h-details');
	main.append(sheet);
	sheet.addEventListener('click', event => event.target === sheet && sheet.close());
	sheet.addEventListener('close', () => {
		const back = sheet.querySelector('.close')?.href;
		if (sheet.returnValue !== 'left' && back) go(back);
		sheet.returnValue = '';
		sheet.replaceChildren();
	});
}

// go shows another view of the page.
function go(address) {
	history.pushState(null, '', address);
	etag = '';
	refresh(true);
}

// morph brings the element to the state of model, and keeps what the reader did:
// an opened <details> stays open, a form in it stays as it was filled in. What
// belongs to a script is left alone.
function morph(element, model) {
	if ('own' in element.dataset || 'keep' in element.dataset && element.open) return;
	for (const { name } of [...element.attributes])
		if (!model.hasAttribute(name) && name !== 'open') element.removeAttribute(name);
	for (const { name, value } of [...model.attributes])
		if (element.getAttribute(name) !== value) element.setAttribute(name, value);
	const old = [...element.childNodes], now = [...model.childNodes];
	now.forEach((child, i) => {
		const place = old[i];
		if (!place) element.append(child);
		else if (place.nodeType !== child.nodeType || place.nodeName !== child.nodeName) place.replaceWith(child);
		else if (child.nodeType === Node.ELEMENT_NODE) morph(place, child);
		else if (place.data !== child.data) place.data = child.data;
	});
	for (const extra of old.slice(now.length)) extra.remove();
}

// ready shows what works with a script only.
function ready() {
	if (navigator.clipboard) for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;
	for (const button of document.querySelectorAll('[data-live] .apply')) button.hidden = true;
}

// A form of choices about the page itself is applied as it is filled in: what it
// would lead to becomes the page's address.
function choose(event) {
	const form = event.target.closest('form[data-live]');
	if (!form) return;
	if (event.type === 'submit') event.preventDefault();
	const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
	history.replaceState(null, '', '?' + query);
	clearTimeout(timer);
	timer = setTimeout(refresh, event.target.type === 'checkbox' ? 0 : 200);
}

// A link or a form of a site's page that leads to another view of it is followed here.
function follow(event) {
	const inside = main.querySelector('.page.dash') && event.target.closest?.('#main');
	if (!inside || event.defaultPrevented) return;
	let address;
	if (event.type === 'submit') {
		const form = event.target;
		if (form.method !== 'get' || form.matches('[data-live]')) return;
		address = new URL('?' + new URLSearchParams([...new FormData(form)].filter(([, value]) => value)), location.href);
	} else {
		const link = event.target.closest('a[href]');
		if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.download || link.hasAttribute('download') || link.target) return;
		address = new URL(link.href.baseVal ?? link.href, location.href);
		if (address.origin !== location.origin || address.pathname !== location.pathname || address.hash) return;
	}
	event.preventDefault();
	go(address);
}

document.addEventListener('click', async event => {
	const button = event.target.closest('[data-copy]');
	if (!button) return;
	await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
	const name = button.textContent;
	if (name === words.copied) return;
	button.textContent = words.copied;
	setTimeout(() => { button.textContent = name; }, 2000);
});

// Days begin where the reader is, until another zone is typed.
for (const field of document.querySelectorAll('[data-own-zone]')) field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;

ready();
if (status && main.querySelector('.page')) {
	document.addEventListener('visibilitychange', refresh);
	document.addEventListener('input', choose);
	document.addEventListener('submit', choose);
	document.addEventListener('submit', follow);
	document.addEventListener('click', follow);
	document.addEventListener('go', event => go(event.detail));
	addEventListener('popstate', () => { etag = ''; refresh(true); });
	addEventListener('online', refresh);
	addEventListener('pageshow', event => event.persisted && refresh());
	if (etag) { // what is shown has just been made
		say('live', words.live);
		timer = setTimeout(refresh, LEAST);
	} else refresh();
}
