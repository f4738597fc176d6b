// Passkeys: a form with data-passkey asks the browser's authenticator. It names
// the addresses of both steps; its fields are sent with each.

const can = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;

async function send(address, fields) {
	const answer = await fetch(address, { method: 'POST', body: fields, headers: { Accept: 'application/json' } });
	const said = await answer.json();
	if (!answer.ok) throw new Error(said.error);
	return said;
}

async function perform(form) {
	const fields = new URLSearchParams(new FormData(form));
	const { options, token } = await send(form.action, fields);
	const made = form.dataset.passkey === 'make';
	const key = made
		? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
		: await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
	fields.delete('current');
	fields.set('token', token);
	fields.set('answer', JSON.stringify(key));
	const { to } = await send(form.dataset.finish, fields);
	location.assign(to);
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
	form.hidden = !can;
	form.addEventListener('submit', event => {
		event.preventDefault();
		const said = form.querySelector('[role=alert]'), button = form.querySelector('button');
		said.hidden = true;
		button.disabled = true;
		perform(form).catch(why => {
			said.textContent = why.name === 'Error' ? why.message : form.dataset.failed;
			said.hidden = false;
		}).finally(() => { button.disabled = false; });
	});
}
