// The page's script: it sends what a person does to /person/…, and fetches the
// parts of the page again when the event stream says that they changed.
"use strict";
const $ = (s, at = document) => at.querySelector(s);
const $$ = (s, at = document) => [...at.querySelectorAll(s)];
const body = document.body.dataset;
let dirty = false;      // a form holds what the server does not know yet
let unread = new Set(); // channels with something new
let stale = new Set(), timer = 0;

const query = more => new URLSearchParams({ as: body.as, ...more });

async function act(verb, what) {
  const r = await fetch("/person/" + verb + "?" + query(), {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what),
  }).catch(() => null);
  if (!r) { toast("The workspace is not reachable."); return null; }
  const reply = await r.json().catch(() => ({}));
  if (!r.ok) { toast(reply.say || reply.error || r.statusText); return null; }
  if (reply.say && verb !== "submit") toast(reply.say);
  return reply;
}

function toast(text) {
  const t = $("#toast");
  t.textContent = text;
  t.className = "on";
  clearTimeout(t.timer);
  t.timer = setTimeout(() => { t.className = ""; }, 5000);
}

// --- drawing ---

async function part(name) {
  const more = { c: body.channel };
  if (body.thread) more.t = body.thread;
  if (body.home) more.home = "1";
  const r = await fetch("/page/" + name + "?" + query(more)).catch(() => null);
  return r && r.ok ? r.text() : null;
}

// patch replaces only the messages that differ, so that open menus and the
// place where one reads stay.
function patch(at, html) {
  const end = at.scrollHeight - at.scrollTop - at.clientHeight < 80;
  const next = document.createElement("template");
  next.innerHTML = html;
  localTimes(next.content);
  const fresh = [...next.content.children];
  if (!fresh.some(n => n.id)) { at.replaceChildren(...fresh); return; }
  const had = new Map([...at.children].filter(n => n.id).map(n => [n.id, n]));
  const want = fresh.map(n => {
    const old = had.get(n.id);
    if (old && old.source === n.outerHTML) return old;
    n.source = n.outerHTML;
    return n;
  });
  want.forEach((n, i) => { if (at.children[i] !== n) at.insertBefore(n, at.children[i] || null); });
  while (at.children.length > want.length) at.lastElementChild.remove();
  if (end) at.scrollTop = at.scrollHeight;
}

async function draw(name) {
  if (name === "modal") return drawModal();
  const at = $("#" + name);
  const html = await part(name);
  if (html === null) return;
  if (name === "messages" || name === "thread") { patch(at, html); return; }
  if (name === "composer" && $("#write", at) && html.includes('id="write"')) return; // keep what is being written
  if ($("details[open]", at) && name === "head") return; // a menu is in use
  at.innerHTML = html;
  localTimes(at);
  markUnread();
}

async function drawModal() {
  const at = $("#modal");
  const form = $("form", at);
  if (form && dirty) {
    dirty = false;
    await act("fill", { view: form.dataset.view, values: fields(form) });
  }
  const html = await part("modal");
  if (html === null) return;
  const was = document.activeElement && at.contains(document.activeElement) ? document.activeElement : null;
  const key = was && was.dataset ? [was.dataset.block, was.dataset.action, was.selectionStart] : null;
  at.innerHTML = html;
  localTimes(at);
  document.body.classList.toggle("asking", html.trim() !== "");
  const to = key && key[0] && $(`[data-block="${CSS.escape(key[0])}"][data-action="${CSS.escape(key[1])}"]`, at);
  if (to) { to.focus(); if (to.setSelectionRange && key[2] != null) to.setSelectionRange(key[2], key[2]); }
  else if (html.trim() && !form) ($("[data-field]", at) || $(".btn.primary", at) || at).focus?.();
}

function redraw(...names) {
  names.forEach(n => stale.add(n));
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const now = [...stale];
    stale.clear();
    for (const n of now) await draw(n);
  }, 30);
}

function markUnread() {
  $$("#sidebar a[data-channel]").forEach(a => a.classList.toggle("unread", unread.has(a.dataset.channel)));
}

// localTimes writes instants in the reader's zone and language.
const forms = {
  date_num: { dateStyle: "short" }, date: { month: "long", day: "numeric", year: "numeric" }, date_short: { month: "short", day: "numeric", year: "numeric" },
  date_long: { weekday: "long", month: "long", day: "numeric", year: "numeric" }, day_divider_pretty: { weekday: "long", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit", hour12: false }, time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
};
function localTimes(at) {
  $$("time[data-unix]", at).forEach(t => {
    const d = new Date(t.dataset.unix * 1000);
    const to = $("a", t) || t;
    to.textContent = t.dataset.format.replace(/\{([a-z_]+)\}/g, (whole, name) => {
      const f = forms[name] || forms[name.replace("_pretty", "")];
      return f ? new Intl.DateTimeFormat("en-GB", f).format(d) : whole;
    });
    t.title = d.toISOString().replace("T", " ").slice(0, 19) + " UTC";
  });
}

function go(channel, thread, home) {
  body.channel = channel || body.channel;
  body.thread = thread || "";
  body.home = home ? "1" : "";
  unread.delete(body.channel);
  document.body.classList.toggle("threaded", !!thread);
  document.body.classList.remove("drawer");
  const q = query({ c: body.channel });
  if (thread) q.set("t", thread);
  if (home) q.set("home", "1");
  history.pushState(null, "", "?" + q);
  return show();
}

async function show() {
  $("#messages").replaceChildren();
  $("#composer").replaceChildren();
  for (const n of ["head", "messages", "composer", "thread", "sidebar"]) await draw(n);
  $("#messages").scrollTop = body.home ? 0 : $("#messages").scrollHeight;
  $("#thread").scrollTop = $("#thread").scrollHeight;
}

// --- pressing ---

function place(el) {
  const view = el.closest("[data-view]"), home = el.closest("div[data-home]"), m = el.closest("article");
  if (view) return { view: view.dataset.view };
  if (home) return { home: true };
  return { channel: m.dataset.channel, ts: m.dataset.ts };
}

function chosen(el) {
  if (el.dataset.choose) return [el.dataset.choose];
  if (el.classList.contains("boxes")) return $$("input:checked", el).map(i => i.value);
  if (el.multiple) return [...el.selectedOptions].map(o => o.value);
  if (el.type === "datetime-local" && el.value) return [String(Date.parse(el.value + "Z") / 1000)];
  return el.value ? [el.value] : [];
}

function fields(form) {
  const out = {};
  $$("[data-field]", form).forEach(el => { out[el.dataset.block] = el.classList.contains("boxes") || el.multiple ? chosen(el) : chosen(el)[0] || ""; });
  return out;
}

// sure asks what the element's dialog says.
function sure(el) {
  if (!el.dataset.confirm) return Promise.resolve(true);
  const c = JSON.parse(el.dataset.confirm);
  const d = document.createElement("dialog");
  d.className = "confirm";
  const add = (tag, text, cls) => { const n = document.createElement(tag); n.textContent = text; n.className = cls || ""; return n; };
  const foot = add("footer", "");
  const back = add("button", c.deny, "btn"), yes = add("button", c.confirm, "btn " + (c.style || "primary"));
  foot.append(back, yes);
  d.append(add("h2", c.title), add("p", c.text), foot);
  document.body.append(d);
  d.showModal();
  return new Promise(done => {
    back.onclick = () => d.close("no");
    yes.onclick = () => d.close("yes");
    d.onclose = () => { d.remove(); done(d.returnValue === "yes"); };
  });
}

async function press(el) {
  const at = place(el);
  const picks = el.tagName === "BUTTON" && !el.dataset.choose ? [] : chosen(el);
  if (!await sure(el)) { redraw(at.view ? "modal" : "messages"); return; }
  const url = el.dataset.url || "";
  if (url.startsWith(location.origin + "/archives/")) follow(url);
  else if (url) window.open(url, "_blank", "noopener");
  if (at.view) {
    dirty = false;
    const form = el.closest("form");
    await act("fill", { view: at.view, values: fields(form) });
  }
  el.classList.add("busy");
  await act("press", { ...at, block_id: el.dataset.block, action_id: el.dataset.action, chosen: picks, confirm: true });
  el.classList.remove("busy");
}

const channelDo = async el => {
  const what = { do: el.dataset.channelDo, channel: body.channel };
  if (el.dataset.ask) {
    const said = prompt(el.dataset.ask);
    if (!said) return;
    if (what.do === "invite") what.users = said.split(/[\s,]+/); else what.name = said;
  }
  if (await act("channel", what)) show();
};

document.addEventListener("click", e => {
  const el = e.target.closest("button, a, #veil");
  $$("details.menu[open]").forEach(d => { if (!d.contains(e.target) || (el && el.closest(".menu-list"))) d.open = false; });
  if (!el) return;
  const d = el.dataset, m = el.closest("article");
  if (el.id === "veil") return document.body.classList.remove("drawer");
  if (d.press !== undefined && el.tagName === "BUTTON") return press(el);
  if (el.tagName === "A" && (d.channel || d.home || d.thread)) { e.preventDefault(); return go(d.channel, d.thread, d.home); }
  if (el.tagName === "A" && el.href.startsWith(location.origin + "/archives/")) { e.preventDefault(); return follow(el.href); }
  if (d.thread) return go(body.channel, d.thread);
  if (d.jump) return jump(d.jump);
  if (d.channelDo) return channelDo(el);
  if (d.shortcut) return act("shortcut", { callback_id: d.shortcut, ...(m ? { channel: m.dataset.channel, ts: m.dataset.ts } : {}) });
  if (d.react) return act("react", { channel: m.dataset.channel, ts: m.dataset.ts, name: d.react, remove: el.classList.contains("mine") });
  if (d.pin) return act("pin", { channel: m.dataset.channel, ts: m.dataset.ts, remove: d.pin === "off" });
  if (d.delete !== undefined) return act("delete", { channel: m.dataset.channel, ts: m.dataset.ts });
  if (d.do === "drawer") return document.body.classList.toggle("drawer");
  if (d.do === "thread-close") return go(body.channel);
  if (d.do === "modal-close") { dirty = false; return act("close", { view: el.closest("form").dataset.view }); }
});

async function follow(href) {
  const u = new URL(href), p = u.pathname.split("/");
  if (!p[3]) return go(p[2]);
  const ts = p[3].slice(1, 11) + "." + p[3].slice(11);
  const thread = u.searchParams.get("thread_ts");
  await go(p[2], thread && thread !== ts ? thread : "");
  jump(ts);
}

function jump(ts) {
  const m = document.getElementById("m-" + ts) || document.getElementById("t-" + ts);
  if (!m) return;
  m.scrollIntoView({ block: "center" });
  m.classList.add("found");
  setTimeout(() => m.classList.remove("found"), 2000);
}

document.addEventListener("change", e => {
  const el = e.target;
  if (el.id === "who") { location.search = "?" + new URLSearchParams({ as: el.value, c: body.channel }); return; }
  const owner = el.closest("[data-press]");
  if (owner && owner.tagName !== "BUTTON") press(owner);
});

document.addEventListener("input", e => { if (e.target.closest("[data-field]")) dirty = true; });

document.addEventListener("submit", async e => {
  e.preventDefault();
  const f = e.target;
  if (f.dataset.view) {
    dirty = false;
    f.classList.add("busy");
    await act("submit", { view: f.dataset.view, values: fields(f) });
    f.classList.remove("busy");
    return;
  }
  const t = $("textarea", f), text = t.value.trim();
  if (!text) return;
  t.value = "";
  grow(t);
  suggest(t);
  const thread = f.id === "reply" ? body.thread : "";
  f.classList.add("busy");
  const done = await act(text.startsWith("/") ? "command" : "post", { channel: body.channel, thread, text });
  f.classList.remove("busy");
  if (!done && !t.value) t.value = text;
  $("#messages").scrollTop = $("#messages").scrollHeight;
});

// --- writing ---

const grow = t => { t.style.height = "auto"; t.style.height = Math.min(t.scrollHeight, 200) + "px"; };

function suggest(t) {
  const box = $("#suggest"), f = $("#write");
  if (!box || !f || !f.contains(t)) return;
  const word = t.value.slice(0, t.selectionStart).match(/(?:^|\s)([@/][\w-]*)$/);
  let all = [];
  if (word && word[1][0] === "@") all = f.dataset.people.trim().split(" ").map(n => "@" + n);
  if (word && word[1][0] === "/" && t.value.startsWith("/")) all = f.dataset.commands.trim().split(" ");
  all = word ? all.filter(s => s.startsWith(word[1]) && s !== word[1]) : [];
  box.hidden = all.length === 0;
  box.replaceChildren(...all.slice(0, 8).map(s => {
    const b = document.createElement("button");
    b.type = "button";
    b.textContent = s;
    b.onclick = () => {
      const end = t.selectionStart;
      t.value = t.value.slice(0, end - word[1].length) + s + " " + t.value.slice(end);
      t.focus();
      suggest(t);
    };
    return b;
  }));
}

document.addEventListener("input", e => { if (e.target.closest("#write, #reply")) { grow(e.target); suggest(e.target); } });
document.addEventListener("keydown", e => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.target.matches("#write textarea, #reply textarea")) { e.preventDefault(); e.target.form.requestSubmit(); }
  if (e.key === "Tab" && e.target.matches("#write textarea") && !$("#suggest").hidden) { e.preventDefault(); $("#suggest button").click(); }
  if (e.key === "Escape" && $("#modal form")) $("#modal [data-do=modal-close]").click();
});

// --- news ---

const news = new EventSource("/person/events?" + query({ after: body.seq }));
news.onmessage = e => {
  const c = JSON.parse(e.data);
  if (c.kind === "all") return redraw("sidebar", "head", "messages", "thread", "composer", "modal");
  if (c.kind === "modal") return redraw("modal");
  if (c.kind === "home") { if (body.home) redraw("messages"); return; }
  if (c.kind === "links" || c.kind === "users") return redraw("sidebar");
  if (c.channel !== body.channel || body.home) { if (c.kind === "message") unread.add(c.channel); return redraw("sidebar"); }
  if (c.kind === "channel") return redraw("head", "messages", "sidebar", "composer");
  redraw("messages", "head", ...(body.thread ? ["thread"] : []));
};

window.addEventListener("popstate", () => location.reload());
localTimes(document);
$$("#messages > [id], #thread > [id]").forEach(n => { n.source = n.outerHTML; });
document.body.classList.toggle("asking", !!$("#modal form"));
$("#messages").scrollTop = body.home ? 0 : $("#messages").scrollHeight;
if (location.hash.startsWith("#m-")) jump(location.hash.slice(3));
if (body.home) act("home", {});
document.addEventListener("click", e => { if (e.target.closest("#sidebar a[data-home]")) act("home", {}); });
