import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TestProject } from "vitest/node";

const DEBIAN = "/usr/lib/postgresql";
/** A database of a test need not survive anything. */
const FAST = [
  "listen_addresses=127.0.0.1",
  "fsync=off",
  "full_page_writes=off",
  "synchronous_commit=off",
].flatMap((setting) => ["-c", setting]);

/**
 * Runs Postgres until it is told to stop or its starter is gone, however that came about; then its
 * folder goes too, unless it is to be kept. The signals of a terminal are for the starter alone.
 */
const GUARD = `trap "" INT TERM HUP
"$@" &
read -r word
[ "$word" = crash ] && kill -QUIT $! || kill -INT $!
wait $!
case "$word" in keep|crash) ;; *) rm -rf "$0" ;; esac`;

/** The folder of initdb and postgres: the newest of Debian's, or one on the PATH. */
export function findPostgres(path: string): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const newestFirst = versions.toSorted((a, b) => Number(b) - Number(a));
  const folders = newestFirst.map((version) => join(DEBIAN, version, "bin"));
  return [...folders, ...path.split(delimiter)].find((folder) =>
    ["initdb", "postgres"].every((name) => existsSync(join(folder, name))),
  );
}

/** Postgres refuses to run as root: then it runs as the user that its package made. */
function userToRunAs(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  if (!line) throw new Error("Running as root, and there is no user postgres to run Postgres as");
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("There is no free port");
  return address.port;
}

async function isReady(server: ChildProcess): Promise<void> {
  let log = "";
  const { stderr } = server;
  await new Promise<void>((resolve, reject) => {
    stderr?.on("data", (chunk) => {
      log += String(chunk);
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`Postgres did not start: ${log}`)));
  });
}

export interface PostgresServer {
  /** The URL of its empty database. */
  url: string;
  /** Ends the server, cutting all connections; its data stay. */
  pause(): Promise<void>;
  /** Ends the server at once, as a crash does: what was not yet written to its log is lost. */
  crash(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Postgres of our own on a port of loopback, with its data in a folder that goes with it. */
export async function startPostgres(
  binaries: string,
  settings: readonly string[] = FAST,
): Promise<PostgresServer> {
  const user = userToRunAs();
  const folder = mkdtempSync(join(tmpdir(), "kagari-postgres-"));
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const made = spawnSync(
    join(binaries, "initdb"),
    ["-D", data, "-U", "kagari", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale"],
    { ...user, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const command = ["-D", data, "-p", String(port), "-k", folder, ...settings];
  const start = async () => {
    const server = spawn("/bin/sh", ["-c", GUARD, folder, join(binaries, "postgres"), ...command], {
      ...user,
      cwd: folder,
      stdio: ["pipe", "ignore", "pipe"],
    });
    await isReady(server);
    server.stderr.resume();
    return server;
  };
  let server = await start();
  const end = async (word: string) => {
    if (server.exitCode !== null) return;
    server.stdin.end(word);
    await once(server, "exit");
  };
  return {
    url: `postgres://kagari@127.0.0.1:${port}/postgres`,
    pause: () => end("keep\n"),
    crash: () => end("crash\n"),
    resume: async () => {
      server = await start();
    },
    stop: async () => {
      await end("");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

declare module "vitest" {
  interface ProvidedContext {
    postgresUrl: string | undefined;
  }
}

let running: PostgresServer | undefined;

/** For all tests of a run: one server, or none where the machine has no Postgres. */
export async function setup(project: TestProject): Promise<void> {
  const binaries = findPostgres(process.env["PATH"] ?? "");
  if (binaries !== undefined) running = await startPostgres(binaries);
  else {
    const why = "Postgres is not installed (no initdb and postgres in a folder of the PATH)";
    if (process.env["CI"] === "true") throw new Error(`${why}; under CI its tests must run`);
    process.stderr.write(`${why}: its tests are skipped\n`);
  }
  project.provide("postgresUrl", running?.url);
}

export async function teardown(): Promise<void> {
  await running?.stop();
}
