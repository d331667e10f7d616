#!/usr/bin/env node
// Plain old syntax: this file must load on the Node versions it refuses.
import { spawn } from "child_process";
import module from "module";
import { constants } from "os";

import { bundledNode, isSupported, tooOldSentence } from "./node-version.mjs";

const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const SERVING_SCRIPTS = ["start", "dev", "kagari"];
const PARENT_CHECK_MS = 250;

function refuse() {
  console.error(tooOldSentence(process.versions.node));
  process.exitCode = 1;
}

/** A terminal sends Ctrl-C to the child too, so passing it on would deliver it twice. */
function isSentByTerminal(signal) {
  return signal === "SIGINT" && process.stdin.isTTY;
}

function runWith(node) {
  const args = process.execArgv.concat(process.argv.slice(1));
  const child = spawn(node, args, { stdio: "inherit" });
  FORWARDED_SIGNALS.forEach((signal) => {
    process.on(signal, () => {
      if (!isSentByTerminal(signal)) child.kill(signal);
    });
  });
  child.on("error", refuse);
  child.on("exit", (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code;
  });
}

/** A signal sent to npm ends its shell but not us; without this a stopped npm leaves the server running. */
function stopWithNpm() {
  const script = process.env.npm_lifecycle_event;
  if (SERVING_SCRIPTS.indexOf(script) < 0 || process.platform === "win32") return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, PARENT_CHECK_MS);
  timer.unref();
}

if (isSupported(process.versions.node)) {
  module.enableCompileCache();
  stopWithNpm();
  void import("../src/cli/main.ts");
} else {
  const node = bundledNode();
  if (node) runWith(node);
  else refuse();
}
