import { expect, it, vi } from "vitest";
import { newThread, okJson, startRun } from "../support/calls.ts";
import { sampleCheckpoint } from "../contract/samples.ts";
import { testServer } from "../support/test-server.ts";

const DUE_SECONDS = 300;
const LEASE = { now: 9_000_000_000_000, leaseMs: 1 };

it("a rollback that crashes broke off is done by the next worker, however many there were", async () => {
  await using server = await testServer();
  const { runs, checkpoints } = server.ctx.storage;
  const thread_id = await newThread(server);
  const { run_id } = await startRun(server, thread_id, {
    assistant_id: "echo",
    input: { messages: [] },
    after_seconds: DUE_SECONDS,
  });
  for (let crash = 1; crash <= 3; crash++) {
    const fence = { run_id, epoch: crash };
    expect(await runs.claim("dies", LEASE)).toMatchObject(fence);
    for (const id of ["1", "2"])
      await checkpoints.put(sampleCheckpoint(thread_id, `${crash}${id}`), { fence });
    await runs.requestCancel(run_id, "rollback", LEASE.now);
    if (crash > 1) await runs.undo(fence);
    expect(await runs.reclaim(LEASE.now + 1)).toMatchObject([{ run_id, crashes: crash }]);
  }
  server.advance(DUE_SECONDS * 1000 + 1);
  await vi.waitFor(async () => expect(await runs.find(run_id)).toBeUndefined());
  expect(await checkpoints.list({ thread_id })).toEqual([]);
  expect(await okJson(server.get(`/threads/${thread_id}`))).toMatchObject({ status: "idle" });
});
