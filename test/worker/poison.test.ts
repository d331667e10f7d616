import { expect, it } from "vitest";
import { newThread, runOf, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { readEvents, SseReader } from "../support/sse.ts";
import { testServer } from "../support/test-server.ts";

it("a run whose worker is lost three times is not tried again, and says so", async () => {
  await using server = await testServer();
  const thread = await newThread(server);
  const run = await startRun(server, thread, { assistant_id: "slow", input: { gate: thread } });
  const path = `/threads/${thread}/runs/${run.run_id}`;
  await gate(thread).entered;
  const reader = new SseReader(await server.get(`${path}/stream?stream_mode=custom`));
  for (let attempt = 1; attempt <= 3; attempt++) {
    await reader.until(({ event, data }) => event === "metadata" && data.attempt === attempt);
    // As a server does that starts after a crash.
    await server.ctx.storage.runs.takeOver(server.ctx.clock.now());
    server.advance(1);
  }
  const events = await readEvents(await server.get(`${path}/stream`));
  expect(events.at(-1)).toMatchObject({ event: "end", data: { status: "error" } });
  expect(await runOf(server, thread, run.run_id)).toMatchObject({
    status: "error",
    error: { error: "PoisonedRun" },
  });
});
