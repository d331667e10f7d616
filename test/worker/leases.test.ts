import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { newThread, NOBODY, okJson, runOf, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import {
  describeWithPostgres,
  type FreshDatabase,
  freshDatabase,
  onPostgres,
} from "../support/postgres.ts";
import { Client } from "pg";
import { type TestServer, testServer } from "../support/test-server.ts";

describeWithPostgres("the leases of a worker", () => {
  let database: FreshDatabase;
  let server: TestServer;
  // LangGraph takes seconds to load on a busy machine, which are not a test's to wait for.
  beforeAll(() => import("../../src/runtime/runtime.ts"));
  beforeEach(async () => {
    database = await freshDatabase();
  });

  const open = async (lease_seconds: number) => {
    server = await testServer({ settings: { database_url: database.url, lease_seconds } });
  };
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function held() {
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, {
      assistant_id: "slow",
      input: { gate: thread },
    });
    await gate(thread).entered;
    return { thread, run_id, join: `/threads/${thread}/runs/${run_id}/join` };
  }

  /** Until the last event before the gate is stored: one still to be would wait with those of other runs. */
  const stored = (runId: string) =>
    vi.waitFor(async () => {
      const events = await server.ctx.storage.events.read(runId, 0, 100);
      expect(events.at(-1)).toMatchObject({ kind: "custom", data: { at: "gate" } });
    }, 10_000);

  it("are not lost while another commit has their run in hand", async () => {
    await open(60);
    const run = await held();
    await stored(run.run_id);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query("begin");
    await client.query("select * from run where run_id = $1 for update", [run.run_id]);
    // Every renewal passes over it, and each cancel of a run that is not here asks for one.
    for (let count = 0; count < 5; count++) server.ctx.workers.cancel(NOBODY, "interrupt");
    const other = await held();
    for (let count = 0; count < 5; count++) server.ctx.workers.cancel(NOBODY, "interrupt");
    await server.post(`/threads/${other.thread}/runs/${other.run_id}/cancel?wait=1`);
    await client.query("commit");
    await client.end();
    gate(run.thread).release();
    await okJson(server.get(run.join));
    expect(await runOf(server, run.thread, run.run_id)).toMatchObject({ status: "success" });
    expect(await server.ctx.storage.runs.find(run.run_id)).toMatchObject({ epoch: 1 });
  });

  it("go back when the answer to a claim was lost, without a crash being counted", async () => {
    await open(0.6);
    const run = await held();
    const [{ owner }] = (await onPostgres(database.url, "select owner from run")) as [
      { owner: string },
    ];
    const thread = await newThread(server);
    const lost = await startRun(server, thread, {
      assistant_id: "echo",
      input: { messages: [] },
      after_seconds: 300_000_000,
    });
    // As a claim does that was committed, but whose worker never heard of it.
    await onPostgres(
      database.url,
      `update run set status = 'running', owner = '${owner}', epoch = 1, lease_until = 9999999999999
       where run_id = '${lost.run_id}'`,
      `update run set created_at = 0 where run_id = '${lost.run_id}'`,
    );
    await okJson(server.get(`/threads/${thread}/runs/${lost.run_id}/join`));
    expect(await server.ctx.storage.runs.find(lost.run_id)).toMatchObject({
      status: "success",
      epoch: 2,
      crashes: 0,
    });
    gate(run.thread).release();
    await okJson(server.get(run.join));
  });
});
