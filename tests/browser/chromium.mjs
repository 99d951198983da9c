// A headless Chromium over the DevTools protocol, by a pipe: no package is needed beside the browser.
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, holds, patience = 15000) {
  const end = Date.now() + patience;
  for (;;) {
    const got = await holds();
    if (got) return got;
    if (Date.now() > end) throw new Error("this did not come true: " + what);
    await pause(40);
  }
}

export class Browser {
  constructor(program = process.env.CHROMIUM || "chromium") {
    this.profile = mkdtempSync(join(tmpdir(), "halp-browser-"));
    this.child = spawn(program, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
      "--disable-background-networking", "--force-color-profile=srgb", "--hide-scrollbars",
      "--remote-debugging-pipe", "--user-data-dir=" + this.profile, "about:blank"],
    {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});
    this.last = 0;
    this.waiting = new Map();
    this.requests = [];
    this.troubles = [];
    let text = "";
    this.child.stdio[4].on("data", (piece) => {
      text += piece;
      for (let end = text.indexOf("\0"); end >= 0; end = text.indexOf("\0")) {
        this.take(JSON.parse(text.slice(0, end)));
        text = text.slice(end + 1);
      }
    });
  }
  take(message) {
    if (message.id) {
      const {good, bad} = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      return message.error ? bad(new Error(message.error.message)) : good(message.result);
    }
    const params = message.params;
    if (message.method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    if (message.method === "Runtime.exceptionThrown") this.troubles.push(params.exceptionDetails.exception?.description || params.exceptionDetails.text);
    if (message.method === "Page.javascriptDialogOpening") this.troubles.push("a dialog: " + params.message);
  }
  send(method, params = {}) {
    const id = ++this.last;
    const message = {id, method, params};
    if (this.session) message.sessionId = this.session;
    this.child.stdio[3].write(JSON.stringify(message) + "\0");
    return new Promise((good, bad) => this.waiting.set(id, {good, bad}));
  }
  async open(url, width = 1280, height = 820) {
    if (!this.session) {
      const {targetId} = await this.send("Target.createTarget", {url: "about:blank"});
      this.session = (await this.send("Target.attachToTarget", {targetId, flatten: true})).sessionId;
      for (const domain of ["Page", "Runtime", "Network"]) await this.send(domain + ".enable");
    }
    await this.size(width, height);
    await this.send("Page.navigate", {url});
    await until("the page is loaded", () => this.value("document.readyState === 'complete' && location.href !== 'about:blank'"));
  }
  size(width, height) {
    return this.send("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile: width < 600});
  }
  scheme(value) {
    return this.send("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value}]});
  }
  async value(expression) {
    const {result, exceptionDetails} = await this.send("Runtime.evaluate", {expression, returnByValue: true, awaitPromise: true});
    if (exceptionDetails) throw new Error(expression + ": " + (exceptionDetails.exception?.description || exceptionDetails.text));
    return result.value;
  }
  text(selector) { return this.value(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`); }
  sees(what, expression, patience) { return until(what, () => this.value(expression), patience); }
  // As a user does: by the mouse, at the middle of what is seen there.
  async click(expression) {
    const at = await until(expression + " can be clicked", () => this.value(`(() => {
      const found = ${expression};
      if (!found) return null;
      found.scrollIntoView({block: "nearest", inline: "nearest"});
      const box = found.getBoundingClientRect();
      return box.width > 0 ? {x: box.x + box.width / 2, y: box.y + box.height / 2} : null;
    })()`));
    for (const type of ["mousePressed", "mouseReleased"])
      await this.send("Input.dispatchMouseEvent", {type, ...at, button: "left", clickCount: 1});
  }
  async key(key, text) {
    for (const type of ["keyDown", "keyUp"])
      await this.send("Input.dispatchKeyEvent", {type, key, code: key, text: type === "keyDown" ? text : undefined,
        windowsVirtualKeyCode: {Tab: 9, Enter: 13, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, "/": 191}[key]});
  }
  async type(text) { await this.send("Input.insertText", {text}); }
  async screenshot(file) {
    const {data} = await this.send("Page.captureScreenshot", {format: "png"});
    writeFileSync(file, Buffer.from(data, "base64"));
  }
  async close() {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
    rmSync(this.profile, {recursive: true, force: true, maxRetries: 5});
  }
}
