// Regulars. <script async src="https://regulars.example.com/v1/regulars.js" data-key="WRITE KEY"></script>
(() => {
  const tag = document.currentScript, key = tag && tag.dataset.key, early = window.regulars || [];
  if (!key || early.track) return;
  const address = new URL("b", tag.src).href, stash = "regulars.waiting.", most = 500, bytes = 48000;
  const memory = {}, size = (text) => new Blob([text]).size;
  const json = JSON.stringify, on = addEventListener;
  let store = memory, queue = [], flying, stashed, timer, failures = 0, lastPage = "";

  try {
    localStorage.setItem("regulars.test", "1");
    localStorage.removeItem("regulars.test");
    store = localStorage;
  } catch (e) { /* no storage: ids last as long as the page */ }

  const random = () => {
    const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  const keep = (name, value) => {
    try {
      if (value == null) delete store[name]; else store[name] = value;
    } catch (e) { /* full */ }
  };
  const read = (name) => store[name] || null;
  const anonymous = () => {
    if (!read("regulars.anonymous")) keep("regulars.anonymous", (memory.anonymous = memory.anonymous || random()));
    return read("regulars.anonymous") || memory.anonymous;
  };

  const context = () => {
    const campaign = {}, page = {
      url: location.href, path: location.pathname, search: location.search, title: document.title, referrer: document.referrer,
    };
    new URLSearchParams(location.search).forEach((value, name) => {
      if (name.startsWith("utm_")) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    });
    const said = { library: { name: "regulars.js", version: "1" }, page, campaign, locale: navigator.language };
    try { said.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (e) { /* unknown */ }
    if (read("regulars.consent")) said.consent = { categoryPreferences: JSON.parse(read("regulars.consent")) };
    return said;
  };

  const call = (type, said) => {
    const ids = { type, messageId: random(), anonymousId: anonymous(), userId: read("regulars.user"), timestamp: new Date().toISOString() };
    queue.push(json({ ...ids, context: context(), ...said }));
    if (queue.length > most) queue.shift();
    later(queue.length >= 20 ? 0 : 500);
  };
  const later = (after) => {
    if (timer && after) return;
    clearTimeout(timer);
    timer = setTimeout(send, after);
  };
  const take = () => {
    const batch = [];
    let room = bytes;
    while (queue.length && ((room -= size(queue[0])) > 0 || !batch.length)) batch.push(queue.shift());
    return batch;
  };
  // Plain text needs no leave from the server beforehand.
  const body = (batch) => `{"writeKey":${json(key)},"sentAt":"${new Date().toISOString()}","batch":[${batch.join(",")}]}`;

  const send = async () => {
    timer = 0;
    if (flying || !queue.length) return;
    flying = take();
    let wait = 0;
    try {
      const reply = await fetch(address, { method: "POST", body: body(flying), credentials: "omit", keepalive: true });
      if (reply.status === 429 || reply.status >= 500) wait = 1000 * reply.headers.get("Retry-After") || 1;
    } catch (e) { wait = 1; }
    if (wait) queue = flying.concat(queue).slice(-most);
    if (stashed) keep(stashed);
    flying = stashed = 0;
    failures = wait ? failures + 1 : 0;
    if (queue.length) later(wait && Math.max(wait, Math.min(300000, 1000 * 2 ** failures) * (0.5 + Math.random() / 2)));
  };

  // What cannot be sent when the page goes waits in the storage for the next page; the same message counts once.
  const leave = () => {
    if (flying && !stashed) keep(stashed = stash + random(), `[${flying.join(",")}]`);
    while (queue.length) {
      const batch = take();
      if (navigator.onLine === false || !navigator.sendBeacon(address, body(batch))) keep(stash + random(), `[${batch.join(",")}]`);
    }
  };
  const resume = () => {
    Object.keys(store).filter((name) => name.startsWith(stash)).forEach((name) => {
      try { queue.push(...JSON.parse(store[name]).map((event) => json(event))); } catch (e) { /* not ours */ }
      keep(name);
    });
    if (queue.length) later(500);
  };

  const api = {
    track: (event, properties = {}) => call("track", { event, properties }),
    identify: (user, traits = {}) => {
      if (typeof user === "object") { traits = user || {}; user = null; }
      if (user != null) keep("regulars.user", String(user));
      call("identify", { traits });
    },
    page: (name, properties = {}) => {
      lastPage = location.href;
      call("page", { name, properties: { ...context().page, ...properties } });
    },
    group: (groupId, traits = {}) => call("group", { groupId, traits }),
    consent: (preferences) => keep("regulars.consent", preferences && json(preferences)),
    reset: () => { delete memory.anonymous; ["user", "anonymous"].forEach((name) => keep("regulars." + name)); },
    push: (said) => api[said[0]](...said.slice(1)),
  };
  window.regulars = api;
  on("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
  on("online", () => later(0));
  resume();
  [...early].forEach(api.push);

  if (tag.dataset.pages !== "off") {
    const turned = () => setTimeout(() => location.href !== lastPage && api.page(), 0);
    ["pushState", "replaceState"].forEach((name) => {
      const before = history[name];
      history[name] = function (...said) { before.apply(this, said); turned(); };
    });
    on("popstate", turned);
    turned();
  }
})();
