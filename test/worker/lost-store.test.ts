import { expect, it } from "vitest";
import { LeaseLostError } from "../../src/core/errors.ts";
import { GraphStore } from "../../src/runtime/graph-store.ts";
import { newThread, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { testServer } from "../support/test-server.ts";

it("the store of a run keeps nothing once another worker has the run", async () => {
  await using server = await testServer();
  const { storage, items, clock } = server.ctx;
  const thread = await newThread(server);
  const { run_id } = await startRun(server, thread, {
    assistant_id: "slow",
    input: { gate: thread },
  });
  await gate(thread).entered;
  const fence = { run_id, epoch: 1 };
  const store = new GraphStore(items, { owner: "", fence });
  await store.put(["notes"], "mine", { by: "its worker" });
  await storage.runs.release(fence, clock.now());
  await expect(store.put(["notes"], "late", { by: "a zombie" })).rejects.toThrow(LeaseLostError);
  await expect(store.delete(["notes"], "mine")).rejects.toThrow(LeaseLostError);
  expect((await store.search(["notes"])).map(({ key }) => key)).toEqual(["mine"]);
  // It is no failure of the graph, whatever that makes of it.
  expect(store.outage).toBeInstanceOf(LeaseLostError);
});
