import { expect, it } from "vitest";
import { newThread, okJson, runOf, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { testServer } from "../support/test-server.ts";

it("an attempt is aborted when its run begins anew in the same process, and only the new one counts", async () => {
  await using server = await testServer();
  const thread = await newThread(server);
  const input = { gate: thread };
  const { run_id } = await startRun(server, thread, { assistant_id: "slow", input });
  await gate(thread).entered;
  // As a process finds it that could not reach its database for longer than its leases.
  await server.ctx.storage.runs.takeOver(server.ctx.clock.now());
  server.advance(1);
  await gate(thread).aborted;
  const path = `/threads/${thread}/runs/${run_id}`;
  expect(await server.ctx.storage.runs.find(run_id)).toMatchObject({ epoch: 2 });
  expect((await server.post(`${path}/cancel?wait=1`)).status).toBe(204);
  expect(await runOf(server, thread, run_id)).toMatchObject({ status: "interrupted" });
});

it("the first event that a lost attempt may not store ends it, and with it what it waits for", async () => {
  await using server = await testServer({ settings: { workers: 1 } });
  const thread = await newThread(server);
  const second = `${thread} second`;
  const { run_id } = await startRun(server, thread, {
    assistant_id: "slow",
    input: { gate: thread, second },
  });
  await gate(thread).entered;
  await server.ctx.storage.runs.takeOver(server.ctx.clock.now());
  gate(thread).release();
  await gate(second).aborted;
  gate(second).release();
  await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
  expect(await server.ctx.storage.runs.find(run_id)).toMatchObject({
    status: "success",
    epoch: 2,
  });
});
