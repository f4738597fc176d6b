// The playground asks without loading the page anew; without this script it does.
// Ctrl or Cmd and Enter sends the question, as in other editors.

const form = document.querySelector('[data-play]');

async function ask() {
	const answer = document.getElementById('answer');
	answer.setAttribute('aria-busy', 'true');
	try {
		const sent = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
		const page = new DOMParser().parseFromString(await sent.text(), 'text/html');
		const made = page.getElementById('answer');
		if (!made) throw new Error(sent.status); // signed out, say: the whole page tells
		for (const button of made.querySelectorAll('[data-copy]')) button.hidden = !navigator.clipboard;
		answer.replaceWith(document.adoptNode(made));
	} catch {
		form.submit();
	}
}

form.addEventListener('submit', event => {
	event.preventDefault();
	ask();
});

form.addEventListener('keydown', event => {
	if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
		event.preventDefault();
		ask();
	}
});
