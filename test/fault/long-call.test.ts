import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { newThread, runOf, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { describeWithPostgres, freshDatabase, onPostgres } from "../support/postgres.ts";
import { readEvents } from "../support/sse.ts";
import { testServer } from "../support/test-server.ts";
import { isLong } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";

const LEASE_SECONDS = 0.5;
/** As a call of ten minutes is to the lease of ten seconds, within a test's patience. */
const LEASES = isLong ? 20 : 3;

describeWithPostgres("a call that is many times longer than a lease", () => {
  it("is one attempt while its worker lives, though others look for work", async () => {
    await using database = await freshDatabase();
    const settings = { database_url: database.url, lease_seconds: LEASE_SECONDS };
    await using first = await testServer({ settings });
    await using second = await testServer({ settings });
    const thread = await newThread(first);
    const { run_id } = await startRun(first, thread, {
      assistant_id: "slow",
      input: { gate: thread },
    });
    await gate(thread).entered;
    const leases = new Set<unknown>();
    while (leases.size < LEASES * 3) {
      const [row] = await onPostgres(database.url, "select lease_until from run");
      leases.add(JSON.stringify(row));
      second.ctx.workers.wake();
      await pause(20);
    }
    gate(thread).release();
    const api = second;
    expect(await checkInvariants({ api, runs: [{ thread, run_id }] })).toEqual(["success"]);
    expect(await second.ctx.storage.runs.find(run_id)).toMatchObject({ epoch: 1, crashes: 0 });
    const events = await readEvents(
      await second.get(`/threads/${thread}/runs/${run_id}/stream?stream_mode=custom`),
    );
    const custom = events.filter(({ event }) => event === "custom").map(({ data }) => data.at);
    expect(custom).toEqual(["begin", "gate", "through"]);
    expect(await runOf(first, thread, run_id)).toMatchObject({ status: "success" });
  });
});
