import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { type HookReceiver, hookReceiver } from "../support/hook-receiver.ts";
import { type SpawnedServer, spawnServer } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { checkInvariants } from "./invariants.ts";

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

  it("answers fifty repetitions of a request as the first, before and after, and refuses another", async () => {
    const thread = await newThread(server.api);
    const body = { assistant_id: "echo", input: human("hello") };
    const send = (sent: object = body) =>
      server.api.post(`/threads/${thread}/runs`, sent, { "idempotency-key": "a" });
    const answers = await Promise.all(Array.from({ length: 50 }, () => send()));
    const statuses = answers.map(({ status }) => status);
    for (const status of statuses) expect([200, 409]).toContain(status);
    const taken = answers.filter(({ status }) => status === 200);
    const ids = await Promise.all(taken.map(async (answer) => (await okJson(answer)).run_id));
    expect(new Set(ids).size).toBe(1);
    const [run_id = ""] = ids;
    await server.kill();
    await server.start();
    expect((await okJson(send())).run_id).toBe(run_id);
    await refusal(send({ ...body, input: human("other") }), 422);
    expect(await okJson(server.api.get(`/threads/${thread}/runs`))).toHaveLength(1);
    const runs = [{ thread, run_id }];
    expect(await checkInvariants({ api: server.api, runs })).toEqual(["success"]);
  });
});
