// The dashboard of halpd. It reads the admin API and changes nothing. Whatever comes from the network is set as text,
// never as markup.
"use strict";

const byId = (id) => document.getElementById(id);
const rowHeight = 32;
const eventsKept = 1000;
const samplesKept = 120;

// ---- small things ----

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Control bytes and marks that change the direction of writing, made visible.
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const plain = (text) =>
  String(text).replace(hidden, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

function untrusted(text) {
  const span = element("span", "untrusted", plain(text));
  span.title = span.textContent;
  return span;
}

function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const s = Math.max(0, seconds);
  if (s < 60) return Math.floor(s) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  if (s < 172800) return Math.floor(s / 3600) + " h";
  return Math.floor(s / 86400) + " d";
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 1000 && unit < units.length - 1; unit++) count /= 1000;
  return (unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)) + " " + units[unit];
}

const whole = (count) => Number(count).toLocaleString("en");

async function get(path) {
  const answer = await fetch(path, {cache: "no-store"});
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer.json();
}

function describe(list, rows) {
  const nodes = [];
  for (const [name, value] of rows) {
    const shown = element("dd", "untrusted", plain(value));
    nodes.push(element("dt", "", name), shown);
  }
  list.replaceChildren(...nodes);
}

// ---- a list of any length: only the rows in sight are elements ----

class Rows {
  constructor(box, columns, fill, chosen) {
    this.box = box;
    this.fill = fill;
    this.chosen = chosen;
    this.items = [];
    this.active = -1;
    this.pool = new Map();
    this.empty = element("p", "empty", "nothing here");
    this.space = element("div", "space");
    box.classList.add(columns);
    box.append(this.space, this.empty);
    box.addEventListener("scroll", () => this.drawSoon(), {passive: true});
    box.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.drawSoon()).observe(box);
  }
  set(items, keyOf) {
    const kept = this.active >= 0 && keyOf && this.items[this.active] ? keyOf(this.items[this.active]) : null;
    this.items = items;
    if (kept !== null) this.active = items.findIndex((item) => keyOf(item) === kept);
    if (this.active >= items.length) this.active = -1;
    this.space.style.height = items.length * rowHeight + "px";
    this.empty.hidden = items.length > 0;
    for (const row of this.pool.values()) row.remove();
    this.pool.clear();
    this.drawSoon();
  }
  drawSoon() {
    if (this.planned) return;
    this.planned = true;
    requestAnimationFrame(() => {
      this.planned = false;
      this.draw();
    });
  }
  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / rowHeight) - 4);
    const last = Math.min(this.items.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / rowHeight) + 4);
    for (const [index, row] of this.pool)
      if (index < first || index >= last) {
        row.remove();
        this.pool.delete(index);
      }
    for (let index = first; index < last; index++) {
      if (this.pool.has(index)) continue;
      const row = element("div", "row");
      row.setAttribute("role", "option");
      row.id = this.box.id + "-" + index;
      row.style.transform = "translateY(" + index * rowHeight + "px)";
      row.setAttribute("aria-selected", String(index === this.active));
      row.setAttribute("aria-posinset", String(index + 1));
      row.setAttribute("aria-setsize", String(this.items.length));
      row.append(...this.fill(this.items[index]));
      row.addEventListener("click", () => this.choose(index));
      this.pool.set(index, row);
      this.box.append(row);
    }
  }
  choose(index) {
    if (index < 0 || index >= this.items.length) return;
    this.pool.get(this.active)?.setAttribute("aria-selected", "false");
    this.active = index;
    const top = index * rowHeight;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top + rowHeight > this.box.scrollTop + this.box.clientHeight)
      this.box.scrollTop = top + rowHeight - this.box.clientHeight;
    this.draw();
    this.pool.get(index)?.setAttribute("aria-selected", "true");
    this.box.setAttribute("aria-activedescendant", this.box.id + "-" + index);
    if (this.chosen) this.chosen(this.items[index]);
  }
  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / rowHeight) - 1);
    const last = this.items.length - 1;
    const to = {
      ArrowDown: Math.min(last, this.active + 1), ArrowUp: Math.max(0, this.active - 1),
      PageDown: Math.min(last, this.active + page), PageUp: Math.max(0, this.active - page), Home: 0, End: last,
      Enter: Math.max(0, this.active),
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.choose(to);
  }
}

// ---- pages ----

const pages = ["overview", "labels", "peers", "events", "records"];
let page = "overview";

function show(name, focus) {
  if (!pages.includes(name)) name = "overview";
  page = name;
  for (const one of pages) {
    const tab = byId("tab-" + one);
    byId(one).hidden = one !== name;
    tab.setAttribute("aria-selected", String(one === name));
    tab.tabIndex = one === name ? 0 : -1;
    if (one === name && focus) tab.focus();
  }
  if (location.hash.slice(1).split("/")[0] !== name) history.replaceState(null, "", "#" + name);
  refresh();
}

function setUpPages() {
  pages.forEach((name, index) => {
    const tab = byId("tab-" + name);
    tab.addEventListener("click", () => show(name, false));
    tab.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (step) show(pages[(index + step + pages.length) % pages.length], true);
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
    const field = byId(page).querySelector("input[type=search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
  });
  addEventListener("hashchange", () => show(location.hash.slice(1).split("/")[0], false));
}

function setUpTheme() {
  const root = document.documentElement;
  let stored = null;
  try { stored = localStorage.getItem("theme"); } catch { /* not allowed to keep anything */ }
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;
  byId("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* the same */ }
  });
}

// ---- overview ----

const samples = [];  // bytes in a second
let before = null;   // the status of the latest sample
const sampleSpan = 1.5;
const samplesDrawn = 16;  // at least, so that the first ones do not fill the chart

function figure(name, value, note, state) {
  byId("f-" + name).textContent = value;
  byId("f-" + name).dataset.state = state || "";
  byId("n-" + name).textContent = note;
}

function drawTraffic(status) {
  const span = before ? status.uptime_s - before.uptime_s : 0;
  if (before && span >= 0 && span < sampleSpan) return;
  if (span > 0) {
    const rate = (direction) => Math.max(0, (status.bytes[direction] - before.bytes[direction]) / span);
    samples.push({in: rate("in"), out: rate("out")});
    if (samples.length > samplesKept) samples.shift();
  }
  before = status;
  if (samples.length === 0) return;
  const latest = samples[samples.length - 1];
  byId("t-in").textContent = bytes(latest.in) + "/s";
  byId("t-out").textContent = bytes(latest.out) + "/s";
  const top = Math.max(1, ...samples.map((sample) => Math.max(sample.in, sample.out)));
  const drawn = Math.max(samplesDrawn, samples.length);
  for (const direction of ["in", "out"]) {
    const points = samples.map((sample, index) => {
      const x = 300 - (samples.length - 1 - index) * (300 / (drawn - 1));
      return x.toFixed(1) + "," + (77 - (sample[direction] / top) * 72).toFixed(1);
    });
    byId("line-" + direction).setAttribute("points", points.join(" "));
  }
}

function attention(status) {
  const found = [];
  const standing = status.standing;
  if (status.leaving) found.push("The daemon is leaving the swarm.");
  if (!status.self) found.push("The node does not know its own address yet.");
  if (standing.unreached > 0)
    found.push(standing.unreached + " of " + standing.asked + " nodes do not reach this one: " + standing.why +
      ". Open the port, or set advertise.");
  if (standing.contested > 0) found.push("Another node uses the address of this one.");
  if (status.health > 1) found.push("The node is slow to answer; it is patient with its peers meanwhile.");
  if (status.peers.proved === 0) found.push("No other node was reached yet.");
  if (status.announcements_waiting > 0) found.push(status.announcements_waiting + " announcements wait for their address.");
  if (status.files && Object.values(status.files.refused).some((count) => count > 0))
    found.push("Connections were refused for want of open files (LimitNOFILE).");
  if (status.log && status.log.lines_lost > 0) found.push(status.log.lines_lost + " lines of the log were lost.");
  for (const service of status.services || [])
    if (service.state === "failing")
      found.push("The service " + service.label + " fails its check: " + (service.why || "no reason given") + ".");
  if (status.dht && status.dht.trouble) found.push("Records: " + status.dht.trouble);
  const items = found.map((text) => element("li", "", plain(text)));
  byId("attention").replaceChildren(...(items.length ? items : [element("li", "calm", "nothing")]));
}

function drawStatus(status) {
  const peers = status.peers;
  figure("peers", whole(peers.listed), peers.proved + " proved, " + peers.graves + " dead");
  figure("labels", whole(status.labels), whole(status.entries) + " hosts, " + status.announcements + " announced here");
  figure("rounds", whole(status.rounds.done), whole(status.rounds.failed) + " failed");
  const well = status.health === 1 && !status.leaving;
  figure("health", status.leaving ? "leaving" : well ? "good" : "slow", "up " + age(status.uptime_s),
    status.leaving ? "bad" : well ? "" : "warn");
  byId("who").textContent = plain(status.self || status.listening);
  document.title = "halp " + plain(status.self || "");
  drawTraffic(status);
  attention(status);
  describe(byId("node"), [
    ["version", status.version], ["listening", status.listening], ["reached at", status.self || "not known yet"],
    ["profile", status.profile], ["memory of lists", bytes(status.table_bytes)],
    ["queries", whole(status.text.queries) + " (" + whole(status.text.bad) + " bad)"],
    ["refused messages", whole(status.malformed) + " malformed, " + whole(status.other_swarm) + " of other swarms"],
    ["own announcements", status.own.map((own) => own.label + " " + own.endpoint).slice(0, 8).join(", ") || "none"],
  ]);
}

// ---- labels ----

let labelNames = [];
let labelShown = null;
let labelRows, hostRows, peerRows, eventRows, channelRows;

function wanted(field, text) {
  const words = byId(field).value.trim().toLowerCase();
  return words === "" || text.toLowerCase().includes(words);
}

function drawLabels() {
  const found = labelNames.filter((one) => wanted("find-label", one.label));
  labelRows.set(found, (one) => one.label);
  byId("count-labels").textContent = found.length === labelNames.length
    ? whole(found.length) : whole(found.length) + " of " + whole(labelNames.length);
}

// Names below a label are lists of their own. They are read to a depth of two, by pages.
async function readNames(directory, depth, into) {
  for (let first = 0, more = true; more && into.length < 20000;) {
    const where = directory ? "&directory=" + encodeURIComponent(directory) : "";
    const part = await get("/v1/labels?count=5000&first=" + first + where);
    for (const one of part.names) {
      if (!one.label.endsWith("/")) into.push(one);
      if (depth > 0 && directory === "") await readNames(one.label + "/", depth - 1, into);
    }
    first += part.names.length;
    more = part.more && part.names.length > 0;
  }
}

async function refreshLabels() {
  const found = [];
  const now = Date.now() / 1000;
  await readNames("", labelNames.length > 200 ? 0 : 1, found);
  found.push({label: "halp", name: "halp", seen_unix_s: now});
  const distinct = new Map(found.map((one) => [one.label, one]));
  labelNames = [...distinct.values()].sort((a, b) => (a.label < b.label ? -1 : 1));
  drawLabels();
  await refreshHosts();
}

async function refreshHosts() {
  const label = labelShown;
  if (label === null) return;
  const list = await get("/v1/labels/" + encodeURIComponent(label) + "?count=10000");
  if (label !== labelShown) return;
  hostRows.set(list.entries || [], (host) => host.endpoint);
  byId("count-hosts").textContent = whole(list.total || 0) + (list.total === 1 ? " host" : " hosts");
}

function chooseLabel(one) {
  labelShown = one.label;
  byId("label-name").textContent = plain(one.label);
  hostRows.set([]);
  refreshHosts().catch(offline);
}

function proof(host) {
  if (host.own) return element("span", "tag good", "announced here");
  if (host.proved) return element("span", "tag good", "proved");
  if (host.remembered) return element("span", "tag", "remembered");
  if (host.claimed) return element("span", "tag warn", "claimed");
  return element("span", "tag", "heard of");
}

function hostCells(host) {
  const kind = element("span");
  kind.append(proof(host));
  return [untrusted(host.endpoint), kind, element("span", "", age(Date.now() / 1000 - host.seen_unix_s))];
}

function labelCells(one) {
  return [untrusted(one.label), element("span", "note", age(Date.now() / 1000 - one.seen_unix_s))];
}

// ---- peers ----

let allPeers = [];
let roleShown = "";

function drawPeers() {
  const roles = new Map();
  for (const peer of allPeers) roles.set(peer.role, (roles.get(peer.role) || 0) + 1);
  const names = {fresh: "fresh", anchor: "anchor", pool: "pool", grave: "dead", stalled: "stalled"};
  if (!roles.has(roleShown)) roleShown = "";
  const chips = [["", "all", allPeers.length], ...[...roles].map(([role, count]) => [role, names[role] || role, count])];
  byId("roles").replaceChildren(...chips.map(([role, name, count]) => {
    const chip = element("button", "", name + " " + whole(count));
    chip.type = "button";
    chip.setAttribute("aria-pressed", String(role === roleShown));
    chip.addEventListener("click", () => {
      roleShown = role;
      drawPeers();
      byId("roles").querySelector("[aria-pressed=true]").focus();
    });
    return chip;
  }));
  const found = allPeers.filter((peer) => (roleShown === "" || peer.role === roleShown) && wanted("find-peer", peer.endpoint));
  peerRows.set(found, (peer) => peer.endpoint);
  byId("count-peers").textContent = whole(found.length) + " shown";
}

function peerCells(peer) {
  const tags = {grave: ["bad", peer.left ? "left" : "dead"], stalled: ["warn", "stalled"]};
  const [state, name] = tags[peer.role] || (peer.suspect ? ["warn", "suspect"] : [peer.proved ? "good" : "", peer.role]);
  const role = element("span");
  role.append(element("span", "tag " + state, plain(name)));
  return [untrusted(peer.endpoint), role, element("span", "", age(peer.age_s)),
    element("span", "", peer.original ? "original" : age(peer.proved_age_s))];
}

async function refreshPeers() {
  const focused = byId("roles").contains(document.activeElement);
  allPeers = (await get("/v1/peers")).peers;
  drawPeers();
  if (focused) byId("roles").querySelector("[aria-pressed=true]").focus();
}

// ---- events ----

const eventNames = ["entry_learned", "entry_forgotten", "peer_joined", "peer_proved", "peer_suspected", "peer_buried",
  "peer_left", "peer_expired", "peer_is_original", "self_known", "self_lost", "self_reachable", "number_shared",
  "peer_contested", "seed_is_self", "swarm_mismatch", "self_contested", "self_unreachable", "kept_here", "seed_failed",
  "stream_ended", "storage_failed", "cache_line_skipped", "cache_kept_aside", "insert_refused", "health_changed",
  "leave_done", "stood_still", "time_ahead", "news_held", "room_short", "dials_held", "gap", "leaving"];
const seen = [];
let eventsTotal = 0;
let paused = false;
let source = null;

function eventText(data) {
  const skip = new Set(["host", "port", "endpoint", "label", "seen_unix_s", "own", "proved", "claimed"]);
  const words = [data.label, data.endpoint].filter((word) => word !== undefined);
  for (const [key, value] of Object.entries(data)) if (!skip.has(key)) words.push(key + " " + value);
  return plain(words.join("  "));
}

const clock = (time) => time.toTimeString().slice(0, 8);

function eventCells(one) {
  return [element("span", "note", clock(one.time)), element("span", "", one.name.replaceAll("_", " ")), untrusted(one.text)];
}

function drawEvents() {
  if (!paused) eventRows.set(seen.filter((one) => wanted("find-event", one.name.replaceAll("_", " ") + " " + one.text)));
  byId("count-events").textContent = whole(eventsTotal) + " since this page was opened" + (paused ? ", paused" : "");
  const lines = seen.slice(0, 8).map((one) =>
    element("li", "untrusted", clock(one.time) + "  " + one.name.replaceAll("_", " ") + "  " + one.text));
  byId("latest").replaceChildren(...(lines.length ? lines : [element("li", "calm", "none yet")]));
}

let drawing = false;
function drawEventsSoon() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    drawEvents();
  }, 150);
}

function take(event) {
  let data = {};
  try { data = JSON.parse(event.data); } catch { return; }
  seen.unshift({time: new Date(), name: event.type, text: eventText(data)});
  if (seen.length > eventsKept) seen.length = eventsKept;
  eventsTotal++;
  drawEventsSoon();
  if (event.type.startsWith("entry_") && data.label === labelShown) refreshSoon();
}

function state(name, text) {
  byId("link").dataset.state = name;
  byId("link").textContent = text;
}

function offline() { if (!source || source.readyState !== 1) state("off", "no answer, trying again"); }

// The browser comes back by itself with the id of the last event, but not after an answer that is no stream.
function follow() {
  source = new EventSource("/v1/events");
  source.addEventListener("open", () => {
    state("live", "live");
    refresh();
  });
  source.addEventListener("error", () => {
    state("off", "no answer, trying again");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  });
  for (const name of eventNames) source.addEventListener(name, take);
}

// ---- records ----

function hashPlace(text) { return Number(BigInt("0x" + text) / 4294967296n) / 4294967295; }

function rangePart(min, max, kind) {
  const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const from = hashPlace(min), to = hashPlace(max);
  part.setAttribute("class", kind);
  part.setAttribute("x", String(from * 1000));
  part.setAttribute("width", String(Math.max(2, (to - from) * 1000)));
  part.setAttribute("height", "24");
  return part;
}

async function refreshRecords() {
  const answer = await fetch("/v1/dht", {cache: "no-store"});
  byId("no-records").hidden = answer.ok;
  byId("with-records").hidden = !answer.ok;
  if (!answer.ok) return;
  const dht = (await answer.json()).dht;
  const missing = (dht.auto_range && dht.auto_range.missing) || [];
  const parts = missing.map((part) => rangePart(part.range_min, part.range_max, "missing"));
  if (dht.range_min <= dht.range_max) parts.unshift(rangePart(dht.range_min, dht.range_max, "own"));
  byId("range-parts").replaceChildren(...parts);
  byId("range-text").textContent = dht.range_min + " to " + dht.range_max +
    (missing.length ? ", and " + missing.length + " parts that nobody serves" : "");
  describe(byId("dht"), [
    ["records", whole(dht.records) + " in " + whole(dht.channels) + " channels, " + bytes(dht.value_bytes)],
    ["engine", dht.engine + (dht.engine !== "lmdb" ? ""
      : ", kept through " + (dht.durability === "power" ? "power loss" : "the end of the process"))],
    ["listening", dht.listening + (dht.legacy ? ", legacy " + dht.legacy.listening : "")],
    ["clients", whole(dht.clients) + " of " + whole(dht.connections) + " connections"],
    ["requests", whole(dht.requests) + (dht.legacy ? ", legacy " + whole(dht.legacy.requests) : "")],
    ["trouble", dht.trouble || "none"],
  ]);
  const channels = (await get("/v1/dht/channels?count=10000")).channels;
  channelRows.set(channels, (channel) => channel.name);
  byId("count-channels").textContent = whole(channels.length);
}

function channelCells(channel) {
  const size = channel.value_bytes ?? channel.bytes;
  return [untrusted(channel.name), element("span", "", channel.records === undefined ? "–" : whole(channel.records)),
    element("span", "", size === undefined ? "–" : bytes(size))];
}

// ---- all of it ----

const refreshers = {labels: refreshLabels, peers: refreshPeers, records: refreshRecords};
let busy = false;
let again = 0;

async function refresh() {
  if (busy || document.hidden) return;
  busy = true;
  try {
    drawStatus(await get("/v1/status"));
    if (refreshers[page]) await refreshers[page]();
    if (source && source.readyState === 1) state("live", "live");
  } catch {
    offline();
  }
  busy = false;
}

function refreshSoon() {
  clearTimeout(again);
  again = setTimeout(refresh, 250);
}

// Long lists are read less often.
function tick() {
  refresh().finally(() => setTimeout(tick, page === "peers" && allPeers.length > 2000 ? 10000 : 2000));
}

function start() {
  labelRows = new Rows(byId("list-labels"), "labels", labelCells, chooseLabel);
  hostRows = new Rows(byId("list-hosts"), "hosts", hostCells);
  peerRows = new Rows(byId("list-peers"), "peers", peerCells);
  eventRows = new Rows(byId("list-events"), "events", eventCells);
  channelRows = new Rows(byId("list-channels"), "channels", channelCells);
  byId("find-label").addEventListener("input", drawLabels);
  byId("find-peer").addEventListener("input", drawPeers);
  byId("find-event").addEventListener("input", drawEvents);
  byId("pause").addEventListener("click", () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", String(paused));
    drawEvents();
  });
  setUpTheme();
  setUpPages();
  document.addEventListener("visibilitychange", refresh);
  // A page that the browser keeps for the way back must not hold one of its few connections to this daemon.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) follow(); });
  page = location.hash.slice(1).split("/")[0] || "overview";
  show(page, false);
  follow();
  tick();
}

start();
