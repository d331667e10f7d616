import { expect, it } from "vitest";
import { newThread, startRun } from "../support/calls.ts";
import { testServer } from "../support/test-server.ts";

/** Later than the run below becomes due. */
const FAR = 9_000_000_000_000;

it("events of a lost attempt and of the one that holds the lease do not mix in one process", async () => {
  await using server = await testServer();
  const { bus, storage } = server.ctx;
  const thread = await newThread(server);
  const { run_id } = await startRun(server, thread, {
    assistant_id: "echo",
    input: { messages: [] },
    after_seconds: 300_000_000,
  });
  const claimed = await storage.runs.claim("worker", { now: FAR, leaseMs: 60_000 });
  expect(claimed).toMatchObject({ run_id, epoch: 1 });
  const lost = await bus.openWriter({ run_id, epoch: 0 });
  const held = await bus.openWriter({ run_id, epoch: 1 });
  lost.append({ kind: "attempt", attempt: 0, at: 1 });
  held.append({ kind: "attempt", attempt: 1, at: 1 });
  const ends = await Promise.allSettled([lost.flush(), held.flush()]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(await storage.events.read(run_id, 0, 10)).toMatchObject([{ seq: 1, attempt: 1 }]);
});
