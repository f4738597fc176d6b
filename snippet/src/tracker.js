// The tracker. script.js is this file, started by the script tag; in init.js and
// the npm package it is a function, started with something that looks like one
// (build/main.go).
//
// Three rules hold everywhere. Nothing is stored. No click is held up: a request
// with keepalive outlives its page. Nothing that goes wrong reaches the page: what
// can throw runs inside a try.
//
// Options are the data- attributes of the tag. What is off by default (hash,
// manual, local, forms, debug) is on when its attribute is there, whatever it
// says; what is on by default (outbound, 404) goes off by the value "off".
//
// The words in capitals are the builds': TAG is the script tag, EXTRAS is false in
// the core, NAMED_HASH and so on are true in files whose name switches it on.
//
// The file is written to be small when it is compressed. That is why it says in
// one expression what could be said in three statements, why a value that is not
// there yet (undefined, NaN) stands for "not yet", why one function hears all events
// and looks at everything each time, and why lists stand in the order in which they
// do: others were tried, and were larger.

try {
  const tag = TAG
  const options = tag.dataset

  let page             // address of the view that attention belongs to
  let attentive        // is the page visible and focused
  let depth            // the deepest point seen, in percent
  let engaged          // attention not reported yet, in milliseconds: NaN before the first view
  let since            // until when it is counted
  let shown = {}       // paths of the last automatic view and of the last 404, by name
  let revenue          // what read() found besides properties

  // What the page called before. Where this script runs already, by another tag,
  // q is null, and the next line ends the second run.
  const { q: calls = [] } = EXTRAS && (window.footfall || window.plausible) || 0
  let take = calls.push.bind(calls)   // what happens to a call: it waits, until somebody saw the page

  // Sends one event: a name and its options, as the page's calls have them.
  // Without a name it is an automatic pageview, which counts when the path is
  // another than before. What becomes of it, the answer or the reason why there is
  // none, is thrown, so that there is one way out.
  const send = async (name, { u = location, url = u, props, callback, ...more } = {}) => {
    try {
      // Of the address stay the tags of the campaign; of a click id, that there was
      // one; of the fragment, in hash mode, the route.
      url = new URL(url, location)
      url.search = EXTRAS
        ? url.search.replace(/([?&]((source=|utm_|ref=)[^&]*|\w+(bra|clk?)id=))|./g, '$1')
        : url.search.replace(/([?&](source=|utm_|ref=)[^&]*)|./g, '$1')
      url.hash = EXTRAS && (NAMED_HASH || 'hash' in options) ? url.hash.replace(/[?&=].*/, '') : ''

      // A page that was answered 404 is told by itself, and may call for it too.
      const path = EXTRAS ? url.pathname + url.hash : url.pathname
      if (shown[name] == path) throw 0
      if (!name | name == 404) shown[name] = path

      name ||= 'pageview'
      if (EXTRAS && name == 'pageview') {
        report()
        engaged = depth = 0
        page = url
      }

      // Of an outside referrer goes the address without its query, of an inside one
      // nothing.
      let event = {
        d: options.domain,
        u: url,
        n: name,
        r: document.referrer.replace(location.origin, '?').split('?')[0],
        ...EXTRAS && {
          h: 1,
          p: { ...read(tag), ...props },
          ...more
        }
      }

      // A browser that does not let anybody ask for an objection throws here, and
      // that is an objection. Local are robots, names without a dot, and addresses
      // that end in a number. In include and exclude, * stops at a slash and ** does
      // not; the rest is as in a regular expression. The hook has the last word.
      throw localStorage.plausible_ignore || navigator.globalPrivacyControl ? 'opt-out'
        : EXTRAS && !(NAMED_LOCAL || 'local' in options || /\.[a-z]/.test(navigator.webdriver || location.host)) ? 'local'
          : EXTRAS && !RegExp(`^(?!(${options.exclude})/?$)(${options.include || '**'})/?$`
            .replace(/\*+|, */g, sign => sign == '*' ? '[^/]*' : sign > '+' ? '|' : '.*')).test(path) ? 'excluded'
            : EXTRAS && !(event = window[options.transform || 'Object'](event)) ? 'transform'
              : await fetch(options.api || new URL('../api/event', tag.src), {
                referrerPolicy: 'origin',
                keepalive: 1,
                method: 'POST',
                body: JSON.stringify(event),
                credentials: 'omit'
              })
    } catch (result) {
      if (EXTRAS) {
        result && 'debug' in options && console.warn(result, ...result.headers || [])
        callback?.(result)
      }
    }
  }

  // Sends the attention since the last report. A tenth of a second is not worth a
  // request and stays in the account.
  const report = EXTRAS && (() => engaged > 99 && send('engagement', { u: page, sd: depth, e: engaged }, engaged = 0))

  // The properties that an author wrote on an element: words like
  // plausible-event-name=Sign+up in its class, attributes like
  // data-footfall-event-name="Sign up", on the script tag event-author="Ann".
  const read = EXTRAS && ((element, props = {}) => {
    revenue = {}
    ;[...element.attributes, ...element.classList].map(word =>
      (word.name ? 'l-' + word.name + '=' + word.value : word.replace(/\+/g, ' '))
        .replace(/[el]-(revenue|event)-(.+?)(?:=|--)(.*)/, (_, kind, key, value) => (kind < 'f' ? props : revenue)[key] = value))
    return props
  })

  // Hears every event, and looks once without one.
  const look = event => {
    if (EXTRAS) {
      try {
        engaged += attentive * (-since + (since = performance.now()))
        // The return from the back-forward cache is another view. The first look is
        // at no event, and ends here; nor does it measure when the page is first
        // shown, which may not be laid out yet.
        if (event.persisted) shown = {}
        event.persisted ?? (depth = Math.max(depth, (scrollY + innerHeight) * 100 / document.documentElement.scrollHeight))

        // Clicks and submitted forms: what the author named goes under that name and
        // no other. Without an element to speak of this throws, which ends the look.
        // Only forms have an action.
        const element = event.target.closest('[data-footfall-event-name],[class*=plausible-event-name]') || event.target.closest('a,form')
        const {
          name = element.action ? 'forms' in options && 'Form: Submission'
            : RegExp(`\\.(${options.downloads || KINDS})$`, 'i').test(element.pathname) ? 'File Download'
              : element.host && element.host != location.host && options.outbound != 'off' && 'Outbound Link: Click',
          ...props
        } = read(element)
        name && (element.action ? event.type == 'submit' : event.button < 2) &&
          send(name, { props: { url: element.host && element.origin + element.pathname, ...props }, $: revenue })
      } catch {}
    }

    // Nothing is sent before somebody saw the page; then its calls are sent as they
    // come. A prerendered page is visible a moment before it is no longer prerendered,
    // and what it sends in that moment says so, and is not counted.
    (attentive = !(document.prerendering | document.hidden) && (
      EXTRAS ? (
        NAMED_MANUAL || 'manual' in options || send(),
        calls.splice(0).map(take = call => send(...call)),
        document.hasFocus()
      ) : send()
    )) || EXTRAS && report()
  }

  EXTRAS && options[404] != 'off' && performance.getEntries()[0].responseStatus == 404 && calls.push([404])
  // The first look is a task of its own, so that the script itself is done at once.
  setTimeout(look)
  if (EXTRAS) (window.plausible = window.footfall = (...call) => take(call)).q = null;

  (EXTRAS ? 'pageshow blur click auxclick visibilitychange scroll focus prerenderingchange submit' : 'visibilitychange prerenderingchange')
    .split(' ').map(type => addEventListener(type, look, 1))
  // A browser without the Navigation API (before 2026, in part) looks by itself
  // whether an application went on to another page.
  window.navigation ? navigation.addEventListener('currententrychange', look) : setInterval(look, 500)
} catch {}
