// Made by go generate from snippet/src; changes belong there.
// tracker.js
var start = (TAG) => {
  try {
    let tag = TAG, options = tag.dataset, take, report, attentive, depth, engaged, since, shown = {}, { q: [...calls] = [] } = window.footfall || window.plausible || 0, send = async (kind, { u: at = location, url: address = at, ...more } = {}, element) => {
      try {
        address = new URL(address, location), address.search = address.search.replace(/([?&]((source=|utm_|ref=)[^&]*|\w+(bra|clk?)id=))|./g, "$1"), address.hash = "hash" in options ? address.hash.split(/[?&=]/)[0] : "";
        let path = address.pathname + address.hash, beacon;
        throw !kind | kind == 404 && shown[kind] == (shown[kind] = path) ? 0 : ((kind ||= "pageview") == "pageview" && (report?.(), engaged = depth = 0, // A tenth of a second is not worth a request and stays in the account.
        report = () => engaged > 99 && (send("engagement", { u: address, e: engaged, sd: depth }), engaged = 0)), // A browser that does not let anybody ask for an objection throws here, and
        // that is an objection.
        localStorage.plausible_ignore || navigator.globalPrivacyControl ? "opt-out" : "local" in options || /\.[a-z]/.test(navigator.webdriver || location.host) ? RegExp(`^(?!(${options.exclude})/?$)(${options.include || "**"})/?$`.replace(/\*(\*?)/g, "((?!/)$1.)*").replace(/, */g, "|")).test(path) ? (beacon = window[options.transform || "Object"]({
          u: address,
          d: options.domain,
          // Of an outside referrer goes the address without its query, of an
          // inside one nothing.
          r: document.referrer.replace(location.origin, "?").split(/[?&=]/)[0],
          n: kind,
          // The words that the author wrote on the tag and on the element, as
          // they stand there: plausible-event-name=Sign+up in a class, the
          // attributes data-footfall-event-name="Sign up" and, on the tag,
          // event-author="Ann".
          t: [tag, element].map((one) => one?.cloneNode().outerHTML.match(/(footfall-|plausible-| )(revenue|event)-[^" =]+(="[^"]*|[^" ]*)/g)),
          h: 1,
          ...more
        })) ? await fetch(options.api || new URL("../api/event", tag.src), {
          credentials: "omit",
          keepalive: 1,
          method: "POST",
          body: JSON.stringify(beacon),
          referrerPolicy: "origin"
        }) : "transform" : "exclude" : "local");
      } catch (result) {
        result && "debug" in options && console.warn(result, ...result.headers || []), more.callback?.(result);
      }
    }, look = (heard) => {
      try {
        engaged += attentive * (-since + (since = performance.now())), heard.persisted ? shown = {} : depth = Math.max(depth, (scrollY + innerHeight) * 100 / document.documentElement.scrollHeight);
        let tagged = heard.target.closest("[class*=plausible-event-name],[data-footfall-event-name]"), clicked = tagged || heard.target.closest("a,form");
        (clicked.action ? heard.type == "submit" : heard.button < 2) && (tagged || (clicked.action ? "forms" in options : clicked.host && (clicked.host != location.host ? options.outbound != "off" : options.downloads != "off" && /\.(?![aj]s|.?h)[^/]+$/.test(clicked.pathname)))) && send(heard.type, { l: clicked.host && clicked.origin + clicked.pathname, k: options.downloads || 0 }, clicked);
      } catch {
      }
      (attentive = !document.hidden && ("manual" in options || send(), calls.splice(0).map(take = (call) => send(...call)), document.hasFocus())) || report?.();
    };
    (window.footfall = window.plausible = (...words) => take ? take(words) : calls.push(words)).q = null, options[404] != "off" && performance.getEntries()[0].responseStatus == 404 && calls.push([404]), setTimeout(look), "pageshow auxclick focus click blur visibilitychange scroll submit".split(" ").map((moment) => addEventListener(moment, look, 1)), window.navigation || setInterval(look, 500), navigation.addEventListener("currententrychange", look);
  } catch {
  }
};

// settings.js
var hook = "__footfall", begin = (given, tag) => {
  let dataset = {};
  for (let name of ["api", "domain", "include", "exclude", "downloads"]) {
    let value = given[name];
    value && (dataset[name] = Array.isArray(value) ? value.join(name == "downloads" ? "|" : ",") : value);
  }
  for (let name of ["hash", "manual", "local", "forms", "debug"])
    given[name] && (dataset[name] = "on");
  for (let name of ["outbound", "downloads", "404"])
    given[name] === !1 && (dataset[name] = "off");
  let { props, transform } = given;
  (props || transform) && (dataset.transform = hook, window[hook] = (event) => (event.n != "engagement" && (event.props = { ...typeof props == "function" ? props(event.n) : props, ...event.props }), transform ? transform(event) : event)), start({ src: tag?.src, cloneNode: () => tag?.cloneNode() || { outerHTML: "" }, dataset });
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