// A thread of its own: renews the leases of a process whose event loop is busy, but not for ever.
import { parentPort, workerData } from "node:worker_threads";
import { Client } from "pg";
import { z } from "zod";
import { reasonOf } from "../core/errors.ts";

const Data = z.object({
  databaseUrl: z.string(),
  sql: z.string(),
  parameters: z.array(z.union([z.string(), z.number()])),
  beatMs: z.number(),
  blockedMs: z.number(),
  ticks: z.instanceof(SharedArrayBuffer),
});

const { databaseUrl, sql, parameters, beatMs, blockedMs, ticks } = Data.parse(workerData);
const counter = new Int32Array(ticks);
let lastTick = Atomics.load(counter, 0);
let lastTickMs = performance.now();
const report = parentPort?.postMessage.bind(parentPort);
let client: Client | undefined;
let isBeating = false;

/** Has the main thread moved within the cap? */
function isAlive(): boolean {
  const tick = Atomics.load(counter, 0);
  if (tick !== lastTick) {
    lastTick = tick;
    lastTickMs = performance.now();
  }
  return performance.now() - lastTickMs < blockedMs;
}

async function connected(): Promise<Client> {
  if (client) return client;
  const opening = new Client({
    connectionString: databaseUrl,
    application_name: "kagari heartbeat",
    connectionTimeoutMillis: beatMs,
    query_timeout: beatMs,
    keepAlive: true,
  });
  opening.on("error", () => (client = undefined));
  opening.on("end", () => (client = undefined));
  await opening.connect();
  client = opening;
  return opening;
}

async function beat(): Promise<void> {
  if (isBeating || !isAlive()) return;
  isBeating = true;
  let used: Client | undefined;
  try {
    used = await connected();
    await used.query(sql, [...parameters]);
  } catch (error) {
    client = undefined;
    await used?.end().catch(() => undefined);
    report?.(reasonOf(error));
  } finally {
    isBeating = false;
  }
}

setInterval(() => void beat(), beatMs);
void beat();
