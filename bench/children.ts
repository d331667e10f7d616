import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Client } from "./sse-client.ts";
import type { Workplace } from "./workplace.ts";

const START_LIMIT_MS = 30_000;
const POLL_MS = 5;
const LISTENING = /listening on (http:\S+)/;
export const LAUNCHER = fileURLToPath(new URL("../bin/kagari.mjs", import.meta.url));

/** A server under measurement. */
export interface Server {
  pid: number;
  url: string;
  stop(): Promise<void>;
}

interface SpawnOptions {
  port: number;
  nodeArgs: string[];
  env: Record<string, string>;
}

/** The processes of a bench run: all are ended by `stop`, and none but these. */
export class Children {
  readonly #alive = new Set<ChildProcess>();

  /** Starts Kagari and resolves once it says that it listens. */
  async kagari(place: Workplace, options: Partial<SpawnOptions> = {}): Promise<Server> {
    const child = this.#spawnKagari(place, { port: 0, nodeArgs: [], env: {}, ...options });
    const url = await listening(child);
    return { pid: pidOf(child), url, stop: () => this.#end(child) };
  }

  /** Starts Kagari and resolves at the first 200 of /ok, with the time since the spawn. */
  async coldStart(place: Workplace, port: number): Promise<{ server: Server; ms: number }> {
    const start = performance.now();
    const child = this.#spawnKagari(place, { port, nodeArgs: [], env: {} });
    const url = `http://127.0.0.1:${port}`;
    const client = new Client(url);
    try {
      while (!(await answersOk(client))) {
        if (child.exitCode !== null || performance.now() - start > START_LIMIT_MS)
          throw new Error("Kagari did not start");
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } finally {
      client.close();
    }
    const ms = performance.now() - start;
    return { ms, server: { pid: pidOf(child), url, stop: () => this.#end(child) } };
  }

  /** Starts one of the bench's own scripts and answers with the first thing it sends. */
  async script(
    name: string,
    args: string[] = [],
  ): Promise<{ child: ChildProcess; hello: unknown }> {
    const child = fork(fileURLToPath(new URL(name, import.meta.url)), args);
    this.#keep(child);
    return { child, hello: await firstMessage(child) };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#alive].map((child) => this.#end(child)));
  }

  #spawnKagari(place: Workplace, { port, nodeArgs, env }: SpawnOptions): ChildProcess {
    const places = ["--config", place.langgraph, "--data-dir", place.dataDir];
    const args = ["start", ...places, "--models-dir", place.modelsDir, "--port", String(port)];
    const child = spawn(process.execPath, [...nodeArgs, LAUNCHER, ...args], {
      cwd: place.folder,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...env },
    });
    this.#keep(child);
    // A pipe that nobody reads would stop the server once it is full.
    child.stderr?.resume();
    return child;
  }

  #keep(child: ChildProcess): void {
    this.#alive.add(child);
    child.on("exit", () => this.#alive.delete(child));
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), START_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }
}

/** Sends a script one order and answers what it sends back. */
export async function ask(child: ChildProcess, order: object): Promise<unknown> {
  const answer = firstMessage(child);
  child.send(order);
  return await answer;
}

function firstMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error("a script of the bench ended before it answered"));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message);
    });
  });
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const late = setTimeout(
      () => reject(new Error(`Kagari did not start: ${said}`)),
      START_LIMIT_MS,
    );
    const onData = (part: Buffer) => {
      said += part.toString();
      const url = LISTENING.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(late);
      child.stderr?.off("data", onData);
      child.stderr?.resume();
      resolve(url);
    };
    child.stderr?.on("data", onData);
    child.once("exit", () => reject(new Error(`Kagari ended at its start: ${said}`)));
  });
}

async function answersOk(client: Client): Promise<boolean> {
  try {
    await client.json("GET", "/ok");
    return true;
  } catch {
    return false;
  }
}

const pidOf = (child: ChildProcess): number => z.number().parse(child.pid);
