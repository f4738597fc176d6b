// Keeps the figures of a page moving: it asks the server for the moving part of
// the same page and brings the document to the same state, node by node, so that
// focus, scroll position and opened tables stay where they are.

const LEAST = 1400; // milliseconds between answers: a visit shows within two seconds
const MOST = 60000;

const words = JSON.parse(document.body.dataset.words);
const main = document.getElementById('main');
const status = document.getElementById('status');
let etag = '', wait = LEAST, timer = 0, running = false, last = new Date();

function say(state, text) {
	if (status.dataset.state !== state) status.dataset.state = state;
	const place = status.querySelector('.text');
	if (place.textContent !== text) place.textContent = text;
}

async function refresh() {
	clearTimeout(timer);
	if (running || document.hidden) return;
	running = true;
	const start = performance.now(), address = location.href;
	try {
		const headers = { 'Footfall-Live': '1' };
		if (etag) headers['If-None-Match'] = etag;
		const answer = await fetch(address, { headers, cache: 'no-store', signal: AbortSignal.timeout(20000) });
		if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
			say('gone', words.gone);
			return; // for good
		}
		if (answer.status !== 304 && address === location.href) {
			if (!answer.ok) throw new Error(answer.status);
			const part = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.page');
			const here = main.querySelector('.page');
			if (!part) throw new Error('no page');
			if (part.dataset.build !== here.dataset.build) return location.reload();
			etag = answer.headers.get('ETag') || '';
			morph(here, part);
			if (part.dataset.title) document.title = part.dataset.title;
			ready();
		}
		last = new Date();
		// A slow server is asked less often: at most a tenth of its time is ours.
		wait = Math.max(LEAST, Math.min(MOST, 10 * (performance.now() - start) - LEAST));
		say('live', words.live);
	} catch {
		wait = Math.min(MOST, wait * 2);
		const at = last.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
		say('off', words.offline.replace('{time}', at));
	} finally {
		running = false;
	}
	timer = setTimeout(refresh, address === location.href ? wait * (1 + Math.random() / 10) : 0);
}

// morph brings the element to the state of model, and keeps what the reader did:
// an opened <details> stays open.
function morph(element, model) {
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
	addEventListener('online', refresh);
	addEventListener('pageshow', event => event.persisted && refresh());
	refresh();
}
