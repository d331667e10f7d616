import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { REPOSITORY } from "./test-server.ts";

const LAUNCHER = join(REPOSITORY, "bin", "kagari.mjs");
export const CTRL_C = "\u0003";
export const CTRL_D = "\u0004";
export const ENTER = "\r";

interface TerminalOptions {
  cwd: string;
  env?: Record<string, string>;
}

/** A command of kagari in a terminal of its own, as a person has it before them. */
export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** All that was shown, with its colours. */
  raw = "";
  #seen = 0;

  constructor(args: readonly string[], { cwd, env }: TerminalOptions) {
    const command = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(" ");
    // util-linux's `script` lends the command a terminal.
    this.#child = spawn("script", ["-qfec", command, "/dev/null"], {
      cwd,
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        TERM: "xterm-256color",
        LANG: "C.UTF-8",
        ...env,
      },
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#ended = once(this.#child, "exit");
    this.#child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      this.raw += part;
    });
  }

  /** All that was shown, without colours. */
  get text(): string {
    return stripVTControlCharacters(this.raw).replaceAll("\r", "");
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  enter(line: string): void {
    this.type(line + ENTER);
  }

  /** Resolves to what was shown since the last call, once it holds `wanted`. */
  async shows(wanted: string): Promise<string> {
    for (;;) {
      const shown = this.text.slice(this.#seen);
      const at = shown.indexOf(wanted);
      if (at >= 0) {
        this.#seen += at + wanted.length;
        return shown.slice(0, at + wanted.length);
      }
      if (this.#child.exitCode !== null || !this.#child.stdout)
        throw new Error(`ended without showing ${JSON.stringify(wanted)}: ${shown}`);
      await Promise.race([once(this.#child.stdout, "data"), this.#ended]);
    }
  }

  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
