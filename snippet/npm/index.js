// Made by go generate from snippet/src; changes belong there.
// tracker.js
var start = (TAG) => {
  try {
    let tag = TAG, options = tag.dataset, report, engaged, since, take, shown = {}, attentive, depth, { q: [...calls] = [] } = window.footfall || window.plausible || 0, send = async (kind, { u: at = location, url: address = at, ...more } = {}, element, beacon) => {
      try {
        throw address = new URL(address, location), address.search = address.search.replace(/([&?]((ref=|utm_|source=)[^&]*|\w+(clk?|bra)id=))|./g, "$1"), address.hash = "hash" in options ? address.hash.split(/[?&=]/)[0] : "", at = address.pathname + address.hash, !kind | kind == 404 && shown[kind] == (shown[kind] = at) ? 0 : ((kind ||= "pageview") == "pageview" && (report?.(), engaged = depth = 0, // A tenth of a second is not worth a request and stays in the account. How
        // deep a point lies is told by the page as it is now, not as it was while it
        // was being put together.
        report = () => engaged > 99 && send("engagement", { u: address, e: engaged, sd: depth * 100 / document.documentElement?.scrollHeight, ...engaged = 0 })), // A browser that does not let anybody ask for an objection throws here, and
        // that is an objection.
        localStorage.plausible_ignore || navigator.globalPrivacyControl ? "opt-out" : "local" in options || /\.[a-z]/.test(navigator.webdriver || location.host) ? at.match(`^(?!(${options.exclude || 0})/?$)(${options.include || "**"})/?$`.replace(/\*(\*?)/g, "((?!/)$1.)*").replace(/\s*,\s*/g, "|")) ? (beacon = window[options.transform || "Object"]({
          u: address,
          d: options.domain,
          // Of an outside referrer goes the address without its query, of an
          // inside one nothing.
          r: document.referrer.replace(location.origin, "?").split(/[?&=]/)[0],
          n: kind,
          // The words that the author wrote on the tag and on the element, as
          // they stand there: plausible-event-name=Sign+up in a class, the
          // attributes data-footfall-event-name="Sign up" and, on the tag,
          // event-author="Ann". They are read from a copy without contents in a
          // document where nothing is loaded, played or run.
          t: [tag, element].map((one) => one && new Document().importNode(one).outerHTML.match(/(plausible-| |footfall-)(event|revenue)-(="[^"]*|[^" ])+/g)),
          ...more
        })) ? await fetch(options.api || new URL("../api/event", tag.src), {
          keepalive: 1,
          body: JSON.stringify(beacon),
          referrerPolicy: "origin",
          credentials: "omit",
          method: "POST"
        }) : "transform" : "exclude" : "local");
      } catch (result) {
        result && "debug" in options && console.warn(result, ...result.headers || []), more.callback?.(result);
      }
    }, look = (heard) => {
      try {
        engaged += attentive * (-since + (since = performance.now())), heard.persisted ? shown = {} : depth = Math.max(depth, innerHeight + scrollY);
        let tagged = heard.target.closest("[data-footfall-event-name],[class*=plausible-event-name]"), link = heard.target.closest("a");
        (heard.type > "su" ? tagged || "forms" in options : heard.button < 2 && (tagged ? !tagged.contains(heard.target.closest("form")) : link.host && (link.host != location.host && options.outbound != "off" || /\.(?!.sp|.?h[tp])[^/]+$/.test(link.pathname)))) && send(heard.type, { l: link?.host && link.origin + link.pathname, k: [options.downloads, options.outbound] }, tagged || link);
      } catch {
      }
      (attentive = !document.hidden && ("manual" in options || send(), calls.splice(0).map(take = (call) => send(...call)), document.hasFocus())) || report?.();
    };
    (window.plausible = window.footfall = (...words) => take ? take(words) : calls.push(words)).q = 0, options[404] != "off" && performance.getEntries()[0].responseStatus == 404 && calls.push([404]), setTimeout(look), "pageshow auxclick submit focus blur click scroll visibilitychange".split(" ").map((moment) => addEventListener(moment, look, 1)), (window.navigation || setInterval(look, 500)).addEventListener("currententrychange", look);
  } catch {
  }
};

// settings.js
var hook = "__footfall", parts = ["outbound", "downloads", "404"], begin = (given, tag) => {
  let written = tag ? tag.cloneNode() : document.createElement("script"), write = (name, value) => {
    value !== void 0 && (value === parts.includes(name) && (value = ""), typeof value == "boolean" && (value = value ? "on" : "off"), Array.isArray(value) && (value = value.join(name == "downloads" ? "|" : ",")), value ? written.dataset[name] = value : delete written.dataset[name]);
  };
  for (let name of ["api", "domain", "include", "exclude", "hash", "manual", "local", "forms", "debug", ...parts]) write(name, given[name]);
  let { props, transform } = given;
  (props || transform) && (write("transform", hook), window[hook] = (event) => (event.n != "engagement" && (event.props = { ...typeof props == "function" ? props(event.n) : props, ...event.props }), transform ? transform(event) : event)), start(written);
};

// npm.js
var begun = !1, init = (options = {}) => {
  if (!(begun || typeof window > "u")) {
    begun = !0;
    try {
      begin({ ...options, api: options.api || "/api/event" });
    } catch {
    }
  }
}, track = (name, options) => {
  if (typeof window > "u") return;
  let send = window.footfall ||= function() {
    (send.q ||= []).push(arguments);
  };
  send(name, options);
};
export {
  init,
  track
};