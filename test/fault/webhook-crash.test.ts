import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, newThread, okJson, runWait } from "../support/calls.ts";
import { type HookReceiver, hookReceiver } from "../support/hook-receiver.ts";
import { type SpawnedServer, spawnServer } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

let hooks: HookReceiver;
let server: SpawnedServer;
beforeEach(async () => {
  hooks = await hookReceiver();
  server = await spawnServer({
    langgraph: TEST_GRAPHS,
    flags: [`--webhook-allowed-hosts=${hooks.host}`],
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
});

describe("a server that is killed", () => {
  it("tells a webhook of a run that ended before, under the same id as it may have before", async () => {
    const thread = await newThread(server.api);
    await runWait(server.api, thread, {
      assistant_id: "echo",
      input: human("hello"),
      webhook: hooks.url,
    });
    const [delivery] = await okJson(server.api.get("/webhooks/deliveries"));
    await server.kill();
    await server.start();
    await hooks.count(1);
    const ids = new Set(hooks.received.map(({ headers }) => headers["webhook-id"]));
    expect([...ids]).toEqual([delivery.delivery_id]);
    const [after] = await okJson(server.api.get("/webhooks/deliveries"));
    expect(after.delivery_id).toBe(delivery.delivery_id);
    // An attempt that the kill cut off is made again when its lease has ended, after a minute.
  }, 90_000);
});
