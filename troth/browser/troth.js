/* What may this page know of the person viewing it? Banner, choices, tracker, and what others put in. It decides nothing.
   Source: GDPR Art. 7; Directive 2002/58/EC Art. 5(3); Global Privacy Control; WCAG 2.2 AA; Google Consent Mode v2.
   Its state is three cookies, read anew for each decision, so that what one tab withdraws holds in all:
   troth_choice (no id), troth_visitor (random id), troth_view (tastes), the last two only while permitted. */
(() => {
  "use strict";
  const config = "__TROTH_CONFIG__";
  if (window.troth) return;
  const CHOICE = "troth_choice", VISITOR = "troth_visitor", VIEW = "troth_view";
  const HOLD = 5000; // ms a page view waits for an answer, so that it is counted once
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const language = document.documentElement.lang || navigator.language;
  const landed = Date.now(), came = document.referrer && new URL(document.referrer).host;
  const WORDS = { // the others come with the terms
    thanks: "Thank you, it has arrived.",
    failed: "It could not be sent. Please try again.",
    away: "leaves this site",
  };
  let terms = null;
  let blocked = !navigator.cookieEnabled;

  const signals = (state) => Object.fromEntries(config.signals.map((name) => [name, state(name) ? "granted" : "denied"]));
  const gtag = function () { (window.dataLayer = window.dataLayer || []).push(arguments); }; // Google takes the arguments themselves
  if (config.signals) gtag("consent", "default", { ...signals(() => false), security_storage: "granted", wait_for_update: 500 });

  // ---- what is kept in the browser ----
  const read = (name) => {
    try {
      const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
      return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
    } catch { return ""; }
  };
  const write = (name, value, days) => {
    const secure = location.protocol === "https:" ? ";secure" : "";
    try { document.cookie = `${name}=${encodeURIComponent(value)};path=/;max-age=${days * 86400};samesite=lax${secure}`; } catch {}
    if (read(name) !== value) blocked = true;
  };
  const STORES = ["localStorage", "sessionStorage"];
  const fits = (name) => (one) => (name.endsWith("*") ? one.startsWith(name.slice(0, -1)) : one === name); // a star ends a family of names
  const names = (store) => {
    try { return store ? Object.keys(window[store]) : document.cookie.split("; ").map((pair) => pair.split("=")[0]); } catch { return []; }
  };
  const drop = (name) => {
    const parts = location.hostname.split(".");
    for (const one of names().filter(fits(name))) {
      for (const domain of ["", ...parts.map((_, at) => ";domain=" + parts.slice(at).join("."))]) document.cookie = `${one}=;path=/;max-age=0${domain}`;
    }
    for (const store of STORES) names(store).filter(fits(name)).forEach((one) => window[store].removeItem(one));
  };
  const parsed = (name) => {
    try { return { ...JSON.parse(read(name)) }; } catch { return {}; }
  };
  const declared = (name) => terms.cookies.find((cookie) => cookie.name === name) || {};
  const days = (name) => declared(name).keep_for_days || 30;
  const states = (purposes, state) => Object.fromEntries(purposes.map((purpose) => [purpose.id, state(purpose)]));
  const random = () => crypto.getRandomValues(new Uint8Array(16)).reduce((text, byte) => text + (byte + 256).toString(16).slice(1), "");

  // ---- what holds now ----
  const signal = () => navigator.globalPrivacyControl === true || !!terms?.signal; // the header counts where the property is not there
  const signalled = (purpose) => signal() && terms.gpc.includes(purpose.id);
  const elsewhere = (purpose) => terms.elsewhere.includes(purpose.id); // the same person said no in another browser, or to us
  const locked = (purpose) => blocked || signalled(purpose) || elsewhere(purpose);
  const choice = () => {
    const kept = parsed(CHOICE);
    return { ...kept, purposes: { ...kept.purposes } };
  };
  const answer = (purpose) => {
    const [state, on, version] = String(choice().purposes[purpose.id] || "").split(" ");
    if (state === "given" && version !== terms.anew[purpose.id]) return {}; // a yes to what it was before it changed
    return { state, live: Date.now() - Date.parse(on) < terms.ask_again_after_days * 864e5 };
  };
  const permitted = (purpose) => {
    const { state, live } = answer(purpose);
    if (locked(purpose) || state === "refused") return false; // however old
    return (state === "given" && live) || purpose.mode === "may-object";
  };
  const permits = (ids) => ids.some((id) => terms.free.includes(id)) || terms.purposes.some((purpose) => ids.includes(purpose.id) && permitted(purpose));
  const quiet = (purpose) => terms.asking?.mode === "browser-only" && purpose.mode === "may-object"; // a no is left to the browser and the button
  const unanswered = () => terms.purposes.filter((purpose) => !locked(purpose) && !quiet(purpose) && !answer(purpose).live);
  const keptId = () => read(VISITOR).match(/^[0-9a-f]{32}$/)?.[0] || null;
  const visitor = () => (terms && terms.purposes.some(permitted) ? keptId() : null);
  const cookieState = () => {
    const { purposes, how } = choice();
    if (blocked) return "refused";
    if (Object.values(purposes).some((state) => /^given/.test(state))) return "accepted";
    return how && how !== "gpc" ? "refused" : "unasked";
  };

  // ---- what the person says ----
  const keep = (kept) => write(CHOICE, JSON.stringify(kept), terms.ask_again_after_days);
  const noted = (changes) => {
    const { purposes } = choice(), today = new Date().toISOString().slice(0, 10);
    for (const id in changes) purposes[id] = [changes[id], today, terms.anew[id]].join(" ").trim();
    return purposes;
  };
  const record = (changes, how) => {
    const before = keptId();
    keep({ version: terms.version, how, purposes: noted(changes), unsent: 1 });
    settle();
    tell(changes, how, visitor() || before);
    flush().then(lend);
  };
  const settle = () => {
    const kept = choice(), left = Object.keys(kept.purposes).filter((id) => !terms.purposes.some((purpose) => purpose.id === id));
    if (left.length) {
      left.forEach((id) => delete kept.purposes[id]);
      keep(kept);
    }
    const may = terms.purposes.some(permitted);
    if (may && !keptId()) write(VISITOR, random(), days(VISITOR));
    const news = terms.purposes.filter((purpose) => signalled(purpose) && answer(purpose).state !== "refused");
    if (news.length && keptId() && !blocked) return record(states(news, () => "refused"), "gpc");
    if (!may) drop(VISITOR);
    for (const { name, purposes } of terms.cookies) {
      if (name !== VISITOR && purposes.length && !permits(purposes)) drop(name);
    }
    if (config.signals) {
      const now = signals((name) => (terms.signals[name] || []).length && terms.signals[name].every((id) => permits([id]))), text = JSON.stringify(now);
      if (text !== signalledNow) gtag("consent", "update", now);
      signalledNow = text;
    }
    draw();
    if (ran.some((ids) => !permits(ids))) setTimeout(reload); // a script cannot be unrun
  };
  const decide = (purposes, state, how) => {
    const own = purposes.filter((purpose) => !locked(purpose)), changes = states(own, state);
    const takesBack = own.some((purpose) => answer(purpose).state === "given" && changes[purpose.id] === "refused");
    if (dialog) dialog.close();
    if (!own.length) return;
    record(changes, how || (takesBack ? "withdraw" : "choose"));
    status.textContent = say("kept");
  };

  const reload = async () => {
    await Promise.race([telling, new Promise((done) => setTimeout(done, 2000))]);
    location.reload();
  };

  // ---- what goes to the server ----
  const at = (path) => `${config.base}/${config.w}${path}`;
  const fetched = (url, body) => fetch(url, { credentials: "omit", ...(body && { method: "POST", body, keepalive: true }) }).catch(() => null);
  const insist = async (send, tries = 1) => { // until the server has it or refuses it
    const reply = await send();
    if (reply && reply.status !== 429 && reply.status < 500) return reply;
    if (tries > 5) return null;
    await new Promise((done) => setTimeout(done, 1000 * Math.min(60, reply?.headers.get("retry-after") || 2 ** tries)));
    return insist(send, tries + 1);
  };
  const told = async (path, body) => {
    const reply = await insist(() => fetched(at(path), body && JSON.stringify(body)));
    return reply?.ok ? reply.json().catch(() => null) : null;
  };

  let telling = Promise.resolve(); // answers arrive in order, before what rests on them
  const tell = (choices, how, anonymousId) => {
    const body = JSON.stringify({ key: config.key, anonymousId, choices, how, screen: terms.screen, version: terms.version, tz: timezone, lang: language });
    telling = telling.then(async () => {
      const reply = await insist(() => fetched(at("/consent"), body)), { unsent, ...kept } = choice();
      if (unsent && reply?.ok) keep(kept);
    });
  };

  let queue = [], flying = [], busy = null, here = null, from = document.referrer;
  const push = (type, fields) => {
    const page = { url: here, path: location.pathname, search: location.search, title: document.title, referrer: from };
    queue = [...queue, { type, messageId: random(), timestamp: new Date().toISOString(), ...fields, page }].slice(-100);
    return flush();
  };
  const bare = (address) => { // without what could point to a person
    const url = new URL(address);
    for (const key of [...url.searchParams.keys()]) if (!/^utm_(source|medium|campaign)$/.test(key)) url.searchParams.delete(key);
    return url.origin + url.pathname + url.search;
  };
  const dressed = ({ page, ...message }) => { // the id follows what holds on leaving
    const anonymousId = visitor(), { properties } = message;
    if (!anonymousId) {
      const url = bare(page.url);
      page = { url, path: page.path, search: new URL(url).search, referrer: page.referrer && new URL(page.referrer).origin + "/" };
      if (properties?.href) message.properties = { ...properties, href: bare(properties.href) };
    }
    const context = { page, timezone, locale: navigator.language, userAgent: navigator.userAgent, consent: { cookies: cookieState() } };
    return { ...message, ...(anonymousId && { anonymousId }), context };
  };
  const batch = (messages) => JSON.stringify({ writeKey: config.key, sentAt: new Date().toISOString(), batch: messages.map(dressed) });
  const held = () => !terms || (!visitor() && unanswered().length > 0 && Date.now() - landed < HOLD);
  const deliver = async () => {
    await telling;
    queue = queue.filter((message) => message.type !== "identify" || visitor());
    if (!queue.length || held()) return;
    let sent = [];
    const reply = await insist(async () => {
      sent = flying = queue.slice(0, 20);
      const answered = await fetched(config.base + "/v1/batch", batch(sent));
      flying = [];
      return answered;
    });
    if (!reply) return;
    queue = queue.filter((message) => !sent.includes(message));
    return deliver();
  };
  const flush = () => (busy = busy || deliver().finally(() => { busy = null; }));
  const leave = () => {
    if (!terms) return;
    const rest = queue.filter((message) => !flying.includes(message) && message.type !== "identify");
    if (rest.length && navigator.sendBeacon(config.base + "/v1/batch", batch(rest))) queue = queue.filter((message) => !rest.includes(message));
  };
  const page = () => {
    const url = location.href.split("#")[0];
    if (here) from = here;
    here = url;
    return push("page");
  };
  const moved = () => setTimeout(() => {
    if (location.href.split("#")[0] !== here) page();
    if (terms) draw();
  });
  const exits = (link) => /^https?:$/.test(link.protocol) && link.host !== location.host && link.origin !== new URL(config.base).origin;
  const clicked = ({ target, button }) => {
    if (button > 1) return;
    const link = target.closest("a[href]"), tool = target.closest("[data-troth-remember]");
    if (tool) remember("preference", tool.dataset.trothRemember);
    if (!link || !/^https?:$/.test(link.protocol) || link.href.split("#")[0] === here) return;
    push("track", { event: "Link Clicked", properties: { href: link.href, host: link.host, external: String(exits(link)) } });
  };

  // ---- what the person sees ----
  const find = (selector, within = document) => within.querySelectorAll(selector);
  const make = (tag, props, ...children) => {
    const element = document.createElement(tag);
    for (const key in props) key in element ? (element[key] = props[key]) : element.setAttribute(key, props[key]);
    element.append(...children.filter(Boolean));
    return element;
  };
  const say = (key) => terms.text[key];
  const note = () => (signal() || blocked) && make("p", { className: "troth-note" }, say(blocked ? "blocked" : "gpc"));
  const button = (id, words, onclick) => make("button", { id, type: "button", onclick }, words);
  const links = () => make("p", { className: "troth-links" }, ...["policy", "cookies", "privacy"].map((name) =>
    make("a", { href: new URL(terms[name + "_url"], config.base).href, onclick: ({ target }) => name === "privacy" && (target.hash = "v=" + keptId()) }, say(name))));
  const status = make("p", { id: "troth-status", className: "troth-quiet", role: "status" });
  let banner = null, dialog = null;

  const room = new ResizeObserver(() => document.documentElement.style.setProperty("--troth-room", (banner ? banner.offsetHeight + 16 : 0) + "px"));
  let drawn = "";
  const drawBanner = () => {
    const asked = unanswered(), ids = String(asked.map(({ id }) => id));
    if (drawn === ids) return;
    drawn = ids;
    if (banner) banner.remove();
    banner = null;
    if (asked.length) {
      const mixed = new Set(asked.map((one) => one.mode)).size > 1; // else the first sentence says it for all
      banner = make("section", { id: "troth-banner", className: "troth", lang: terms.language, "aria-labelledby": "troth-title" },
        make("div", {}, make("h2", { id: "troth-title" }, say("title")), make("p", {}, say("intro")),
          make("ul", {}, ...asked.map((purpose) => make("li", {}, make("b", {}, purpose.label), " ", mixed && make("small", {}, mode(purpose))))),
          note(), links()),
        make("div", { className: "troth-buttons" },
          button("troth-reject", say("reject"), () => decide(asked, () => "refused", "reject-all")),
          button("troth-accept", say("accept"), () => decide(asked, () => "given", "accept-all")),
          button("troth-choose", say("choose"), () => open(asked))));
      document.body.prepend(banner);
      room.observe(banner);
    }
  };
  const mode = (purpose) => say(purpose.mode === "may-object" ? "object" : "ask");
  const row = (purpose) => {
    const id = "troth-purpose-" + purpose.id, about = id + "-about";
    const toggle = make("input", { id, type: "checkbox", role: "switch", checked: permitted(purpose), disabled: locked(purpose),
      "data-purpose": purpose.id, "aria-describedby": about });
    return make("li", { "data-kind": purpose.kind }, make("label", { htmlFor: id }, make("b", {}, purpose.label), toggle),
      make("p", { id: about }, purpose.wording + " ", make("small", {}, signalled(purpose) ? say("gpc") : elsewhere(purpose) ? say("elsewhere") : mode(purpose) + ". ",
        purpose.loses ? ` ${say("loses")} ${purpose.loses}.` : "")));
  };
  const open = (shown = terms && terms.purposes) => {
    if (!shown || dialog) return;
    dialog = make("dialog", { id: "troth-dialog", className: "troth", lang: terms.language, "aria-labelledby": "troth-dialog-title" },
      make("h2", { id: "troth-dialog-title" }, say("back")), button("troth-close", say("close"), () => dialog.close()), note(),
      make("ul", {}, ...shown.map(row)),
      make("div", { className: "troth-buttons" },
        button("troth-dialog-reject", say("reject"), () => decide(shown, () => "refused", "reject-all")),
        button("troth-dialog-accept", say("accept"), () => decide(shown, () => "given", "accept-all")),
        button("troth-save", say("save"), () => decide(shown, ({ id }) => (document.getElementById("troth-purpose-" + id).checked ? "given" : "refused")))),
      links());
    dialog.addEventListener("close", () => { // the browser gives focus back
      dialog.remove();
      dialog = null;
    });
    document.body.append(dialog);
    dialog.showModal();
  };
  const drawBack = () => {
    const place = find("[data-troth-back]")[0] || document.body;
    if (!document.getElementById("troth-back")) {
      place.append(make("div", { id: "troth-foot", className: place === document.body ? "troth-corner" : "" },
        button("troth-back", say("back"), () => open()), note()), status);
    }
  };

  // ---- what others put in: none of it is fetched before one of its purposes is permitted ----
  const ran = [], places = new Map();
  let signalledNow = "", running = null;
  const wanted = (element) => element.dataset.purpose.split(/[\s,]+/);
  const run = async () => { // one after the other, as they stand
    const old = [...find("script[type='text/plain'][data-purpose]")].find((one) => permits(wanted(one)));
    if (!old) return;
    const { src, type } = old.dataset, fresh = make("script", { text: old.text });
    for (const { name, value } of old.attributes) if (!/^(type|nonce)$/.test(name)) fresh.setAttribute(name, value);
    fresh.type = type || "text/javascript";
    fresh.nonce = old.nonce;
    if (src) fresh.src = src;
    ran.push(wanted(old));
    const over = new Promise((done) => { fresh.onload = fresh.onerror = done; });
    old.replaceWith(fresh);
    if (fresh.src && !old.hasAttribute("async")) await over; // `async` is true of every script that was not run
    return run();
  };
  const drawFrames = () => {
    for (const [place, frame] of places) {
      if (!permits(wanted(frame))) continue;
      places.delete(place);
      place.replaceWith(frame);
    }
    for (const frame of find("iframe[data-purpose][data-src]")) {
      const { src } = frame.dataset, ids = wanted(frame), own = terms.purposes.filter(({ id }) => ids.includes(id)), asked = own.find((one) => !locked(one));
      if (permits(ids)) {
        if (frame.getAttribute("src") !== src) frame.src = src;
        continue;
      }
      const place = make("div", { className: "troth troth-frame", lang: terms.language, role: "group", "aria-label": frame.title },
        make("p", {}, make("b", {}, frame.title)), own.length && make("p", {}, say("embedded") + " " + own.map(({ label }) => label).join(", ")),
        asked ? make("button", { type: "button", onclick: () => {
          decide([asked], () => "given");
          frame.focus();
        } }, say("allow")) : note() || (own.some(elsewhere) && make("p", {}, say("elsewhere"))));
      if (frame.offsetWidth) place.style.inlineSize = frame.offsetWidth + "px";
      place.style.minBlockSize = frame.offsetHeight + "px";
      frame.removeAttribute("src");
      places.set(place, frame);
      frame.replaceWith(place);
    }
  };
  const embed = () => {
    drawFrames();
    running = running || run().finally(() => { running = null; });
  };

  // ---- what the page shows because of it ----
  const usual = new Map();
  let lentTo = null;
  const lend = async () => {
    const id = visitor(), own = id && terms && permits(terms.joins) ? id : null;
    if (own === lentTo) return;
    lentTo = own;
    for (const [link, [href, words]] of usual) {
      link.href = href;
      link.textContent = words;
    }
    const phones = find("[data-troth-number]");
    if (!own || !phones.length) return;
    const lent = await told("/number", { visitor: own });
    if (!lent || visitor() !== own || !permits(terms.joins)) return;
    for (const link of phones) {
      if (!usual.has(link)) usual.set(link, [link.href, link.textContent]);
      link.href = "tel:" + lent.number;
      link.textContent = lent.display;
    }
  };
  const mayView = () => permits(declared(VIEW).purposes || []);
  const remember = (key, value) => {
    if (!terms || !mayView()) return false;
    write(VIEW, JSON.stringify({ ...parsed(VIEW), [key]: value }), days(VIEW));
    drawView();
    push("track", { event: "Preference Set", properties: { [key]: value } });
    return true;
  };
  const drawView = () => {
    const may = mayView(), view = may ? parsed(VIEW) : {}, seen = [].concat(view.seen || []);
    document.documentElement.setAttribute("data-troth-view", view.preference || "");
    for (const tool of find("[data-troth-remember]")) {
      tool.hidden = !may;
      tool.setAttribute("aria-pressed", tool.dataset.trothRemember === (view.preference || "usual"));
    }
    for (const variant of find("[data-troth-variant]")) variant.hidden = !seen.includes(variant.dataset.trothVariant.replace("seen:", ""));
    return seen;
  };
  const drawLinks = () => {
    for (const link of find("a[href]:not([data-troth-away])")) {
      if (!exits(link)) continue;
      const words = terms.external_note || WORDS.away;
      link.dataset.trothAway = link.title = words;
      link.append(make("span", { "aria-hidden": "true" }, "\u00a0↗"), make("span", { className: "troth-quiet" }, ` (${words})`));
    }
  };
  const draw = () => {
    if (terms.purposes.length) drawBack();
    drawBanner();
    drawView();
    drawLinks();
    const denied = terms.asking?.without_cookies === "may-deny" && cookieState() === "refused";
    for (const part of find("[data-troth-cookies]")) part.hidden = denied !== (part.dataset.trothCookies === "refused");
    embed();
    if (lentTo) lend();
  };

  // ---- forms and comments ----
  const submit = async (event) => {
    const form = event.target, place = form.closest("[data-troth-comments]"), name = form.dataset.trothForm;
    if (!place && !name) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    const ids = { key: config.key, anonymousId: visitor(), tz: timezone };
    const body = place ? { ...ids, article: place.dataset.trothComments, ...fields, warning: place.warning } : { ...ids, fields };
    const send = find("button", form), result = find("[role=status]", form)[0] || form.appendChild(make("p", { role: "status" }));
    send.forEach((one) => { one.disabled = true; });
    const reply = await fetched(at(place ? "/comments" : "/forms/" + encodeURIComponent(name)), JSON.stringify(body));
    const said = await reply?.json().catch(() => null);
    send.forEach((one) => { one.disabled = false; });
    const good = reply?.ok;
    result.dataset.state = good ? "done" : "failed";
    result.textContent = good ? form.dataset.trothThanks || WORDS.thanks : said?.message || WORDS.failed;
    if (good) form.reset();
    if (good && place) comments(place);
  };
  const comments = async (place) => { // the form opens once its warning is shown
    const said = await told("/comments?article=" + encodeURIComponent(place.dataset.trothComments));
    if (!said) return;
    place.warning = said.warning.version;
    find("[data-troth-warning]", place).forEach((one) => { one.textContent = said.warning.text; });
    find("[data-troth-list]", place).forEach((list) => list.replaceChildren(...said.comments.map(({ name, text, on, website }) =>
      make("li", {}, make("p", {}, make("b", {}, website ? make("a", { href: website, rel: "nofollow ugc" }, name) : name), " ", make("time", {}, on)), make("p", {}, text)))));
    find("form", place).forEach((form) => { form.hidden = false; });
  };

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
.troth,#troth-back{--a:var(--troth-surface,Canvas);--b:var(--troth-ink,CanvasText);--c:var(--troth-accent,CanvasText);--d:var(--troth-on-accent,Canvas);color-scheme:light dark}
:root{scroll-padding-block-end:var(--troth-room)}
body::after{content:"";display:block;block-size:var(--troth-room)}
.troth,.troth *{box-sizing:border-box;margin:0;padding:0;font:inherit;color:inherit;text-align:start;max-inline-size:none;list-style:none}
.troth{font:1rem/1.5 var(--troth-font,system-ui,sans-serif);background:var(--a);color:var(--b);border:1px solid #8888;border-radius:.6rem;padding:1.25rem;overflow:auto;overflow-wrap:anywhere;hyphens:auto;box-shadow:0 .5rem 2rem #0004;max-block-size:calc(100% - 2rem)}
#troth-banner{position:fixed;z-index:99999;inset-inline:1rem;inset-block-end:1rem;max-inline-size:70rem;margin-inline:auto;display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:center}
#troth-banner>:first-child{flex:1 1 26rem}
#troth-banner ul,.troth-links{display:flex;flex-wrap:wrap;gap:0 1.25rem}
#troth-dialog{inline-size:min(40rem,100% - 2rem);margin:auto}
#troth-dialog::backdrop{background:#0008}
#troth-dialog li{border-block-start:1px solid #8888;padding-block:.5rem}
#troth-dialog small{display:block}
#troth-dialog .troth-buttons{margin-block:1rem .5rem}
.troth label{display:flex;justify-content:space-between;align-items:center;gap:1rem;cursor:pointer}
.troth h2{font-size:1.15rem;line-height:1.3}
.troth :is(h2,p,ul){margin-block-end:.5rem}
.troth :is(h2,b,button){font-weight:600}
:is(.troth,#troth-foot) :is(small,.troth-note){font-size:.875rem}
.troth a{text-decoration:underline;padding-block:.2rem}
.troth input{appearance:none;flex:none;inline-size:3rem;block-size:1.75rem;border:2px solid;border-radius:1rem;padding:2px;cursor:pointer;display:flex}
.troth input::before{content:"";block-size:100%;aspect-ratio:1;border-radius:1rem;background:var(--b)}
.troth input:checked{background:var(--c);border-color:var(--c);justify-content:flex-end}
.troth input:checked::before{background:var(--d)}
.troth input:disabled{opacity:.5}
.troth-buttons{display:grid;grid-auto-columns:1fr;grid-auto-flow:column;gap:.6rem;flex:1 1 18rem}
.troth button{min-block-size:2.75rem;padding:.4rem;background:var(--c);color:var(--d);border:1px solid var(--c);border-radius:.6rem;text-align:center;cursor:pointer}
.troth #troth-close{position:absolute;inset-block-start:1rem;inset-inline-end:1rem;min-block-size:2rem;padding:.1rem .6rem;background:none;color:inherit}
.troth :focus-visible,#troth-back:focus-visible{outline:3px solid var(--b);outline-offset:2px}
#troth-back{font:inherit;overflow-wrap:anywhere;font-size:.875rem;min-block-size:2rem;padding:.1rem .6rem;background:var(--a);color:var(--b);border:1px solid #8888;border-radius:1rem;cursor:pointer}
.troth-frame{display:grid;place-content:center;justify-items:center;max-inline-size:100%;margin-block:1rem;box-shadow:none}
.troth-frame p{text-align:center}
.troth-frame button{padding-inline:1rem}
.troth-corner{position:fixed;z-index:99;inset-block-end:1rem;inset-inline-start:1rem}
.troth-quiet{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-height:30rem){#troth-banner{position:static;margin:1rem}}`);

  // ---- begin ----
  const begin = async () => {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    find("[data-troth-comments]").forEach(comments);
    page();
    const said = await told("/consent/terms", { tz: timezone, visitor: cookieState() !== "refused" && keptId() });
    if (!said) return; // nothing is known to be permitted
    terms = { gpc: [], cookies: [], joins: [], free: [], elsewhere: [], refused: [], read: {}, signals: {}, anew: {}, language: "", ...said, purposes: said.purposes.filter((purpose) => purpose.wording) }; // without words it is not asked
    const { unsent, how } = choice();
    if (unsent) tell(states(terms.purposes.filter((purpose) => answer(purpose).state), (purpose) => answer(purpose).state), how, visitor());
    else { // what was said of this browser in the privacy centre
      const news = terms.purposes.filter(({ id }) => terms.refused.includes(id) && answer({ id }).state !== "refused");
      if (news.length) keep({ how: "centre", ...choice(), purposes: noted(states(news, () => "refused")) });
    }
    const did = { use: 1, "continued-use": came === location.host, "browser-settings": signal() };
    for (const act in terms.read) { // a yes that nobody pressed, where policy and law let it be read from what they did
      const own = terms.purposes.filter((one) => did[act] && terms.read[act].includes(one.id) && !locked(one) && !answer(one).state);
      if (own.length) record(states(own, () => "given"), act);
    }
    settle();
    new MutationObserver(embed).observe(document.documentElement, { childList: true, subtree: true });
    if (mayView()) {
      const seen = drawView().filter((path) => path !== location.pathname);
      write(VIEW, JSON.stringify({ ...parsed(VIEW), seen: [...seen, location.pathname].slice(-10) }), days(VIEW));
    }
    setTimeout(flush, HOLD);
    flush().then(lend);
  };
  const pushed = history.pushState;
  history.pushState = function () {
    pushed.apply(this, arguments);
    moved();
  };
  addEventListener("popstate", moved);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && (page(), terms && settle()));
  addEventListener("visibilitychange", () => (document.hidden ? leave() : terms && settle()));
  addEventListener("click", clicked);
  addEventListener("auxclick", clicked);
  addEventListener("submit", submit);
  window.troth = {
    choices: () => states(terms ? terms.purposes : [], (purpose) => (locked(purpose) ? "refused" : answer(purpose).state || "not-asked")),
    open: () => open(),
    set: (changes) => terms && decide(terms.purposes.filter(({ id }) => /^(given|refused)$/.test(changes[id])), ({ id }) => changes[id]),
    track: (event, properties = {}) => push("track", { event, properties }),
    identify: (userId, traits = {}) => push("identify", { userId, traits }),
    page,
    remember,
    undeclared: () => (terms ? [undefined, ...STORES].flatMap(names).filter((name) => name && !terms.cookies.some((cookie) => fits(cookie.name)(name))) : []),
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
