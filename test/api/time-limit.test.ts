import { afterEach, describe, expect, it } from "vitest";
import { newThread, okJson, refusal, runOf, startRun, threadOf } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { readEvents } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
afterEach(() => server[Symbol.asyncDispose]());

const slow = (name: string, change: object = {}) => ({
  assistant_id: "slow",
  input: { gate: name },
  stream_mode: "custom",
  ...change,
});

async function expectTimeout(thread: string, run_id: string, seconds: number): Promise<void> {
  const events = await readEvents(
    await server.get(`/threads/${thread}/runs/${run_id}/stream?stream_mode=custom`),
  );
  const error = {
    error: "RunTimeout",
    message: `The run took longer than its limit of ${seconds} seconds`,
  };
  expect(events.at(-2)).toMatchObject({ event: "error", data: error });
  expect(events.at(-1)).toMatchObject({ event: "end", data: { status: "timeout" } });
  expect(await runOf(server, thread, run_id)).toMatchObject({ status: "timeout", error });
  expect(await threadOf(server, thread)).toMatchObject({ status: "error" });
  const result = await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
  expect(result).toEqual({ __error__: error });
}

describe("a run that takes too long", () => {
  it("is aborted and ends as timeout at the server's limit, and the thread goes on", async () => {
    server = await testServer({ settings: { run_timeout_seconds: 0.2 } });
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, slow("over-the-limit"));
    await gate("over-the-limit").aborted;
    await expectTimeout(thread, run_id, 0.2);
    const next = { assistant_id: "echo", input: { messages: [] } };
    await okJson(server.post(`/threads/${thread}/runs/wait`, next));
    expect(await threadOf(server, thread)).toMatchObject({ status: "idle" });
  });

  it("may set a shorter limit itself, in milliseconds", async () => {
    server = await testServer();
    const thread = await newThread(server);
    const { run_id } = await startRun(
      server,
      thread,
      slow("own-limit", { config: { timeout: 100 } }),
    );
    await expectTimeout(thread, run_id, 0.1);
  });

  it("cannot set a longer one", async () => {
    server = await testServer({ settings: { run_timeout_seconds: 0.1 } });
    const thread = await newThread(server);
    const { run_id } = await startRun(
      server,
      thread,
      slow("long", { config: { timeout: 60_000 } }),
    );
    await expectTimeout(thread, run_id, 0.1);
  });

  it("goes on for ever when no limit is set", async () => {
    server = await testServer({ settings: { run_timeout_seconds: 0 } });
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, slow("no-limit"));
    await gate("no-limit").entered;
    gate("no-limit").release();
    await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
    expect(await runOf(server, thread, run_id)).toMatchObject({ status: "success" });
  });

  it("counts the time that earlier attempts took", async () => {
    server = await testServer({ settings: { run_timeout_seconds: 60 } });
    const { runs } = server.ctx.storage;
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, slow("spent", { after_seconds: 100 }));
    const now = server.ctx.clock.now();
    const claimed = await runs.claim("another worker", { now: now + 100_000, leaseMs: 70_000 });
    expect(claimed).toMatchObject({ run_id });
    await runs.release({ run_id, epoch: 1 }, now + 170_000);
    server.advance(200_000);
    await expectTimeout(thread, run_id, 60);
  });

  it("is refused a limit that is none", async () => {
    server = await testServer();
    const thread = await newThread(server);
    for (const timeout of [0, -1, "60", true]) {
      const body = await refusal(
        server.post(`/threads/${thread}/runs`, slow("never", { config: { timeout } })),
        422,
      );
      expect(body.detail).toContain("config.timeout");
    }
  });
});
