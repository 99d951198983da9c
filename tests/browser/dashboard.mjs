// dashboard.mjs HALPD ASSETS OUT: uses the dashboard of a real swarm as a user does, and says what is wrong. Pictures go to
// the directory OUT. ASSETS: the directory of the dashboard's files, for the page with 10 000 peers.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createServer} from "node:http";
import {join} from "node:path";

import {Browser, pause, until} from "./chromium.mjs";
import {Node} from "./swarm.mjs";

const [halpd, assets, out] = process.argv.slice(2);
const nodes = [];
const browser = new Browser();
const row = (list, index) => `document.querySelector("#list-${list} .row[aria-posinset='${index}']")`;
const listed = (list, text) => `[...document.querySelectorAll("#list-${list} .row")].find((row) => row.innerText.includes(${JSON.stringify(text)}))`;
const live = `document.getElementById("link").dataset.state === "live"`;

async function begin() {
  const first = new Node(halpd, ["http.listen=127.0.0.1:0", "dht.listen=127.0.0.1:0", "dht.engine=memory",
    "dht.range_min=2000000000000000", "dht.range_max=9fffffffffffffff", "dht.test_client=true"]);
  await first.start();
  nodes.push(first);
  for (let i = 0; i < 4; i++) {
    const node = new Node(halpd, ["http.enabled=false", "join=" + first.address]);
    await node.start();
    nodes.push(node);
    await node.ask("PUT", "/v1/labels/chat", {port: 5000 + i});
    await node.ask("PUT", "/v1/labels/" + ["render", "mail", "chat", "cache"][i], {port: 6000 + i});
  }
  await until("the nodes know each other", async () => (await first.ask("GET", "/v1/status")).peers.proved >= 4);
  await until("the announcements are there", async () => (await first.ask("GET", "/v1/labels/chat")).total >= 5);
  return "http://" + (await first.ask("GET", "/v1/status")).http.listening;
}

const checks = {
  async "the overview is live"(url) {
    await browser.open(url + "/");
    await browser.sees("the stream of events is open", live);
    await browser.sees("four peers are counted", `document.getElementById("f-peers").innerText === "4"`);
    assert.match(await browser.text("#node"), /listening/);
    const paints = [];
    for (let i = 0; i < 5; i++) {
      await browser.open(url + "/?" + i);
      paints.push(await browser.sees("it is painted", `performance.getEntriesByName("first-contentful-paint")[0]?.startTime`));
    }
    paints.sort((a, b) => a - b);
    console.log("    first paint " + paints.map((ms) => ms.toFixed(0)).join(", ") + " ms");
    assert(paints[2] <= 200, "the median of the first paint is above 200 ms");
  },
  async "a label shows its hosts, and a new one without a click"() {
    await browser.sees("the stream of events is open", live);
    await browser.click(`document.getElementById("tab-labels")`);
    await browser.click(listed("labels", "chat"));
    await browser.sees("its hosts are listed", `document.querySelectorAll("#list-hosts .row").length >= 5`);
    await nodes[2].ask("PUT", "/v1/labels/chat", {endpoint: "new.example:7777"});
    const began = Date.now();
    await browser.sees("the new host is shown", listed("hosts", "new.example:7777") + " !== undefined");
    console.log("    shown after " + (Date.now() - began) + " ms");
  },
  async "names of an attacker are text"(url) {
    const markup = "<img/src=x/onerror=window.owned=1>";
    const turned = "\u202egnp.exe\u2066";
    for (const host of [markup, turned, "<script>window.owned=1</script>"])
      await nodes[0].say(`insert chat\n${Math.floor(Date.now() / 1000)} ${host} 80`);
    await browser.sees("it is shown as it is", listed("hosts", markup) + " !== undefined");
    await browser.sees("the turning mark is shown", listed("hosts", "\\u202egnp.exe") + " !== undefined");
    await browser.click(`document.getElementById("tab-events")`);
    await browser.sees("it is among the events", listed("events", markup) + " !== undefined");
    assert.equal(await browser.value(`document.querySelectorAll("main img, main script, main iframe").length`), 0);
    assert.equal(await browser.value("window.owned"), undefined);
    // Even if there were a hole: no script but its own.
    await browser.value(`(() => { const made = document.createElement("script"); made.textContent = "window.owned = 2"; document.body.append(made); made.remove(); })()`);
    await browser.value(`(() => { const made = document.createElement("div"); made.innerHTML = "<img src=x onerror='window.owned=3'>"; document.body.append(made); })()`);
    await pause(200);
    assert.equal(await browser.value("window.owned"), undefined);
    assert.equal(await browser.value(`fetch("http://127.0.0.1:1/").then(() => "sent", (error) => "refused")`), "refused");
    const strange = browser.requests.filter((asked) => !asked.startsWith(url) && !asked.startsWith("http://127.0.0.1:1/"));
    assert.deepEqual(strange, [], "it asks nobody else");
  },
  async "it is used by the keyboard alone"() {
    await browser.value(`document.getElementById("tab-events").focus()`);
    await browser.key("ArrowLeft");
    assert.equal(await browser.value(`document.getElementById("peers").hidden`), false);
    await browser.sees("the peers are listed", `document.querySelectorAll("#list-peers .row").length >= 4`);
    await browser.key("Tab");
    assert.equal(await browser.value("document.activeElement.id"), "find-peer");
    await browser.type(nodes[1].address);
    await browser.sees("one is left", `document.querySelectorAll("#list-peers .row").length === 1`);
    await browser.value(`document.getElementById("find-peer").value = ""; document.getElementById("find-peer").dispatchEvent(new Event("input"))`);
    await browser.value(`document.getElementById("list-peers").focus()`);
    await browser.key("End");
    await browser.sees("the last row is chosen", `[...document.querySelectorAll("#list-peers .row")].at(-1).ariaSelected === "true"`);
    await browser.key("Home");
    await browser.sees("the first row is chosen", row("peers", 1) + `.ariaSelected === "true"`);
    await browser.value(`document.activeElement.blur()`);
    await browser.key("/", "/");
    assert.equal(await browser.value("document.activeElement.id"), "find-peer");
  },
  async "peers by role, and one that dies"() {
    await browser.click(`document.getElementById("tab-peers")`);
    await nodes[4].kill();
    await browser.sees("the dead one is marked", listed("peers", nodes[4].address) + `?.innerText.includes("dead")`, 30000);
    await browser.click(`[...document.querySelectorAll("#roles button")].find((chip) => chip.innerText.startsWith("dead"))`);
    await browser.sees("it alone is shown", `document.querySelectorAll("#list-peers .row").length === 1`);
    await browser.click(`document.querySelector("#roles button")`);
  },
  async "events pause and go on"() {
    await browser.click(`document.getElementById("tab-events")`);
    await browser.click(`document.getElementById("pause")`);
    await nodes[1].ask("PUT", "/v1/labels/chat", {endpoint: "paused.example:1"});
    await browser.sees("it is counted", `document.getElementById("latest").textContent.includes("paused.example")`);
    assert.equal(await browser.value(listed("events", "paused.example") + " === undefined"), true);
    await browser.click(`document.getElementById("pause")`);
    await browser.sees("it is shown", listed("events", "paused.example") + " !== undefined");
  },
  async "records: the range and what is in it"() {
    await browser.click(`document.getElementById("tab-records")`);
    await browser.sees("the range is drawn", `document.querySelectorAll("#range-parts rect").length === 1`);
    assert.match(await browser.text("#range-text"), /2000000000000000 to 9fffffffffffffff/);
  },
  async "it comes back when the daemon does"() {
    const port = (await nodes[0].ask("GET", "/v1/status")).http.listening;
    nodes[0].settings[0] = "http.listen=" + port;
    await nodes[0].kill();
    await browser.sees("it says so", `document.getElementById("link").dataset.state === "off"`);
    await nodes[0].start(nodes[0].address);
    await browser.sees("it is live again", live, 20000);
    await browser.sees("it knows what it has missed is not known", `document.getElementById("latest").textContent.includes("gap")`);
    await browser.click(`document.getElementById("tab-labels")`);
    await browser.click(listed("labels", "chat"));
    await nodes[1].ask("PUT", "/v1/labels/chat", {endpoint: "back.example:1"});
    await browser.sees("events come again", listed("hosts", "back.example:1") + " !== undefined", 20000);
  },
  async "pictures"(url) {
    await nodes[4].start(nodes[4].address);
    for (const gone of ["<img/src=x/onerror=window.owned=1>", "\u202egnp.exe\u2066", "<script>window.owned=1</script>"])
      await nodes[0].ask("POST", "/v1/labels/chat/confirm", {host: gone, port: 80, worked: false}).catch(() => {});
    await browser.open(url + "/");
    await browser.sees("the stream of events is open", live);
    await pause(16000);  // the chart has something to show
    for (let i = 0; i < 6; i++) {
      await nodes[1 + (i % 4)].ask("PUT", "/v1/labels/" + ["render", "mail", "cache"][i % 3], {endpoint: "host" + i + ".example:" + (8000 + i)});
      await pause(700);
    }
    for (const [name, width, height, scheme] of [["light", 1280, 760, "light"], ["dark", 1280, 760, "dark"], ["phone", 390, 844, "light"]]) {
      await browser.scheme(scheme);
      await browser.size(width, height);
      for (const page of ["overview", "labels", "peers", "events", "records"]) {
        await browser.click(`document.getElementById("tab-${page}")`);
        if (page === "labels") await browser.click(listed("labels", "chat"));
        await pause(600);
        assert(await browser.value("document.documentElement.scrollWidth <= innerWidth"), page + " is wider than the " + name);
        await browser.screenshot(join(out, name + "-" + page + ".png"));
      }
    }
  },
};

// The same page in front of a node that knows 10 000 others.
async function manyPeers() {
  const peers = [...Array(10000).keys()].map((i) => ({host: "192.0.2.1", port: i + 1, endpoint: "10." + (i >> 8) + "." + (i & 255) + ".1:3451",
    role: ["fresh", "anchor", "pool", "pool"][i & 3], proved: (i & 1) === 1, suspect: false, original: false, age_s: i % 300, proved_age_s: i % 400, failures: 0, left: false}));
  const status = await nodes[0].ask("GET", "/v1/status");
  const types = {"/": "text/html", "/dashboard.js": "text/javascript", "/dashboard.css": "text/css", "/icon.svg": "image/svg+xml"};
  const server = createServer((asked, answer) => {
    if (types[asked.url]) {
      answer.setHeader("Content-Type", types[asked.url]);
      return answer.end(readFileSync(join(assets, asked.url === "/" ? "index.html" : asked.url)));
    }
    if (asked.url === "/v1/events") return answer.writeHead(200, {"Content-Type": "text/event-stream"}).write(": alive\n\n");
    answer.setHeader("Content-Type", "application/json");
    answer.end(JSON.stringify(asked.url === "/v1/peers" ? {total: peers.length, peers} : status));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await browser.scheme("light");
  await browser.open("http://127.0.0.1:" + server.address().port + "/");
  await browser.click(`document.getElementById("tab-peers")`);
  await browser.sees("all are counted", `document.getElementById("count-peers").innerText === "10,000 shown"`);
  const seen = await browser.value(`new Promise((done) => {
    const box = document.getElementById("list-peers"), frames = [];
    let before = performance.now(), most = 0;
    const step = (now) => {
      frames.push(now - before);
      before = now;
      most = Math.max(most, box.querySelectorAll(".row").length);
      box.scrollTop += 900;
      if (frames.length < 120) requestAnimationFrame(step);
      else done({frames, most, scrolled: box.scrollTop, height: box.scrollHeight});
    };
    requestAnimationFrame(step);
  })`);
  seen.frames.sort((a, b) => a - b);
  const filter = await browser.value(`(() => { const began = performance.now(), field = document.getElementById("find-peer");
    field.value = "10.3."; field.dispatchEvent(new Event("input")); document.getElementById("list-peers").clientHeight; return performance.now() - began; })()`);
  console.log(`    frames: median ${seen.frames[60].toFixed(1)} ms, 95 % ${seen.frames[113].toFixed(1)} ms; at most ${seen.most} rows; filter ${filter.toFixed(1)} ms`);
  assert(seen.height >= 320000 && seen.scrolled > 50000);
  assert(seen.most < 80, "too many elements");
  assert(seen.frames[113] < 60, "scrolling is not smooth");
  assert(filter < 60, "filtering is slow");
  server.closeAllConnections();
  server.close();
}

let failed = 0;
try {
  const url = await begin();
  for (const [name, check] of [...Object.entries(checks), ["10 000 peers stay smooth", manyPeers]]) {
    try {
      await check(url);
      console.log("good: " + name);
    } catch (error) {
      failed++;
      console.log("WRONG: " + name + ": " + error.message);
    }
  }
  if (browser.troubles.length) console.log("WRONG: scripts failed: " + browser.troubles.join("; "));
  failed += browser.troubles.length;
} finally {
  await browser.close();
  for (const node of nodes) await node.remove();
}
process.exit(failed ? 1 : 0);
