// Real nodes on loopback, each with its own directories and admin socket.
import {spawn} from "node:child_process";
import {closeSync, mkdtempSync, openSync, readFileSync, rmSync} from "node:fs";
import {request} from "node:http";
import {connect} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";

import {until} from "./chromium.mjs";

export class Node {
  constructor(halpd, settings) {
    this.halpd = halpd;
    this.settings = settings;
    this.home = mkdtempSync(join(tmpdir(), "halp-node-"));
    this.socket = join(this.home, "admin.sock");
  }
  async start(listen = "127.0.0.1:0") {
    const log = openSync(join(this.home, "log"), "a");
    const before = readFileSync(join(this.home, "log"), "utf8").length;
    const words = [this.halpd, "--listen", listen, "--profile", "local", "--swarm", "browser", "--state-dir", join(this.home, "state"),
      "--cache-dir", join(this.home, "cache"), "--admin", this.socket];
    for (const setting of this.settings) words.push("--set", setting);
    this.child = spawn(words[0], words.slice(1), {stdio: ["ignore", log, log], env: {PATH: process.env.PATH, HOME: this.home}});
    closeSync(log);
    const said = () => readFileSync(join(this.home, "log"), "utf8").slice(before);
    this.address = (await until("a node listens", () => said().match(/^listening on (.+)$/m)))[1];
  }
  ask(method, path, body) {
    return new Promise((good, bad) => {
      const asked = request({socketPath: this.socket, method, path, headers: {Host: "halpd"}}, (answer) => {
        let text = "";
        answer.on("data", (piece) => (text += piece));
        answer.on("end", () => good(JSON.parse(text)));
      });
      asked.on("error", bad);
      asked.end(body ? JSON.stringify(body) : undefined);
    });
  }
  // As a stranger does who knows the port.
  say(text) {
    return new Promise((good, bad) => {
      let answer = "";
      const [host, port] = this.address.split(":");
      const stream = connect(Number(port), host, () => stream.end(text));
      stream.on("data", (piece) => (answer += piece));
      stream.on("end", () => good(answer));
      stream.on("error", bad);
    });
  }
  async kill(signal = "SIGKILL") {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill(signal);
    await ended;
  }
  async remove() {
    await this.kill();
    rmSync(this.home, {recursive: true, force: true, maxRetries: 5});
  }
}
