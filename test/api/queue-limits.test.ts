import { afterAll, beforeAll, expect, it } from "vitest";
import { newThread, okJson, refusal, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { makeKey } from "../support/keys.ts";
import { type Api, type TestServer, testServer } from "../support/test-server.ts";

const PER_OWNER = 2;

let server: TestServer;
let ann: Api;
let bob: Api;
beforeAll(async () => {
  const settings = { workers: 1, max_pending_runs_per_owner: PER_OWNER, max_pending_runs: 3 };
  server = await testServer({ settings });
  ann = await makeKey(server, { name: "ann" });
  bob = await makeKey(server, { name: "bob" });
});
afterAll(() => server[Symbol.asyncDispose]());

const held = { assistant_id: "slow", input: { gate: "queue" } };

async function expectFull(answer: Promise<Response>, why: string): Promise<void> {
  const response = await answer;
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  const { code, detail } = await refusal(response, 429);
  expect(code).toBe("limit");
  expect(detail).toContain(why);
}

it("a queue that one key has filled is open to another, up to what all may have", async () => {
  const thread = await newThread(ann);
  const runs = [await startRun(ann, thread, held)];
  await gate("queue").entered;
  for (let count = 0; count < PER_OWNER; count++) runs.push(await startRun(ann, thread, held));
  for (const path of [`/threads/${thread}/runs`, "/runs", "/runs/wait", "/runs/stream"])
    await expectFull(ann.post(path, held), "of your runs");
  await expectFull(ann.post("/runs/batch", [held]), "of your runs");
  expect(await okJson(ann.get(`/threads/${thread}/runs`))).toHaveLength(1 + PER_OWNER);

  const other = await newThread(bob);
  const own = await startRun(bob, other, held);
  await expectFull(bob.post(`/threads/${other}/runs`, held), "3 runs are waiting");
  gate("queue").release();
  for (const { run_id } of runs) await okJson(ann.get(`/threads/${thread}/runs/${run_id}/join`));
  await okJson(bob.get(`/threads/${other}/runs/${own.run_id}/join`));
  await okJson(ann.post("/runs/wait", held));
});
