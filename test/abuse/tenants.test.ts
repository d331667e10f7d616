import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routes } from "../../src/http/routes/index.ts";
import { human, newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { type Api, apiOf, testServer, type TestServer } from "../support/test-server.ts";
import { type Belongings, AN_ERROR, type Trial, TRIALS } from "./trials.ts";

let server: TestServer;
let ann: Api;
let bob: Api;
let owned: Belongings;

async function withKey(name: string): Promise<Api> {
  const operator = { "x-api-key": server.localSecret };
  const { secret } = await okJson(server.post("/keys", { name }, operator));
  return apiOf((path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("x-api-key", secret);
    return server.request(path, { ...init, headers });
  });
}

/** Makes one thing of every kind. */
async function possessionsOf(api: Api): Promise<Belongings> {
  const thread = await newThread(api, { metadata: { note: "private" } });
  const run = {
    assistant_id: "echo",
    input: human("my secret"),
    webhook: "https://hooks.example/x",
  };
  await runWait(api, thread, run);
  const [ended] = await okJson(api.get(`/threads/${thread}/runs`));
  const { checkpoint_id } = (await okJson(api.get(`/threads/${thread}/state`))).checkpoint;
  const { assistant_id } = await okJson(
    api.post("/assistants", { graph_id: "echo", name: "mine" }),
  );
  const schedule = { assistant_id: "echo", schedule: "0 0 1 1 *" };
  const cron = await okJson(api.post(`/threads/${thread}/runs/crons`, schedule));
  const [delivery] = await okJson(api.get("/webhooks/deliveries"));
  const keep = { assistant_id: "echo", input: human("x"), on_completion: "keep" };
  const stateless = await okJson(api.post("/runs", keep));
  await okJson(api.get(`/runs/${stateless.run_id}/join`));
  const item = { namespace: ["notes"], key: "a", value: { text: "my secret" } };
  await api.request("/store/items", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(item),
  });
  const file = {
    file_id: crypto.randomUUID(),
    content_type: "image/png",
    size: 1,
    metadata: { owner: "ann" },
    created_at: 1,
  };
  await server.ctx.storage.files.create(file, new Uint8Array([1]));
  const asked = { kind: "chat", model: "demo", input: human("my secret") };
  const { task_id } = await okJson(api.post("/tasks", asked));
  const response = await okJson(
    api.post("/v1/responses", { model: "graph:echo", input: "my secret" }),
  );
  return {
    thread,
    run: ended.run_id,
    stateless: stateless.run_id,
    assistant: assistant_id,
    cron: cron.cron_id,
    checkpoint: checkpoint_id,
    delivery: delivery.delivery_id,
    file: file.file_id,
    task: task_id,
    response: response.id,
  };
}

/** All that somebody else could have changed. */
async function snapshot(): Promise<string> {
  const { thread, run, stateless, assistant, cron, delivery, file, task, response } = owned;
  const { url, status } = await okJson(ann.get(`/webhooks/deliveries/${delivery}`));
  const all = JSON.stringify([
    { url, status },
    await okJson(ann.get(`/threads/${thread}`)),
    await okJson(ann.get(`/threads/${thread}/history`)),
    await okJson(ann.get(`/threads/${thread}/runs`)),
    await okJson(ann.get(`/threads/${thread}/runs/${run}`)),
    await okJson(ann.get(`/runs/${stateless}`)),
    await okJson(ann.get(`/assistants/${assistant}`)),
    await okJson(ann.get(`/runs/crons/${cron}`)),
    await okJson(ann.get("/store/items?namespace=notes&key=a")),
    (await ann.get(`/files/${file}`)).status,
    (await okJson(ann.get(`/tasks/${task}`))).task_id,
    await okJson(ann.get(`/v1/responses/${response}`)),
    await okJson(ann.post("/threads/search", { limit: 100 })),
  ]);
  return createHash("sha256").update(all).digest("hex");
}

const send = (api: Api, method: string, { path, body }: Trial): Promise<Response> =>
  api.request(path(owned), {
    method,
    ...(body ? { body: JSON.stringify(body(owned)) } : {}),
    headers: { "content-type": "application/json" },
  });

/** What is looked at of an answer. */
function seen(answer: Response, text: string, { expects }: Trial): unknown {
  if (typeof expects !== "object") return answer.status;
  if ("text" in expects) return text;
  const json = JSON.parse(text);
  return expects.json === AN_ERROR ? json.type : json;
}

const wantedOf = (expects: NonNullable<Trial["expects"]>): unknown => {
  if (typeof expects !== "object") return expects;
  return "text" in expects ? expects.text : expects.json;
};

async function check(answer: Response, trial: Trial): Promise<void> {
  const text = await answer.text();
  expect(text).not.toContain("my secret");
  const { expects = 404 } = trial;
  expect(seen(answer, text, trial), text.slice(0, 300)).toEqual(wantedOf(expects));
}

beforeAll(async () => {
  server = await testServer();
  ann = await withKey("ann");
  bob = await withKey("bob");
  owned = await possessionsOf(ann);
});
afterAll(() => server[Symbol.asyncDispose]());

const names = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);

describe("A1: what is somebody else's", () => {
  it("is tried on every route there is", () => {
    expect(names.toSorted()).toEqual(Object.keys(TRIALS).toSorted());
  });

  it.each(names)("is not there on %s", async (name) => {
    const declared = TRIALS[name] ?? { free: "" };
    const trials = "free" in declared ? [] : [declared].flat();
    const [method = ""] = name.split(" ");
    const before = await snapshot();
    for (const trial of trials) await check(await send(bob, method, trial), trial);
    expect(await snapshot()).toBe(before);
  });

  it.each(names)("is asked for with a key on %s", async (name) => {
    const declared = TRIALS[name] ?? { free: "" };
    const [trial] =
      "free" in declared ? [{ path: () => name.split(" ")[1] ?? "" }] : [declared].flat();
    const route = routes[names.indexOf(name)];
    const [method = ""] = name.split(" ");
    if (trial === undefined || route === undefined) throw new Error(`No trial for ${name}`);
    const { status } = await send(server, method, trial);
    expect(status === 401).toBe(route.auth !== "public");
  });

  it("is no way into a checkpoint of one's own thread", async () => {
    const thread = await newThread(bob);
    const { checkpoint } = owned;
    const run = { assistant_id: "echo", input: human("hi"), checkpoint_id: checkpoint };
    const answer = await bob.post(`/threads/${thread}/runs/wait`, run);
    expect(await answer.text()).not.toContain("my secret");
    await refusal(bob.get(`/threads/${thread}/state/${checkpoint}`), 404);
    await refusal(bob.get(`/threads/${thread}/runs/${owned.run}`), 404);
  });

  it("is not seen by who waits for its events", async () => {
    const stream = await bob.post(`/threads/${owned.thread}/stream/events`, {
      channels: ["values", "messages", "lifecycle"],
    });
    const reader = stream.body?.getReader();
    const first = reader?.read();
    await runWait(ann, owned.thread, { assistant_id: "echo", input: human("my secret") });
    const own = await okJson(ann.get(`/threads/${owned.thread}/runs`));
    expect(own.length).toBeGreaterThan(1);
    await reader?.cancel();
    const { value } = (await first) ?? {};
    expect(value === undefined ? "" : new TextDecoder().decode(value)).not.toContain("my secret");
  });

  it("has a store of its own", async () => {
    const path = "/store/items?namespace=notes&key=a";
    expect(await (await bob.get(path)).text()).not.toContain("my secret");
    expect(await (await ann.get(path)).text()).toContain("my secret");
  });
});
