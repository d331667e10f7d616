import { expect, it, vi } from "vitest";
import { createLog } from "../../src/core/log.ts";
import { postgresRenewal } from "../../src/storage/drivers/postgres-renewal.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { Heartbeat } from "../../src/worker/heartbeat.ts";
import { accept } from "../contract/samples.ts";
import { describeWithPostgres, freshDatabase, onPostgres } from "../support/postgres.ts";

const log = createLog("silent");
const LEASE_MS = 900;

/** Keeps the event loop of this process busy. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describeWithPostgres("the heartbeat of a process", () => {
  async function start(blockedMs: number) {
    const database = await freshDatabase();
    const storage = await openStorage({ databaseUrl: database.url });
    await accept(storage, "r");
    await storage.runs.claim("us", { now: 0, leaseMs: LEASE_MS });
    const renewal = postgresRenewal("us", LEASE_MS);
    const heartbeat = new Heartbeat({
      databaseUrl: database.url,
      renewal,
      leaseMs: LEASE_MS,
      blockedMs,
      log,
    });
    const leaseUntil = async () => {
      const [row] = await onPostgres(database.url, "select lease_until::text from run");
      return JSON.stringify(row);
    };
    const first = await leaseUntil();
    await vi.waitFor(async () => expect(await leaseUntil()).not.toBe(first), { timeout: 5000 });
    return {
      storage,
      leaseUntil,
      [Symbol.asyncDispose]: async () => {
        await heartbeat.close();
        await storage.close();
        await database[Symbol.asyncDispose]();
      },
    };
  }

  it("keeps its runs while its event loop is blocked for longer than a lease", async () => {
    await using process = await start(60_000);
    block(LEASE_MS * 2);
    expect(await process.storage.runs.reclaim(0)).toEqual([]);
  });

  it("gives up on an event loop that is blocked for too long", async () => {
    await using process = await start(LEASE_MS / 2);
    // Long enough for a thread that a busy machine starts late.
    block(LEASE_MS * 8);
    expect(await process.storage.runs.reclaim(0)).toMatchObject([{ run_id: "r", crashes: 1 }]);
  });
});
