// The tracker. script.js is this file, started by the script tag; in init.js and
// the npm package it is a function, started with something that looks like one
// (build/main.go).
//
// Three rules hold everywhere. Nothing is stored. No click is held up: a request
// with keepalive outlives its page. Nothing that goes wrong reaches the page: what
// can throw runs inside a try.
//
// What can be worked out elsewhere is not worked out here: the server gives clicks
// and forms the names under which they are counted, and reads the words that an
// author wrote on an element. What must not leave the page is left out here.
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
// and looks at everything each time, why lists stand in the order in which they do
// (others were tried, and were larger), and why every variable has a name of its own
// that is no property's (build/names.go).

try {
  const tag = TAG
  const options = tag.dataset

  let report           // sends the attention since the last report, once there was a view
  let engaged          // attention not reported yet, in milliseconds: NaN before the first view
  let since            // until when it is counted
  let take             // what happens to a call, once somebody saw the page
  let shown = {}       // paths of the last automatic view and of the last 404, by name
  let attentive        // is the page visible and focused
  let depth            // the deepest point seen, in pixels

  // What the page called before. Where this script runs already, by another tag, q is
  // 0, which is no list, and so the second run ends here.
  const { q: [...calls] = [] } = EXTRAS && (window.footfall || window.plausible) || 0

  // Sends one event: a name and its options, as the page's calls have them, and the
  // element that it is about. Options that are not read here go along as they are,
  // under names that the server knows. Without a name it is an automatic pageview,
  // which counts when the path is another than before. What becomes of it, the answer
  // or the reason why there is none, is thrown, so that there is one way out.
  const send = async (kind, { u: at = location, url: address = at, ...more } = {}, element, beacon) => {
    try {
      // Of the address stay the tags of the campaign; of a click id, that there was
      // one; of the fragment, in hash mode, the route.
      address = new URL(address, location)
      address.search = EXTRAS
        ? address.search.replace(/([&?]((ref=|utm_|source=)[^&]*|\w+(clk?|bra)id=))|./g, '$1')
        : address.search.replace(/([?&](source=|utm_|ref=)[^&]*)|./g, '$1')
      address.hash = EXTRAS && (NAMED_HASH || 'hash' in options) ? address.hash.split(/[?&=]/)[0] : ''
      at = EXTRAS ? address.pathname + address.hash : address.pathname

      // A page that was answered 404 is told by itself, and may call for it too.
      throw !kind | kind == 404 && shown[kind] == (shown[kind] = at) ? 0 : (
        (kind ||= 'pageview') == 'pageview' && EXTRAS && (
          report?.(),
          engaged = depth = 0,
          // A tenth of a second is not worth a request and stays in the account. How
          // deep a point lies is told by the page as it is now, not as it was while it
          // was being put together.
          report = () => engaged > 99 && send('engagement', { u: address, e: engaged, sd: depth * 100 / document.documentElement?.scrollHeight, ...engaged = 0 })
        ),
        // A browser that does not let anybody ask for an objection throws here, and
        // that is an objection.
        localStorage.plausible_ignore || navigator.globalPrivacyControl
      ) ? 'opt-out'
        // Local are robots, names without a dot, and addresses that end in a number.
        : EXTRAS && !(NAMED_LOCAL || 'local' in options || /\.[a-z]/.test(navigator.webdriver || location.host)) ? 'local'
          // * stops at a slash and ** does not: what follows the slash that may not
          // follow is then optional. The rest is as in a regular expression. No path
          // is 0.
          : EXTRAS && !at.match(`^(?!(${options.exclude || 0})/?$)(${options.include || '**'})/?$`
            .replace(/\*(\*?)/g, '((?!/)$1.)*').replace(/\s*,\s*/g, '|')) ? 'exclude'
            // The hook has the last word.
            : (beacon = window[EXTRAS && options.transform || 'Object']({
              u: address,
              d: options.domain,
              // Of an outside referrer goes the address without its query, of an
              // inside one nothing.
              r: document.referrer.replace(location.origin, '?').split(/[?&=]/)[0],
              n: kind,
              // By t, the core by v, the server knows a tracker that waits until
              // somebody sees the page.
              ...EXTRAS ? {
                // The words that the author wrote on the tag and on the element, as
                // they stand there: plausible-event-name=Sign+up in a class, the
                // attributes data-footfall-event-name="Sign up" and, on the tag,
                // event-author="Ann". They are read from a copy without contents in a
                // document where nothing is loaded, played or run.
                t: [tag, element].map(one => one && new Document().importNode(one).outerHTML.match(/(plausible-| |footfall-)(event|revenue)-(="[^"]*|[^" ])+/g)),
                ...more
              } : { v: 1 }
            })) ? await fetch(options.api || new URL('../api/event', tag.src), {
                keepalive: 1,
                body: JSON.stringify(beacon),
                referrerPolicy: 'origin',
                credentials: 'omit',
                method: 'POST'
              })
              : 'transform'
    } catch (result) {
      if (EXTRAS) {
        result && 'debug' in options && console.warn(result, ...result.headers || [])
        more.callback?.(result)
      }
    }
  }

  // Hears every event, and looks once without one.
  const look = heard => {
    if (EXTRAS) {
      try {
        engaged += attentive * (-since + (since = performance.now()))
        // The return from the back-forward cache is another view. The first look is
        // at no event, and ends here.
        heard.persisted ? shown = {} : depth = Math.max(depth, innerHeight + scrollY)

        // Clicks and submitted forms: what is tagged, else what leads to another host
        // or may be a download, which the server knows by k, the kinds that count and
        // whether other hosts do. Pages that are no downloads end in .html, .php, .asp
        // and the like. A form that is tagged, or stands in something tagged, counts
        // when it is submitted, not with each click into it; of all that happens only
        // submit comes after "su". Without an element to speak of this throws, which
        // ends the look.
        const tagged = heard.target.closest('[data-footfall-event-name],[class*=plausible-event-name]')
        const link = heard.target.closest('a')
        if (heard.type > 'su' ? tagged || 'forms' in options
          : heard.button < 2 && (tagged ? !tagged.contains(heard.target.closest('form')) : link.host && (
            link.host != location.host && options.outbound != 'off' || /\.(?!.sp|.?h[tp])[^/]+$/.test(link.pathname)
          ))
        ) send(heard.type, { l: link?.host && link.origin + link.pathname, k: [options.downloads, options.outbound] }, tagged || link)
      } catch {}
    }

    // Nothing is sent before somebody saw the page; then its calls are sent as they
    // come.
    (attentive = !document.hidden && (
      EXTRAS ? (
        NAMED_MANUAL || 'manual' in options || send(),
        calls.splice(0).map(take = call => send(...call)),
        document.hasFocus()
      ) : send()
    )) || EXTRAS && report?.()
  }

  if (EXTRAS) (window.plausible = window.footfall = (...words) => take ? take(words) : calls.push(words)).q = 0
  EXTRAS && options[404] != 'off' && performance.getEntries()[0].responseStatus == 404 && calls.push([404])
  // The first look is a task of its own, so that the script itself is done at once.
  setTimeout(look);

  (EXTRAS ? 'pageshow auxclick submit focus blur click scroll visibilitychange' : 'visibilitychange')
    .split(' ').map(moment => addEventListener(moment, look, 1));
  // A browser without the Navigation API (before 2026, in part) looks by itself
  // whether an application went on to another page, and this ends there.
  (window.navigation || setInterval(look, 500)).addEventListener('currententrychange', look)
} catch {}
