// reports.mjs HALP-SIM PICTURES: looks at the pages of halp-sim in a headless Chromium, as three readers do: on a light
// desktop, on a dark one, on a phone. Each page is kept as a picture.
import {spawnSync} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {Browser, pause} from "./chromium.mjs";

const [sim, pictures] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), "halp-reports-"));
let wrong = 0;
function check(what, good, more = "") {
  console.log((good ? "right: " : "WRONG: ") + what + (good ? "" : " " + more));
  wrong += good ? 0 : 1;
}
function play(...words) {
  const done = spawnSync(sim, words, {encoding: "utf8"});
  if (done.status !== 0) throw new Error(words.join(" ") + ": " + done.stderr);
}

play("run", "catastrophe_50", "--nodes", "60", "--seeds", "3", "-o", join(work, "few"));
play("run", "catastrophe_50", "--nodes", "30", "--seeds", "20", "-o", join(work, "many"));
play("run", "announce", "--nodes", "60", "-o", join(work, "announce"));
play("run", "hub_attack_4", "--nodes", "60", "-o", join(work, "attack"));
play("sweep", "catastrophe_50", "--vary", "nodes=20,40", "--vary", "network.loss=0%,20%", "--seeds", "2", "-o", join(work, "sweep"));
play("compare", join(work, "few"), join(work, "many"), "-o", join(work, "compare"));

// Texts of one picture that cover each other by more than the blank around letters.
const covered = `(() => { const out = [];
  for (const picture of document.querySelectorAll("svg")) {
    const texts = [...picture.querySelectorAll("text")].filter((text) => text.textContent);
    const boxes = texts.map((text) => text.getBoundingClientRect());
    for (let i = 0; i < texts.length; ++i) for (let j = i + 1; j < texts.length; ++j) {
      const a = boxes[i], b = boxes[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 3) out.push(picture.getAttribute("aria-label") + ": " + texts[i].textContent + " / " + texts[j].textContent);
    }
  }
  return out; })()`;
// What sticks out of its picture.
const cut = `(() => [...document.querySelectorAll("svg")].flatMap((picture) => { const all = picture.getBoundingClientRect();
  return [...picture.querySelectorAll("text")].filter((text) => { const box = text.getBoundingClientRect();
    return box.left < all.left - 1 || box.right > all.right + 1 || box.top < all.top - 1 || box.bottom > all.bottom + 1; })
    .map((text) => picture.getAttribute("aria-label") + ": " + text.textContent); }))()`;
const contrast = `(() => { const light = (colour) => { const part = colour.match(/[0-9.]+/g).slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2]; };
  const style = getComputedStyle(document.body), a = light(style.color), b = light(style.backgroundColor);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })()`;

const browser = new Browser();
for (const [name, page] of [["few", "report"], ["many", "report"], ["announce", "report"], ["attack", "report"], ["sweep", "report"], ["compare", "compare"]]) {
  for (const [width, scheme] of [[1360, "light"], [1360, "dark"], [390, "light"]]) {
    const reader = name + ", " + width + " wide, " + scheme;
    await browser.open("file://" + join(work, name, page + ".html"), width, 900);
    await browser.scheme(scheme);
    const overlaps = await browser.value(covered), outside = await browser.value(cut);
    check(reader + ": no text covers another", overlaps.length === 0, overlaps.join("; "));
    check(reader + ": no text sticks out of its figure", outside.length === 0, outside.join("; "));
    check(reader + ": the page does not scroll sideways", await browser.value("document.documentElement.scrollWidth <= innerWidth"));
    check(reader + ": text is read", await browser.value(contrast) > 7);
    check(reader + ": a sentence comes first", await browser.value("document.querySelector('p.lead')?.innerText.length > 40"));
    await browser.size(width, Math.min(4000, await browser.value("document.documentElement.scrollHeight")));
    await pause(100);
    const {data} = await browser.send("Page.captureScreenshot", {format: "png"});
    writeFileSync(join(pictures, `report-${name}-${width}-${scheme}.png`), Buffer.from(data, "base64"));
  }
}
check("no page asked for anything from outside", browser.requests.every((url) => url.startsWith("file:")));
rmSync(work, {recursive: true, force: true});
process.exit(wrong === 0 ? 0 : 1);
