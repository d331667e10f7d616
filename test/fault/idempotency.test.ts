import { afterEach, beforeEach, expect, it } from "vitest";
import { human, okJson, refusal } from "../support/calls.ts";
import { runCli, type SpawnedServer, spawnServer } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

type Headers = Record<string, string>;

const PARALLEL = 50;
const body = { assistant_id: "echo", input: human("hello") };

let server: SpawnedServer;
let ann: Headers;
let bob: Headers;
beforeEach(async () => {
  server = await spawnServer({ langgraph: TEST_GRAPHS });
  [ann, bob] = [await keyOf("ann"), await keyOf("bob")];
});
afterEach(() => server[Symbol.asyncDispose]());

async function keyOf(name: string): Promise<Headers> {
  const args = ["keys", `--data-dir=${server.dataDir}`, "create", "--name", name];
  const { stdout } = await runCli(args, { cwd: server.dataDir });
  return { "x-api-key": stdout.trim() };
}

const keyed = (who: Headers): Headers => ({ ...who, "idempotency-key": "once" });

async function threadOf(who: Headers): Promise<string> {
  return (await okJson(server.api.post("/threads", {}, who))).thread_id;
}

it("one key makes one run of many requests, also after a crash, and only for its owner", async () => {
  const { api } = server;
  const thread = await threadOf(ann);
  const path = `/threads/${thread}/runs`;
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, () => api.post(path, body, keyed(ann))),
  );
  for (const { status } of answers) expect([200, 409]).toContain(status);
  const [run] = await okJson(api.get(path, ann));
  expect(await okJson(api.get(path, ann))).toHaveLength(1);
  for (const answer of answers.filter(({ ok }) => ok))
    expect(await okJson(answer)).toMatchObject({ run_id: run.run_id });

  await server.kill();
  await server.start();
  const again = await okJson(api.post(path, body, keyed(ann)));
  expect(again).toMatchObject({ run_id: run.run_id });
  await refusal(api.post(path, { ...body, input: human("other") }, keyed(ann)), 422);

  // The same key of somebody else is another key, and opens nothing.
  await refusal(api.post(path, body, keyed(bob)), 404);
  const own = await okJson(api.post(`/threads/${await threadOf(bob)}/runs`, body, keyed(bob)));
  expect(own.run_id).not.toBe(run.run_id);
  for (const of of [`${path}/${run.run_id}`, `/runs/${run.run_id}`])
    for (const what of ["", "/join", "/stream"]) {
      await refusal(api.get(`${of}${what}`, bob), 404);
      const answer = await api.get(`${of}${what}`, ann);
      expect(answer.status, await answer.text()).toBe(200);
    }
  await refusal(api.get(`/threads/${thread}/stream`, bob), 404);
  expect(await okJson(api.get(path, ann))).toHaveLength(1);
});
