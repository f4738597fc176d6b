// The tracker. One function, used by the script tag (script.js), by the tag of
// newer Plausible installations (init.js) and by the npm package.
//
// The names in capitals are switches of the builds (see build/main.go): a part
// that is off is not in the file at all. A part that is in the file can still be
// turned off by an option.
//
// Three rules hold everywhere in here: nothing is stored, no click is held up,
// and nothing that goes wrong reaches the page.

export function start(options) {
  const doc = document
  const place = location

  // A part is on unless its option says otherwise: "off" in an attribute, false
  // in code.
  const on = part => !/^(off|false)$/.test(options[part])

  // Listeners sit on the window and in the capture phase: first to hear, and not
  // to be silenced by a page that stops an event on its way.
  const listen = (types, work) =>
    types.split(' ').map(type =>
      addEventListener(type, event => { try { work(event) } catch {} }, true))

  let shown          // path of the last view; undefined before the first, 0 after the page was left
  let page           // address of the view that engagement belongs to; none when it was refused
  let attentive      // visible and focused,
  let since          // or not, since then
  let engaged = 0    // milliseconds of attention that were not reported yet
  let depth = 0      // deepest point seen, in percent

  // Calls made before anybody saw the page wait here; afterwards there is no list.
  let waiting = [].concat((window.plausible || 0).q || [], (window.footfall || 0).q || [])

  // The one way out. Every refusal is a throw, so that the callback of the caller
  // is called exactly once, whatever happens: pages wait for it before they leave.
  const send = async (name, more) => {
    more = more || {}
    let result
    try {
      if (ENGAGEMENT && name == 'pageview') {
        report()
        page = 0
      }

      if (navigator.globalPrivacyControl && on('gpc')) throw 'gpc'
      let flags
      try { flags = [localStorage.plausible_ignore, localStorage.footfall_ignore] } catch {}
      if (/true/.test(flags)) throw 'opt-out'
      if (!on('local') && (navigator.webdriver || /^(|localhost|127\..*|\[::1])$/.test(place.hostname))) throw 'local'

      // Of the address: no query but the campaign's tags, of a click id only that
      // there was one, no fragment.
      const url = new URL(more.u || more.url || place, place)
      const tags = new URLSearchParams
      url.searchParams.forEach((value, key) => {
        if (/^(utm_\w+|source|ref)$/.test(key)) tags.append(key, value)
        if (/^((g|fb|tw)cl|[gw]bra|msclk)id$/.test(key)) tags.append(key, 1)
      })
      url.search = tags
      url.hash = HASH && on('hash') ? url.hash.split(/[?&=]/)[0] : ''

      if (GLOBS && name == 'pageview') {
        const path = url.pathname + url.hash
        const within = globs => globs.split(',').some(glob =>
          RegExp('^' + glob.trim().replace(/\*+|\W/g, part => part == '*' ? '[^/]*' : part[1] ? '.*' : '\\' + part) + '/?$').test(path))
        if (options.include && !within(options.include) || options.exclude && within(options.exclude)) throw 'excluded'
      }

      // Of an outside referrer its address without query, of an inside one nothing.
      const referrer = doc.referrer.replace(/[?#].*/, '')

      let event = {
        n: name,
        u: url.href,
        d: options.domain,
        r: referrer.split('/')[2] == place.host ? '' : referrer,
        p: PROPS ? { ...options.props, ...more.props } : more.props,
        $: more.revenue,
        i: more.interactive,
        h: HASH && on('hash') ? 1 : undefined,
        sd: more.sd,
        e: more.e
      }
      if (TRANSFORM && options.transform) {
        event = (window[options.transform] || options.transform)(event)
        if (!event) throw 'transform'
      }

      if (ENGAGEMENT && name == 'pageview') {
        page = url.href
        engaged = depth = 0
      }

      const answer = await fetch(options.api, {
        method: 'POST',
        body: JSON.stringify(event),
        keepalive: true,
        credentials: 'omit',
        referrerPolicy: 'origin'
      })
      result = { status: answer.status }
      if (DEBUG) {
        const dropped = answer.headers.get('x-footfall-dropped')
        if (dropped) throw dropped
      }
    } catch (error) {
      if (DEBUG && on('debug')) console.warn('footfall: not counted:', error)
      result = result || { error }
    }
    if (more.callback) more.callback(result)
  }

  // Closes the running stretch of time and begins the next.
  function tick() {
    const now = performance.now()
    if (attentive) engaged += now - since
    attentive = !doc.hidden && doc.hasFocus()
    since = now
  }

  function measure() {
    const root = doc.scrollingElement
    depth = Math.max(depth, Math.min(100, Math.round((root.scrollTop + root.clientHeight) / root.scrollHeight * 100)))
  }

  // Sends what grew since the last report. A tenth of a second is not worth a
  // request; it stays in the account.
  function report() {
    tick()
    if (page && engaged > 99) {
      if (!depth) measure()
      send('engagement', { u: page, sd: depth, e: Math.round(engaged) })
      engaged = 0
    }
  }

  // Called with whatever may have changed what is shown, or whether it is looked at.
  function look() {
    if (ENGAGEMENT) tick()
    if (!doc.hidden) {
      const path = place.pathname + (HASH && on('hash') ? place.hash : '')
      if (path != shown && !on('manual')) {
        const first = shown == null
        shown = path
        send('pageview')
        if (MISSING && first && on('404') && performance.getEntriesByType('navigation')[0].responseStatus == 404) send('404')
      }
      if (waiting) waiting.map(call => send(...call))
      waiting = 0
    }
    if (ENGAGEMENT && !attentive) report()
  }

  // Clicks and submitted forms. What the author of the page named goes out under
  // that name, and under no other.
  function act({ target, type, button }) {
    if (ENGAGEMENT) measure()
    if (button > 1) return
    const submitted = type == 'submit'
    const link = target.closest('a[href]')
    const props = link ? { url: link.href.split(/[?#]/)[0] } : {}
    const tagged = TAGGED && target.closest('[class*=plausible-event-name],[data-footfall-event-name]')

    if (tagged && /form/i.test(tagged.tagName) == submitted) {
      const revenue = {}
      const words = [...tagged.classList].map(word => word.replace(/\+/g, ' '))
      for (const { name, value } of tagged.attributes) words.push(name + '=' + value)
      words.map(word => {
        const [, kind, key, value] = /^(?:plausible|data-footfall)-(event|revenue)-(.+?)(?:=|--)(.*)/.exec(word) || []
        if (key) (kind == 'event' ? props : revenue)[key] = value
      })
      const { name, ...rest } = props
      send(name, { props: rest, revenue })
    } else if (submitted) {
      if (FORMS && on('forms')) send('Form: Submission')
    } else if (link) {
      if (DOWNLOADS && RegExp('\\.(' + options.downloads.replace(/,/g, '|') + ')$', 'i').test(props.url)) send('File Download', { props })
      else if (OUTBOUND && on('outbound') && link.host && link.host != place.host) send('Outbound Link: Click', { props })
    }
  }

  window.plausible = window.footfall = (...call) => { waiting ? waiting.push(call) : send(...call) }
  listen('visibilitychange pageshow popstate hashchange focus blur', look)
  listen('pagehide', () => {
    report()
    shown = 0
  })
  listen('scroll', measure)
  listen('click auxclick submit', act)
  look()
  ;['pushState', 'replaceState'].map(name => {
    const real = history[name]
    history[name] = function () {
      real.apply(this, arguments)
      look()
    }
  })
}
