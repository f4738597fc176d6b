// Made by go generate from snippet/src; changes belong there.
// tracker.js
var tag, options, calls, seen, shown, missed, page, attentive = 0, since = 0, engaged = 0, depth = 0;
function hooked(event) {
  if (options.transform && !(event = window[options.transform](event))) throw "transform";
  return event;
}
var send = async (name, more = {}) => {
  let result;
  try {
    let url = new URL(more.u || more.url || location, location);
    url.search = url.search.replace("?", "&").replace(/((clk?|bra)id=)[^&]*/g, "$11").replace(/&(?!utm_|source=|ref=|\w+(clk?|bra)id=)[^&]*/g, "").slice(1), url.hash = "hash" in options ? url.hash.split(/[?&=]/)[0] : "";
    let path = url.pathname + url.hash;
    if (!name) {
      if (path == shown) return;
      shown == null && options[404] != "off" && performance.getEntries()[0].responseStatus == 404 && send("404"), shown = path, name = "pageview";
    }
    if (name == "404") {
      if (path == missed) return;
      missed = path;
    }
    let objection = [navigator.globalPrivacyControl];
    try {
      objection += localStorage.plausible_ignore + localStorage.footfall_ignore;
    } catch {
    }
    if (/true/.test(objection)) throw "opt-out";
    if (!("local" in options) && (navigator.webdriver || /^(localhost|127\..*|\[::1]|)$/.test(location.hostname))) throw "local";
    if (name == "pageview") {
      report(), page = engaged = depth = 0;
      {
        let matches = (globs) => RegExp("^(" + globs.replace(/[^\w*, /]/g, "\\$&").replace(/, */g, "|").replace(/\*\*/g, ".{0,}").replace(/\*/g, "[^/]*") + ")/?$").test(path);
        if (!matches(options.include || "**") || matches(options.exclude || "-")) throw "excluded";
      }
      page = url;
    }
    let referrer = document.referrer.split(/[?#]/)[0];
    throw result = await fetch(options.api || new URL("../api/event", tag.src), {
      method: "POST",
      body: JSON.stringify(hooked({
        n: name,
        u: url,
        d: options.domain,
        r: referrer.split("/")[2] == location.host ? "" : referrer,
        p: { ...read(tag).event, ...more.props },
        $: more.revenue,
        i: more.interactive,
        h: url.hash ? 1 : 0,
        sd: more.sd,
        e: more.e
      })),
      keepalive: !0,
      credentials: "omit",
      referrerPolicy: "origin"
    }), result.headers.get("x-footfall-dropped");
  } catch (error) {
    result ||= { error }, error && "debug" in options && console.warn("footfall", error);
  }
  more.callback?.(result);
}, report = () => {
  page && engaged > 99 && (send("engagement", { u: page, sd: depth | 0, e: engaged | 0 }), engaged = 0);
}, read = (element) => {
  let words = { event: {}, revenue: {} };
  return [
    ...[...element.attributes].map((attribute) => attribute.name + "=" + attribute.value),
    ...[...element.classList].map((word) => word.replace(/\+/g, " "))
  ].map((word) => word.replace(/^(?:plausible-|data-footfall-)?(event|revenue)-(.+?)(?:=|--)(.*)/, (_, kind, key, value) => words[kind][key] = value)), words;
}, act = (element, submitted) => {
  if (element = element.closest("[class*=plausible-event-name],[data-footfall-event-name]") || element.closest("a,form"), element.tagName == "FORM" == submitted) {
    let url = element.href?.split(/[?#]/)[0], words = read(element), {
      name = submitted ? "forms" in options && "Form: Submission" : RegExp("\\.(" + (options.downloads || "pdf|xlsx|docx|txt|rtf|csv|exe|key|pps|ppt|pptx|7z|pkg|rar|gz|zip|avi|mov|mp4|mpeg|wmv|midi|mp3|wav|wma|dmg") + ")$", "i").test(url) ? "File Download" : element.host && element.host != location.host && options.outbound != "off" && "Outbound Link: Click",
      ...props
    } = words.event;
    name && send(name, { props: { url, ...props }, revenue: words.revenue });
  }
}, look = (event) => {
  try {
    engaged += attentive * (-since + (since = performance.now())), attentive = !document.hidden && document.hasFocus(), event.type && (depth = Math.max(depth, (scrollY + innerHeight) / document.documentElement.scrollHeight * 100)), (event.type == "submit" || event.button < 2) && act(event.target, event.type == "submit");
  } catch {
  }
  for (document.hidden || ("manual" in options || send(), seen = 1), event.type == "pagehide" && (shown = attentive = 0), attentive || report(); seen && calls[0]; ) send(...calls.shift());
}, start = (element) => {
  try {
    tag = element, options = tag.dataset;
    {
      let early = window.footfall || window.plausible;
      if (early?.on) return;
      calls = early?.q || [], window.plausible = window.footfall = (...call) => {
        calls.push(call), look(call);
      }, window.footfall.on = 1;
    }
    look(options), "visibilitychange popstate pageshow pagehide focus blur scroll click auxclick submit".split(" ").map((type) => addEventListener(type, look, !0)), ["pushState", "replaceState"].map((name) => {
      let change = history[name];
      history[name] = (...call) => {
        change.apply(history, call), look(call);
      };
    });
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
var begun = !1, init = (options2 = {}) => {
  if (!(begun || typeof window > "u")) {
    begun = !0;
    try {
      begin({ ...options2, api: options2.api || "/api/event" });
    } catch {
    }
  }
}, track = (name, options2) => {
  if (typeof window > "u") return;
  let send2 = window.footfall ||= function() {
    (send2.q ||= []).push(arguments);
  };
  send2(name, options2);
};
export {
  init,
  track
};