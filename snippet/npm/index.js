// Made by go generate from snippet/src; changes belong there.
// tracker.js
var start = (TAG) => {
  try {
    let tag = TAG, options = tag.dataset, page, attentive, depth, engaged, since, shown = {}, revenue, { q: calls = [] } = window.footfall || window.plausible || 0, take = calls.push.bind(calls), send = async (name, { u = location, url = u, props, callback, ...more } = {}) => {
      try {
        url = new URL(url, location), url.search = url.search.replace(/([?&]((source=|utm_|ref=)[^&]*|\w+(bra|clk?)id=))|./g, "$1"), url.hash = "hash" in options ? url.hash.replace(/[?&=].*/, "") : "";
        let path = url.pathname + url.hash;
        if (shown[name] == path) throw 0;
        !name | name == 404 && (shown[name] = path), name ||= "pageview", name == "pageview" && (report(), engaged = depth = 0, page = url);
        let event = {
          d: options.domain,
          u: url,
          n: name,
          r: document.referrer.replace(location.origin, "?").split("?")[0],
          h: 1,
          p: { ...read(tag), ...props },
          ...more
        };
        throw localStorage.plausible_ignore || navigator.globalPrivacyControl ? "opt-out" : "local" in options || /\.[a-z]/.test(navigator.webdriver || location.host) ? RegExp(`^(?!(${options.exclude})/?$)(${options.include || "**"})/?$`.replace(/\*+|, */g, (sign) => sign == "*" ? "[^/]*" : sign > "+" ? "|" : ".*")).test(path) ? (event = window[options.transform || "Object"](event)) ? await fetch(options.api || new URL("../api/event", tag.src), {
          referrerPolicy: "origin",
          keepalive: 1,
          method: "POST",
          body: JSON.stringify(event),
          credentials: "omit"
        }) : "transform" : "excluded" : "local";
      } catch (result) {
        result && "debug" in options && console.warn(result, ...result.headers || []), callback?.(result);
      }
    }, report = (() => engaged > 99 && send("engagement", { u: page, sd: depth, e: engaged }, engaged = 0)), read = ((element, props = {}) => (revenue = {}, [...element.attributes, ...element.classList].map((word) => (word.name ? "l-" + word.name + "=" + word.value : word.replace(/\+/g, " ")).replace(/[el]-(revenue|event)-(.+?)(?:=|--)(.*)/, (_, kind, key, value) => (kind < "f" ? props : revenue)[key] = value)), props)), look = (event) => {
      try {
        engaged += attentive * (-since + (since = performance.now())), event.persisted && (shown = {}), event.persisted ?? (depth = Math.max(depth, (scrollY + innerHeight) * 100 / document.documentElement.scrollHeight));
        let element = event.target.closest("[data-footfall-event-name],[class*=plausible-event-name]") || event.target.closest("a,form"), {
          name = element.action ? "forms" in options && "Form: Submission" : RegExp(`\\.(${options.downloads || "dmg|m[iop]..?|zip|[7g]z|p[dkp]..?|key|txt|r[at].|avi|exe|csv|[dx]..x|w[am]."})$`, "i").test(element.pathname) ? "File Download" : element.host && element.host != location.host && options.outbound != "off" && "Outbound Link: Click",
          ...props
        } = read(element);
        name && (element.action ? event.type == "submit" : event.button < 2) && send(name, { props: { url: element.host && element.origin + element.pathname, ...props }, $: revenue });
      } catch {
      }
      (attentive = !(document.prerendering | document.hidden) && ("manual" in options || send(), calls.splice(0).map(take = (call) => send(...call)), document.hasFocus())) || report();
    };
    options[404] != "off" && performance.getEntries()[0].responseStatus == 404 && calls.push([404]), setTimeout(look), (window.plausible = window.footfall = (...call) => take(call)).q = null, "pageshow blur click auxclick visibilitychange scroll focus prerenderingchange submit".split(" ").map((type) => addEventListener(type, look, 1)), window.navigation ? navigation.addEventListener("currententrychange", look) : setInterval(look, 500);
  } catch {
  }
};

// settings.js
var hook = "__footfall", begin = (given, { src, attributes = [], classList = [] } = {}) => {
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
  (props || transform) && (dataset.transform = hook, window[hook] = (event) => (event.n != "engagement" && (event.p = { ...typeof props == "function" ? props(event.n) : props, ...event.p }), transform ? transform(event) : event)), start({ src, attributes, classList, dataset });
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