// The opt-out, for a page of the site's own, such as the one about privacy:
//
//   <button type="button" data-footfall-opt-out hidden></button>
//   <script defer src="https://stats.example.com/js/opt-out.js"></script>
//
// The button is hidden until this script has made it work; what it does and what
// is the case now is said beside it, in the page's language. A page with words or
// a switch of its own calls footfallOptOut(true), footfallOptOut(false), and
// footfallOptOut() to ask.
//
// The choice is one entry in the storage that the browser keeps for this very
// address (scheme, host and port). The tracker reads it before it sends anything.
// It is written when the visitor says so and at no other time, and it is the same
// for everybody who makes it.
//
// Attributes of the button: data-site="example.com" says for which site it is
// meant, so that a page at another address does not promise what it cannot do;
// data-stop, data-again, data-counted, data-ignored and so on replace the words
// below. An element beside it with data-footfall-opt-out-state takes the sentence.

(() => {
  const key = 'plausible_ignore'   // which Plausible's trackers read, too

  const words = {
    en: {
      stop: 'Do not count my visits',
      again: 'Count my visits again',
      counted: 'Your visits to {host} are counted.',
      ignored: 'Your visits to {host} are not counted in this browser.',
      signal: 'Your browser sends Global Privacy Control. Your visits are not counted.',
      blocked: 'This browser does not let the page keep a choice. Your visits are not counted.',
      elsewhere: 'This page is at {host}. A choice made here does not reach {site}: it needs a button on a page of {site} itself.'
    },
    de: {
      stop: 'Meine Besuche nicht zählen',
      again: 'Meine Besuche wieder zählen',
      counted: 'Ihre Besuche auf {host} werden gezählt.',
      ignored: 'Ihre Besuche auf {host} werden in diesem Browser nicht gezählt.',
      signal: 'Ihr Browser sendet Global Privacy Control. Ihre Besuche werden nicht gezählt.',
      blocked: 'Dieser Browser lässt die Seite keine Entscheidung merken. Ihre Besuche werden nicht gezählt.',
      elsewhere: 'Diese Seite liegt auf {host}. Eine Entscheidung hier erreicht {site} nicht: Dafür braucht es einen Knopf auf einer Seite von {site} selbst.'
    },
    fr: {
      stop: 'Ne pas compter mes visites',
      again: 'Compter à nouveau mes visites',
      counted: 'Vos visites sur {host} sont comptées.',
      ignored: 'Vos visites sur {host} ne sont pas comptées dans ce navigateur.',
      signal: 'Votre navigateur envoie le signal Global Privacy Control. Vos visites ne sont pas comptées.',
      blocked: 'Ce navigateur ne laisse pas la page retenir un choix. Vos visites ne sont pas comptées.',
      elsewhere: 'Cette page se trouve sur {host}. Un choix fait ici n’atteint pas {site} : il faut un bouton sur une page de {site} même.'
    },
    es: {
      stop: 'No contar mis visitas',
      again: 'Volver a contar mis visitas',
      counted: 'Sus visitas a {host} se cuentan.',
      ignored: 'Sus visitas a {host} no se cuentan en este navegador.',
      signal: 'Su navegador envía la señal Global Privacy Control. Sus visitas no se cuentan.',
      blocked: 'Este navegador no permite que la página guarde una elección. Sus visitas no se cuentan.',
      elsewhere: 'Esta página está en {host}. Una elección hecha aquí no alcanza a {site}: hace falta un botón en una página del propio {site}.'
    },
    pt: {
      stop: 'Não contar as minhas visitas',
      again: 'Voltar a contar as minhas visitas',
      counted: 'As suas visitas a {host} são contadas.',
      ignored: 'As suas visitas a {host} não são contadas neste navegador.',
      signal: 'O seu navegador envia o sinal Global Privacy Control. As suas visitas não são contadas.',
      blocked: 'Este navegador não deixa a página guardar uma escolha. As suas visitas não são contadas.',
      elsewhere: 'Esta página está em {host}. Uma escolha feita aqui não alcança {site}: é preciso um botão numa página do próprio {site}.'
    },
    ja: {
      stop: '自分の訪問を数えない',
      again: '自分の訪問をふたたび数える',
      counted: '{host} へのあなたの訪問は数えられています。',
      ignored: 'このブラウザーでは、{host} へのあなたの訪問は数えられていません。',
      signal: 'お使いのブラウザーは Global Privacy Control を送っています。あなたの訪問は数えられていません。',
      blocked: 'このブラウザーでは、ページが選択を保存できません。あなたの訪問は数えられていません。',
      elsewhere: 'このページは {host} にあります。ここでの選択は {site} には届きません。{site} 自身のページにあるボタンが必要です。'
    }
  }

  // Is the visitor out? Any value says so. Undefined where the browser keeps
  // nothing for this page: the tracker then cannot ask, and counts nothing.
  const out = () => {
    try {
      return !!localStorage.getItem(key)
    } catch {}
  }

  const set = choice => {
    try {
      if (choice) localStorage.setItem(key, 'true')
      else localStorage.removeItem(key)
    } catch {}
  }

  // The words for an element: those of the page's language, or of the reader's.
  const wordsFor = element => {
    for (const language of [element.closest('[lang]')?.lang, ...navigator.languages || []]) {
      const known = words[String(language).toLowerCase().split('-')[0]]
      if (known) return known
    }
    return words.en
  }

  // Is the page at the address of that site? A host below it, such as that of the
  // statistics, has a storage of its own.
  const bare = host => new URL('http://' + host).hostname.replace(/^www\./, '')
  const meant = site => {
    try {
      return !site || bare(location.hostname) == bare(site)
    } catch {}
  }

  // The element beside a button that says what is the case. It is there before
  // its text changes, or a screen reader would not read the change.
  const states = new WeakMap()
  let named = 0
  const stateOf = button => {
    let state = states.get(button)
    if (!state?.isConnected) {
      state = button.parentNode.querySelector('[data-footfall-opt-out-state]')
      if (!state) button.after(' ', state = document.createElement('span'))
      state.setAttribute('role', 'status')
      state.dataset.footfallOptOutState = ''
      if (!state.id) state.id = 'footfall-opt-out-' + ++named
      button.setAttribute('aria-describedby', state.id)
      states.set(button, state)
    }
    return state
  }

  const write = (element, text) => {
    if (element.textContent != text) element.textContent = text
  }

  const show = () => {
    for (const button of document.querySelectorAll('[data-footfall-opt-out]')) {
      const { site } = button.dataset
      const now = out()
      const sentence = !meant(site) ? 'elsewhere'
        : navigator.globalPrivacyControl ? 'signal'
          : now == null ? 'blocked' : now ? 'ignored' : 'counted'
      const say = word => (button.dataset[word] || wordsFor(button)[word])
        .replaceAll('{host}', location.host).replaceAll('{site}', site)
      write(button, say(now ? 'again' : 'stop'))
      button.disabled = button.hidden = sentence != 'ignored' && sentence != 'counted'
      const state = stateOf(button)
      state.dataset.footfallOptOutState = sentence
      write(state, say(sentence))
    }
  }

  window.footfallOptOut = choice => {
    if (choice != null) set(choice)
    show()
    return out() != false || !!navigator.globalPrivacyControl
  }

  document.addEventListener('click', event => {
    if (event.target.closest?.('[data-footfall-opt-out]')) {
      set(!out())
      show()
    }
  })
  addEventListener('storage', show)   // another tab decided
  addEventListener('pageshow', show)  // or an earlier page, to which one came back
  if (document.readyState == 'loading') document.addEventListener('DOMContentLoaded', show)
  else show()
})()
