// The tracker. script.js starts it with the script tag; init.js and the npm
// package with something that looks like one.
//
// The names in capitals are switches of the builds (build/main.go): a part that
// is off is not in the file at all.
//
// Three rules hold everywhere. Nothing is stored. No click is held up: a request
// with keepalive outlives its page. Nothing that goes wrong reaches the page: what
// can throw is called inside a try.
//
// Options are the data- attributes of the tag. What is off by default (hash,
// manual, local, forms, debug) is on when its attribute is there, whatever it
// says; what is on by default (outbound, 404) goes off by the value "off".

let tag, options
let calls            // the page's calls, held back until somebody saw the page
let seen             // somebody did
let shown            // path of the last automatic view; 0 after the page was left
let missed           // path of the last 404
let page             // address of the view that attention belongs to; 0 when it was refused
let attentive = 0    // is the page visible and focused,
let since = 0        // since when is that known,
let engaged = 0      // and how long was it so, in milliseconds not reported yet
let depth = 0        // the deepest point seen, in percent

// The site's own word on an event: changed, or nothing to drop it.
function hooked(event) {
  if (TRANSFORM && options.transform && !(event = window[options.transform](event))) throw 'transform'
  return event
}

// Sends one event. Without a name it is an automatic pageview, which counts when
// the path is another than before. A refusal is thrown, so that the callback is
// called once whatever happens: pages wait for it before they go on.
const send = async (name, more = API && {}) => {
  let result
  try {
    // Of the address stay the tags of the campaign; of a click id, that there was
    // one; of the fragment, in hash mode, the route.
    const url = API ? new URL(more.u || more.url || location, location) : new URL(location)
    url.search = CLICKS
      ? url.search.replace('?', '&')
        .replace(/((clk?|bra)id=)[^&]*/g, '$11')
        .replace(/&(?!utm_|source=|ref=|\w+(clk?|bra)id=)[^&]*/g, '').slice(1)
      : url.search.replace('?', '&').replace(/&(?!utm_|source=|ref=)[^&]*/g, '').slice(1)
    url.hash = HASH && (NAMED_HASH || 'hash' in options) ? url.hash.split(/[?&=]/)[0] : ''

    const path = HASH ? url.pathname + url.hash : url.pathname
    if (!API || !name) {
      if (path == shown) return
      if (MISSING && shown == null && options[404] != 'off' && performance.getEntries()[0].responseStatus == 404) send('404')
      shown = path
      if (API) name = 'pageview'
    }
    if (MISSING && name == '404') {
      if (path == missed) return   // counted by itself, and the page calls for it too
      missed = path
    }

    let objection = [navigator.globalPrivacyControl]
    try { objection += localStorage.plausible_ignore + localStorage.footfall_ignore } catch {}
    if (/true/.test(objection)) throw DEBUG && 'opt-out'
    if (LOCAL && !NAMED_LOCAL && !('local' in options) &&
      (navigator.webdriver || /^(localhost|127\..*|\[::1]|)$/.test(location.hostname))) throw DEBUG && 'local'

    if ((ENGAGEMENT || GLOBS) && name == 'pageview') {
      if (ENGAGEMENT) {
        report()
        page = engaged = depth = 0
      }
      if (GLOBS) {
        const matches = globs => RegExp('^(' +
          globs.replace(/[^\w*, /]/g, '\\$&').replace(/, */g, '|').replace(/\*\*/g, '.{0,}').replace(/\*/g, '[^/]*') +
          ')/?$').test(path)
        if (!matches(options.include || '**') || matches(options.exclude || '-')) throw 'excluded'
      }
      if (ENGAGEMENT) page = url
    }

    // Of an outside referrer goes the address without its query, of an inside one
    // nothing.
    const referrer = document.referrer.split(/[?#]/)[0]
    result = await fetch(options.api || new URL('../api/event', tag.src), {
      method: 'POST',
      body: JSON.stringify(hooked({
        n: API ? name : 'pageview',
        u: url,
        d: options.domain,
        r: referrer.split('/')[2] == location.host ? '' : referrer,
        ...API && {
          p: PROPS ? { ...read(tag).event, ...more.props } : more.props,
          $: more.revenue,
          i: more.interactive
        },
        ...HASH && { h: url.hash ? 1 : 0 },
        ...ENGAGEMENT && { sd: more.sd, e: more.e }
      })),
      keepalive: true,
      credentials: 'omit',
      referrerPolicy: 'origin'
    })
    if (DEBUG) throw result.headers.get('x-footfall-dropped')
  } catch (error) {
    if (API) result ||= { error }
    if (DEBUG && error && 'debug' in options) console.warn('footfall', error)
  }
  if (API) more.callback?.(result)
}

// Sends the attention since the last report. A tenth of a second is not worth a
// request and stays in the account.
const report = () => {
  if (page && engaged > 99) {
    send('engagement', { u: page, sd: depth | 0, e: engaged | 0 })
    engaged = 0
  }
}

// What an author wrote on an element: words like plausible-event-name=Sign+up in
// its class, attributes like data-footfall-event-name="Sign up". On the script
// tag the attributes have no prefix.
const read = element => {
  const words = { event: {}, revenue: {} }
  ;[
    ...[...element.attributes].map(attribute => attribute.name + '=' + attribute.value),
    ...[...element.classList].map(word => word.replace(/\+/g, ' '))
  ].map(word => word.replace(/^(?:plausible-|data-footfall-)?(event|revenue)-(.+?)(?:=|--)(.*)/, (_, kind, key, value) => words[kind][key] = value))
  return words
}

// Clicks and submitted forms. What the author named goes under that name and no
// other. Without an element to speak of this throws, which ends the look.
const act = (element, submitted) => {
  element = TAGGED && element.closest('[class*=plausible-event-name],[data-footfall-event-name]') || element.closest('a,form')
  if ((element.tagName == 'FORM') == submitted) {
    const url = element.href?.split(/[?#]/)[0]
    const words = TAGGED ? read(element) : { event: {} }
    const {
      name = submitted ? FORMS && 'forms' in options && 'Form: Submission'
        : DOWNLOADS && RegExp('\\.(' + (options.downloads || KINDS) + ')$', 'i').test(url) ? 'File Download'
          : OUTBOUND && element.host && element.host != location.host && options.outbound != 'off' && 'Outbound Link: Click',
      ...props
    } = words.event
    if (name) send(name, { props: { url, ...props }, revenue: words.revenue })
  }
}

// Called with every event, and whenever the page changed its address or called.
// Only events measure: without one the page may not be laid out yet.
const look = event => {
  if (ENGAGEMENT || ACTS) try {
    if (ENGAGEMENT) {
      engaged += attentive * (-since + (since = performance.now()))
      attentive = !document.hidden && document.hasFocus()
      if (event.type) depth = Math.max(depth, (scrollY + innerHeight) / document.documentElement.scrollHeight * 100)
    }
    if (ACTS && (event.type == 'submit' || event.button < 2)) act(event.target, event.type == 'submit')
  } catch {}
  if (!document.hidden) {
    if (!API || !NAMED_MANUAL && !('manual' in options)) send()
    if (API) seen = 1
  }
  if (ENGAGEMENT) {
    if (event.type == 'pagehide') shown = attentive = 0
    if (!attentive) report()
  }
  if (API) while (seen && calls[0]) send(...calls.shift())
}

export const start = element => {
  try {
    tag = element
    options = tag.dataset
    if (API) {
      const early = window.footfall || window.plausible
      if (early?.on) return   // by another tag on the page, which must not count twice
      calls = early?.q || []
      window.plausible = window.footfall = (...call) => {
        calls.push(call)
        look(call)
      }
      window.footfall.on = 1
    }
    look(options)
    ;('visibilitychange popstate' + (ENGAGEMENT ? ' pageshow pagehide focus blur scroll' : '') + (ACTS ? ' click auxclick submit' : ''))
      .split(' ').map(type => addEventListener(type, look, true))
    ;['pushState', 'replaceState'].map(name => {
      const change = history[name]
      history[name] = (...call) => {
        change.apply(history, call)
        look(call)
      }
    })
  } catch {}
}
