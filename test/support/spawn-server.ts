import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Api, apiOf, OWN_GRAPHS, REPOSITORY } from "./test-server.ts";

const LAUNCHER = join(REPOSITORY, "bin", "kagari.mjs");

/** A folder that goes when it is disposed of. */
export function tempFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "kagari-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

interface CliOptions {
  cwd: string;
  env?: Record<string, string>;
  /** What the command reads. */
  input?: string;
}

function spawnCli(args: string[], { cwd, env, input }: CliOptions): ChildProcess {
  return spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    // None of the machine's own settings or keys.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
}

/** Runs a command to its end. */
export async function runCli(
  args: string[],
  options: CliOptions,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnCli(args, options);
  const ended = once(child, "close");
  child.stdin?.end(options.input);
  const [stdout, stderr] = await Promise.all([
    child.stdout ? text(child.stdout) : "",
    child.stderr ? text(child.stderr) : "",
  ]);
  await ended;
  return { code: child.exitCode, stdout, stderr };
}

export interface SpawnOptions {
  langgraph?: string;
  /** The product's own models when not given. */
  modelsDir?: string;
  /** `start` when not given. */
  command?: "start" | "worker";
  /** More flags of the command. */
  flags?: string[];
  env?: Record<string, string>;
}

/** A server, or a worker, in a process of its own, with a data folder that outlives the process. */
export class SpawnedServer implements AsyncDisposable {
  readonly #folder = tempFolder();
  readonly #options: SpawnOptions;
  #child: ChildProcess | undefined;
  /** Any free port at first, then the same one again, so that clients find the next process. */
  #port = 0;
  /** All that the processes so far have written to stderr. */
  log = "";
  url = "";
  readonly api: Api;
  readonly dataDir = join(this.#folder.path, "data");

  constructor(options: SpawnOptions) {
    this.#options = options;
    this.api = apiOf((path, init) => fetch(`${this.url}${path}`, init));
  }

  async start(): Promise<void> {
    const { command = "start", langgraph = OWN_GRAPHS, modelsDir, flags = [], env } = this.#options;
    const child = spawnCli(
      [
        command,
        `--port=${this.#port}`,
        `--config=${langgraph}`,
        `--data-dir=${this.dataDir}`,
        `--models-dir=${modelsDir ?? join(REPOSITORY, "config", "models")}`,
        `--prompts-dir=${join(REPOSITORY, "prompts")}`,
        "--default-model=demo",
        ...flags,
      ],
      { cwd: this.#folder.path, ...(env ? { env } : {}) },
    );
    this.#child = child;
    // A test run that is cut short disposes of nothing, and must not leave a server behind.
    const endWithUs = () => child.kill("SIGKILL");
    process.once("exit", endWithUs);
    child.once("exit", () => process.off("exit", endWithUs));
    child.stdout?.resume();
    const ready = await this.#ready(child);
    if (command === "worker") return;
    this.url = ready;
    this.#port = Number(new URL(this.url).port);
  }

  /** Resolves to the URL of a server, or to nothing much for a worker. */
  #ready(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      let own = "";
      child.stderr?.setEncoding("utf8").on("data", (part: string) => {
        own += part;
        this.log += part;
        const said = /listening on (?<url>http:\S+)|working, \d+ runs/.exec(own);
        if (said) resolve(said.groups?.["url"] ?? "");
      });
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${own}`)));
    });
  }

  /** The id of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Sends a signal that does not end the process. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends the process at once, as a crash or a power cut does. */
  kill(): Promise<number | null> {
    return this.#end("SIGKILL");
  }

  /** Ends the process by its drain; answers the exit code. */
  stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** Resolves when the process has ended; answers its exit code. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return child.exitCode;
  }

  /** Resolves when the processes so far have logged a text, so many times. */
  async logged(text: string, times = 1): Promise<void> {
    while (this.log.split(text).length <= times) {
      const stderr = this.#child?.stderr;
      if (!stderr) throw new Error(`the server ended without logging ${text}`);
      await once(stderr, "data");
    }
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#folder[Symbol.dispose]();
  }
}

/** Starts `kagari start` as a child process. */
export async function spawnServer(options: SpawnOptions = {}): Promise<SpawnedServer> {
  const server = new SpawnedServer(options);
  await server.start();
  return server;
}
