/* Troth's chat: a button at the lower right that opens a conversation with a person. It stands in a shadow root, makes no
   inline style or script, and shows nothing unless the server says that this site has a chat. Until somebody sends a message
   nothing is kept in the browser; then one cookie holds the conversation's secret, if the policy declares it. */
(() => {
  "use strict";
  const config = "__TROTH_CONFIG__";
  if (window.trothChat) return;
  window.trothChat = true;
  const at = (path) => `${config.base}/${config.w}${path}`;
  const cookie = (name) => {
    try {
      const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
      return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
    } catch { return ""; }
  };
  const make = (tag, properties = {}, ...children) => {
    const { attributes = {}, ...own } = properties, made = Object.assign(document.createElement(tag), own);
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    made.append(...children);
    return made;
  };
  const STYLE = `
    :host { --back: #ffffff; --ink: #1b1f27; --soft: #565d69; --line: #8a919c; --own: #e7edf7; --main: #1f4172; --on: #ffffff; all: initial;
      position: fixed; z-index: 2147480000; inset-inline-end: 1rem; bottom: calc(1rem + var(--troth-room, 0px)); color: var(--ink);
      font: 1rem/1.45 system-ui, "Liberation Sans", sans-serif; }
    @media (prefers-color-scheme: dark) { :host { --back: #191c22; --ink: #eceae4; --soft: #b0b5bf; --line: #737a86; --own: #26303f; --main: #a9c4f2; --on: #10131a; } }
    * { box-sizing: border-box; } [hidden] { display: none !important; }
    button, textarea, input { font: inherit; color: inherit; }
    .open { display: flex; align-items: center; gap: .5rem; min-height: 3rem; padding: .6rem 1.1rem .6rem .9rem; border: 0; border-radius: 2rem;
      background: var(--chat-colour, var(--main)); color: var(--chat-on, var(--on)); font-weight: 600; cursor: pointer; box-shadow: 0 .3rem 1rem #0004; }
    .open svg { width: 1.4rem; height: 1.4rem; } .news { width: .7rem; height: .7rem; border-radius: 50%; background: #d9480f; border: 2px solid var(--on); }
    button:focus-visible, textarea:focus-visible, input:focus-visible, a:focus-visible, .log:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
    .panel { display: flex; flex-direction: column; width: min(23rem, calc(100vw - 2rem)); height: min(34rem, calc(100vh - 2rem - var(--troth-room, 0px)));
      background: var(--back); border: 1px solid var(--line); border-radius: .9rem; overflow: hidden; box-shadow: 0 .6rem 2rem #0005; }
    .top { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: .6rem .6rem .6rem 1rem; background: var(--chat-colour, var(--main)); color: var(--chat-on, var(--on)); }
    h2 { font-size: 1.05rem; margin: 0; } .top button { border: 0; background: none; min-width: 2.75rem; min-height: 2.75rem; font-size: 1.4rem; cursor: pointer; border-radius: .5rem; }
    .top button:focus-visible { outline-color: var(--on); outline-offset: -3px; }
    .log { flex: 1; min-height: 4rem; overflow-y: auto; padding: .8rem 1rem; display: flex; flex-direction: column; gap: .6rem; overscroll-behavior: contain; }
    .log p { margin: 0; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .8rem; max-width: 88%; align-self: flex-start; white-space: pre-wrap; overflow-wrap: anywhere; }
    .log p.visitor { align-self: flex-end; background: var(--own); } .log p.note { border-style: dashed; max-width: 100%; }
    .log b { display: block; font-size: .8rem; color: var(--soft); font-weight: 600; }
    form { display: grid; gap: .5rem; padding: .7rem 1rem; border-top: 1px solid var(--line); } label { font-size: .85rem; color: var(--soft); }
    textarea, input { color: var(--ink); font-size: 1rem; width: 100%; margin-top: .2rem; padding: .5rem .6rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--back); } textarea { resize: none; height: 4.2rem; display: block; }
    .send { min-height: 2.75rem; border: 0; border-radius: .5rem; background: var(--chat-colour, var(--main)); color: var(--chat-on, var(--on)); font-weight: 600; cursor: pointer; }
    .foot { margin: 0; padding: 0 1rem .7rem; font-size: .85rem; display: flex; flex-wrap: wrap; gap: .2rem 1rem; } a { color: var(--main); } .small { font-size: .85rem; color: var(--soft); margin: 0; }
    @media (max-width: 30rem) { .panel { width: calc(100vw - 1rem); height: calc(100vh - 1rem - var(--troth-room, 0px)); } :host([open]) { inset-inline-end: .5rem; bottom: calc(.5rem + var(--troth-room, 0px)); } }
    @media (prefers-reduced-motion: no-preference) { .log { scroll-behavior: smooth; } }`;

  const begin = async () => {
    const reply = await fetch(at("/chat"), { credentials: "omit" }).catch(() => null);
    if (!reply || !reply.ok) return; // this site has no chat
    const terms = await reply.json(), say = terms.text, kept = terms.cookie && terms.cookie.name;
    let session = kept ? cookie(kept) : "", last = 0, name = "", timer = 0, waiting = false;

    const host = make("div", { id: "troth-chat", lang: terms.language }), root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
    for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linejoin": "round", "aria-hidden": "true" })) svg.setAttribute(key, value);
    path.setAttribute("d", "M4 5h16v11H11l-5 4v-4H4z");
    svg.append(path);
    const news = make("span", { className: "news", hidden: true, attributes: { role: "img", "aria-label": say.new } });
    const opener = make("button", { type: "button", className: "open", attributes: { "aria-expanded": "false", "aria-controls": "panel" } }, svg, make("span", { textContent: say.open }), news);
    const closer = make("button", { type: "button", textContent: "×", attributes: { "aria-label": say.close } });
    const log = make("div", { className: "log", tabIndex: 0, attributes: { role: "log", "aria-live": "polite", "aria-label": say.title } }, make("p", { className: "note", textContent: say.intro }));
    const email = make("input", { type: "email", autocomplete: "email", maxLength: 254 });
    const asked = make("div", { hidden: !terms.email || !!session }, make("label", {}, say.email, email), make("p", { className: "small", textContent: say.email_why }));
    const line = make("textarea", { maxLength: terms.longest, required: true });
    const send = make("button", { className: "send", textContent: say.send });
    const status = make("p", { className: "small", attributes: { role: "status" } });
    const form = make("form", { noValidate: true }, asked, make("label", {}, say.line, line), send, status);
    const mine = make("a", { textContent: say.mine, hidden: true, target: "_blank", rel: "noopener" });
    const foot = make("p", { className: "foot" }, make("a", { href: config.base + terms.policy_url, textContent: say.policy, target: "_blank", rel: "noopener" }), mine);
    const panel = make("section", { id: "panel", className: "panel", hidden: true, attributes: { role: "dialog", "aria-labelledby": "title" } },
      make("div", { className: "top" }, make("h2", { id: "title", textContent: say.title }), closer), log, form, foot);
    root.append(opener, panel);
    document.body.append(host);

    const show = ({ n, side, text }) => {
      if (n <= last) return;
      last = n;
      const who = { visitor: say.you, operator: terms.owner, automatic: say.note }[side] || "";
      const shown = make("p", { className: side === "visitor" ? "visitor" : side === "automatic" ? "note" : "", dir: "auto" }, make("b", { textContent: who }));
      for (const part of side === "visitor" ? [text] : text.split(/(https?:\/\/[^\s]+)/)) {
        shown.append(/^https?:\/\//.test(part) ? make("a", { href: part, textContent: part, target: "_blank", rel: "noopener" }) : part);
      }
      log.append(shown);
      log.scrollTop = log.scrollHeight;
      if (panel.hidden && side !== "visitor") news.hidden = false;
    };
    const keep = (value) => {
      session = value;
      if (!kept) return;
      const age = value ? (terms.cookie.days ? `;max-age=${terms.cookie.days * 86400}` : "") : ";max-age=0";
      try { document.cookie = `${kept}=${value};path=/;samesite=lax${age}${location.protocol === "https:" ? ";secure" : ""}`; } catch { /* it lives as long as the page */ }
    };
    const know = (given) => {
      if (given) name = given;
      mine.hidden = !name;
      if (name) mine.href = config.base + terms.privacy_url + "#v=" + name;
    };
    const end = () => {
      keep("");
      last = 0;
      asked.hidden = !terms.email;
      log.append(make("p", { className: "note", textContent: say.ended }));
    };
    const post = (where, body) => fetch(at(where), { method: "POST", credentials: "omit", body: JSON.stringify({ key: config.key, ...body }) }).catch(() => null);
    const look = async () => {
      clearTimeout(timer);
      if (session && !waiting && !document.hidden) {
        const reply = await post("/chat/lines", { session, after: last });
        if (reply && reply.ok) {
          const told = await reply.json();
          told.lines.forEach(show);
          know(told.name);
          if (told.closed) end();
        } else if (reply && reply.status === 404) keep("");
      }
      timer = setTimeout(look, panel.hidden ? 20000 : 3000);
    };
    const toggle = (open) => {
      panel.hidden = !open;
      opener.hidden = open;
      host.toggleAttribute("open", open);
      opener.setAttribute("aria-expanded", String(open));
      if (open) {
        news.hidden = true;
        line.focus();
        look();
      } else opener.focus();
    };
    opener.addEventListener("click", () => toggle(true));
    closer.addEventListener("click", () => toggle(false));
    panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); toggle(false); } });
    line.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = line.value.trim();
      if (!text || waiting) return line.focus();
      waiting = true;
      send.disabled = true;
      status.textContent = "";
      const visitor = (cookie("troth_visitor").match(/^[0-9a-f]{32}$/) || [null])[0], tz = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const reply = await post("/chat", { text, tz, anonymousId: visitor, ...(session ? { session } : { email: email.value.trim() }) });
      const said = reply ? await reply.json().catch(() => ({})) : {};
      waiting = false;
      send.disabled = false;
      if (!reply || !reply.ok) {
        if (said.code === "no-such-chat" || said.code === "chat-closed") end();
        status.textContent = reply && reply.status === 429 ? say.busy : said.code === "too-long" ? say.too_long : said.message || say.failed;
        return line.focus();
      }
      if (said.session) keep(said.session);
      know(said.name);
      asked.hidden = true;
      line.value = "";
      said.lines.forEach(show);
      if (Object.keys(said.dropped).length) status.textContent = say.blanked;
      if (said.withdrew.length && window.troth && window.troth.set) window.troth.set(Object.fromEntries(said.withdrew.map((id) => [id, "refused"])));
      line.focus();
    });
    if (session) look();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
