import { expect, it, vi } from "vitest";
import { newThread, okJson, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { TEST_GRAPHS, testServer } from "../support/test-server.ts";

it("goes on claiming after all its workers were busy", async () => {
  await using server = await testServer({ langgraph: TEST_GRAPHS, settings: { workers: 1 } });
  const held = await startRun(server, await newThread(server), {
    assistant_id: "slow",
    input: { gate: "busy" },
  });
  await gate("busy").entered;
  const others = await Promise.all(
    [1, 2, 3].map(async () =>
      startRun(server, await newThread(server), { assistant_id: "echo", input: { messages: [] } }),
    ),
  );
  gate("busy").release();
  for (const { thread_id, run_id } of [held, ...others]) {
    await okJson(server.get(`/threads/${thread_id}/runs/${run_id}/join`));
    const run = await okJson(server.get(`/threads/${thread_id}/runs/${run_id}`));
    expect(run.status).toBe("success");
  }
});

it("keeps a place for a run being accepted, and gives it to another when it is not", async () => {
  await using server = await testServer({ langgraph: TEST_GRAPHS, settings: { workers: 1 } });
  const { workers } = server.ctx;
  // There is a place once the worker has looked for work that was left behind.
  const place = await vi.waitUntil(() => workers.offer());
  expect(workers.offer()).toBeUndefined();
  const { thread_id, run_id } = await startRun(server, await newThread(server), {
    assistant_id: "echo",
    input: { messages: [] },
  });
  expect(await server.ctx.storage.runs.find(run_id)).toMatchObject({ status: "pending" });
  place.take(undefined);
  await okJson(server.get(`/threads/${thread_id}/runs/${run_id}/join`));
});
