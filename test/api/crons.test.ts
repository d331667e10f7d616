/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { Client } from "@langchain/langgraph-sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, NOBODY, okJson, refusal } from "../support/calls.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

const MINUTE = 60_000;

let server: ListeningServer;
let client: Client;
beforeEach(async () => {
  server = await startTestServer();
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterEach(() => server[Symbol.asyncDispose]());

/** Moves the clock, and lets what is due happen. */
async function pass(ms: number): Promise<void> {
  server.advance(ms);
  await server.ctx.background.tick();
}

const runsOf = (thread: string) => okJson(server.get(`/threads/${thread}/runs?limit=100`));

const stateless = async () =>
  (await server.ctx.storage.pruning.changed({ updated_at: 0, thread_id: "" }, 100)).map(
    ({ thread_id }) => thread_id,
  );

describe("the cron routes", () => {
  it("keep a cron as the SDK sends it, and change it", async () => {
    const created = await client.crons.create("echo", {
      schedule: "*/5 * * * *",
      timezone: "Asia/Shanghai",
      input: { note: "你好" },
      metadata: { team: "a" },
      endTime: "2026-02-01T00:00:00Z",
      onRunCompleted: "keep",
      durability: "async",
    });
    expect(created).toMatchObject({
      thread_id: null,
      schedule: "*/5 * * * *",
      timezone: "Asia/Shanghai",
      next_run_date: "2026-01-01T00:05:00.000Z",
      end_time: "2026-02-01T00:00:00.000Z",
      on_run_completed: "keep",
      enabled: true,
      metadata: { team: "a" },
      payload: { input: { note: "你好" }, durability: "async" },
    });
    const changed = await client.crons.update(created.cron_id, {
      schedule: "0 9 * * *",
      input: { note: "anew" },
      enabled: true,
    });
    expect(changed).toMatchObject({
      cron_id: created.cron_id,
      next_run_date: "2026-01-01T01:00:00.000Z",
      timezone: "Asia/Shanghai",
      metadata: { team: "a" },
      payload: { input: { note: "anew" }, durability: "async" },
    });
    expect(await okJson(server.get(`/runs/crons/${created.cron_id}`))).toEqual(changed);
    await client.crons.delete(created.cron_id);
    await refusal(server.get(`/runs/crons/${created.cron_id}`), 404);
    await refusal(server.del(`/runs/crons/${created.cron_id}`), 404);
  });

  it("search and count by assistant, thread, metadata and state", async () => {
    const thread = await newThread(server);
    const one = await client.crons.create("echo", { schedule: "@daily", metadata: { n: 1 } });
    const two = await client.crons.createForThread(thread, "slow", {
      schedule: "@hourly",
      enabled: false,
    });
    const ids = async (query: object) =>
      (await client.crons.search(query)).map(({ cron_id }) => cron_id).toSorted();
    expect(await ids({})).toEqual([one.cron_id, two.cron_id].toSorted());
    expect(await ids({ threadId: thread })).toEqual([two.cron_id]);
    expect(await ids({ assistantId: one.assistant_id })).toEqual([one.cron_id]);
    expect(await ids({ enabled: false })).toEqual([two.cron_id]);
    expect(await ids({ metadata: { n: 1 } })).toEqual([one.cron_id]);
    expect(await client.crons.count()).toBe(2);
    expect(await client.crons.count({ threadId: thread })).toBe(1);
    const sorted = await client.crons.search({
      sortBy: "next_run_date",
      sortOrder: "asc",
      limit: 1,
    });
    expect(sorted.map(({ cron_id }) => cron_id)).toEqual([two.cron_id]);
  });

  it.each([
    [{ schedule: "61 * * * *" }, /schedule: "61 \* \* \* \*"/],
    [{ schedule: "* * *" }, /schedule/],
    [{ schedule: "0 0 30 2 *" }, /schedule/],
    [{ schedule: "* * * * *", timezone: "Mars/Olympus" }, /timezone: "Mars\/Olympus"/],
    [{ schedule: "* * * * *", end_time: "2025-01-01T00:00:00Z" }, /end/],
    [{ schedule: "* * * * *", end_time: "soon" }, /end_time/],
    [{ schedule: "* * * * *", webhook: "http://127.0.0.1/" }, /not public/],
    [{}, /schedule/],
  ])("refuse %j and say why", async (fields, why) => {
    const body = { assistant_id: "echo", ...fields };
    expect((await refusal(server.post("/runs/crons", body), 422)).detail).toMatch(why);
    expect(await client.crons.count()).toBe(0);
  });

  it("refuse what belongs to nothing", async () => {
    const body = { assistant_id: "echo", schedule: "@daily" };
    await refusal(server.post(`/threads/${NOBODY}/runs/crons`, body), 404);
    await refusal(server.post("/runs/crons", { ...body, assistant_id: "nobody" }), 404);
    await refusal(server.patch(`/runs/crons/${NOBODY}`, {}), 404);
    const { cron_id } = await okJson(server.post("/runs/crons", body));
    await refusal(server.patch(`/runs/crons/${cron_id}`, { timezone: "x" }), 422);
  });
});

describe("a cron", () => {
  it("starts one run for each slot on its thread, with its payload and metadata", async () => {
    const thread = await newThread(server);
    const { cron_id } = await client.crons.createForThread(thread, "echo", {
      schedule: "* * * * *",
      input: { note: "tick" },
      metadata: { team: "a" },
    });
    await pass(MINUTE - 1);
    expect(await runsOf(thread)).toEqual([]);
    await pass(1);
    await server.ctx.background.tick();
    const [run, ...others] = await runsOf(thread);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ metadata: { cron_id, team: "a" } });
    const values = await okJson(server.get(`/threads/${thread}/runs/${run.run_id}/join`));
    expect(values.messages.at(-1).content).toBe("echo: tick");
    await pass(MINUTE);
    expect(await runsOf(thread)).toHaveLength(2);
  });

  it("starts a run once for a slot, however many look at the same time", async () => {
    const thread = await newThread(server);
    await client.crons.createForThread(thread, "echo", { schedule: "* * * * *" });
    const [cron] = await server.ctx.storage.crons.due(server.ctx.clock.now() + MINUTE, 10);
    if (!cron || cron.next_run_at === null) throw new Error("there is no cron");
    const due = { ...cron, next_run_at: cron.next_run_at };
    server.advance(MINUTE);
    const { fireCron } = await import("../../src/services/crons/fire.ts");
    await Promise.all(Array.from({ length: 8 }, () => fireCron(server.ctx, due)));
    // A process that died before it moved on is followed by one that does it all again.
    await fireCron(server.ctx, due);
    expect(await runsOf(thread)).toHaveLength(1);
  });

  it("gives each run a thread of its own, and lets it go when that is asked for", async () => {
    await client.crons.create("echo", { schedule: "* * * * *", onRunCompleted: "keep" });
    await client.crons.create("echo", { schedule: "* * * * *", onRunCompleted: "delete" });
    await pass(MINUTE);
    expect(await stateless()).toHaveLength(1);
  });

  it("rests while it is disabled, and ends at its end time", async () => {
    const thread = await newThread(server);
    const { cron_id } = await client.crons.createForThread(thread, "echo", {
      schedule: "* * * * *",
      endTime: "2026-01-01T00:03:30Z",
    });
    await client.crons.update(cron_id, { enabled: false });
    await pass(MINUTE);
    expect(await runsOf(thread)).toEqual([]);
    await client.crons.update(cron_id, { enabled: true });
    await pass(MINUTE);
    await pass(MINUTE);
    expect(await runsOf(thread)).toHaveLength(2);
    await pass(MINUTE);
    await pass(MINUTE);
    expect(await runsOf(thread)).toHaveLength(2);
    expect(await okJson(server.get(`/runs/crons/${cron_id}`))).toMatchObject({
      next_run_date: null,
    });
  });

  it("runs once for the slots that were missed", async () => {
    const thread = await newThread(server);
    await client.crons.createForThread(thread, "echo", { schedule: "* * * * *" });
    await pass(30 * MINUTE + 5000);
    expect(await runsOf(thread)).toHaveLength(1);
    await pass(MINUTE);
    expect(await runsOf(thread)).toHaveLength(2);
  });

  it("skips the slots that were missed where the operator wants it so", async () => {
    await using skipping = await startTestServer({ settings: { cron_catch_up: "skip" } });
    const thread = await newThread(skipping);
    const body = { assistant_id: "echo", schedule: "* * * * *" };
    await okJson(skipping.post(`/threads/${thread}/runs/crons`, body));
    skipping.advance(30 * MINUTE);
    await skipping.ctx.background.tick();
    expect(await okJson(skipping.get(`/threads/${thread}/runs`))).toEqual([]);
    skipping.advance(MINUTE);
    await skipping.ctx.background.tick();
    expect(await okJson(skipping.get(`/threads/${thread}/runs`))).toHaveLength(1);
  });

  it("misses a slot whose run is refused, and goes on", async () => {
    const thread = await newThread(server);
    await okJson(
      server.post(`/threads/${thread}/runs`, { assistant_id: "slow", input: { gate: "cron" } }),
    );
    await client.crons.createForThread(thread, "echo", {
      schedule: "* * * * *",
      multitaskStrategy: "reject",
    });
    await pass(MINUTE);
    expect(await runsOf(thread)).toHaveLength(1);
    const [cron] = await client.crons.search();
    expect(cron).toMatchObject({ enabled: true, next_run_date: "2026-01-01T00:02:00.000Z" });
  });

  it("waits for room when too many runs wait already", async () => {
    await using full = await startTestServer({ settings: { max_pending_runs: 1, workers: 1 } });
    const [busy, thread] = [await newThread(full), await newThread(full)];
    const body = { assistant_id: "slow", input: { gate: "never" }, after_seconds: 3600 };
    const { run_id } = await okJson(full.post(`/threads/${busy}/runs`, body));
    const cron = { assistant_id: "echo", schedule: "* * * * *" };
    await okJson(full.post(`/threads/${thread}/runs/crons`, cron));
    full.advance(MINUTE);
    await full.ctx.background.tick();
    expect(await okJson(full.get(`/threads/${thread}/runs`))).toEqual([]);
    await full.del(`/threads/${busy}/runs/${run_id}`);
    await full.ctx.background.tick();
    expect(await okJson(full.get(`/threads/${thread}/runs`))).toHaveLength(1);
  });
});
