import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { human, okJson } from "../support/calls.ts";
import { type FakeProvider, fakeProvider, text } from "../support/fake-provider.ts";
import { withKey } from "../support/keys.ts";
import { runCli, type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import type { Api } from "../support/test-server.ts";

const folder = tempFolder();
let provider: FakeProvider;
let server: SpawnedServer;
/** The keys that were made, each of which was shown once. */
const secrets: string[] = [];
/** All that anybody was answered since. */
const answers: string[] = [];

const keys = (...args: string[]) =>
  runCli(["keys", `--data-dir=${server.dataDir}`, ...args], { cwd: folder.path });

/** Makes a key by the command line, or with the key of an administrator. */
async function make(name: string, operator?: Api): Promise<string> {
  const body = { name, budget: "2.50 CNY/day", requests_per_minute: 1000 };
  const secret: string = operator
    ? (await okJson(operator.post("/keys", body))).secret
    : (await keys("create", "--name", name, "--admin")).stdout.trim();
  secrets.push(secret);
  return secret;
}

/** Remembers the whole of an answer, its headers too. */
async function heard(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer;
  const body = await response.text();
  answers.push(JSON.stringify([...response.headers]), body);
  return body;
}

/** Uses a key in each way there is, rightly and wrongly. */
async function use(api: Api, secret: string): Promise<void> {
  const run = { assistant_id: "chat", input: human("hi"), context: { model: "it", tools: [] } };
  const { thread_id } = JSON.parse(await heard(api.post("/threads", {})));
  await heard(api.post(`/threads/${thread_id}/runs/stream`, { ...run, stream_mode: "debug" }));
  await heard(api.post("/runs/wait", run));
  const said = { model: "it", messages: [{ role: "user", content: "hi" }] };
  await heard(api.post("/v1/chat/completions", said));
  await heard(api.post("/v1/chat/completions", { ...said, model: "none", stream: true }));
  await heard(api.post("/v1/responses", { model: "graph:chat", input: "hi" }));
  await heard(api.post("/threads", { metadata: 7 }));
  await heard(api.post("/threads/not-an-id/runs", run));
  await heard(api.request("/threads", { method: "POST", body: "{" }));
  const bearer = withKey(server.api, secret, "authorization");
  await heard(bearer.get(`/threads/${thread_id}/history`));
  for (const path of [
    `/threads/${thread_id}`,
    `/threads/${thread_id}/runs`,
    "/v1/models",
    "/usage",
  ])
    await heard(api.get(path));
  await heard(api.get("/usage/export?format=csv"));
}

beforeAll(async () => {
  provider = await fakeProvider(text("hello"));
  const model = { model: "m", url: provider.url, api_key: "key-of-the-provider" };
  writeFileSync(join(folder.path, "it.json"), JSON.stringify(model));
  const demo = { model: "kagari-demo", server_type: "demo" };
  writeFileSync(join(folder.path, "demo.json"), JSON.stringify(demo));
  server = await spawnServer({
    modelsDir: folder.path,
    env: { KAGARI_LOG_LEVEL: "debug", HTTP_PROXY: "" },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

it("a key is shown once, and stands nowhere else: no log, answer, event, file, list or export", async () => {
  const admin = await make("admin");
  const operator = withKey(server.api, admin);
  const ann = await make("ann", operator);
  await use(withKey(server.api, ann), ann);
  await use(operator, admin);
  const rotated = JSON.parse(await (await operator.post("/keys/ann/rotate")).text());
  secrets.push(rotated.secret);
  await heard(withKey(server.api, ann).get("/threads"));
  await use(withKey(server.api, rotated.secret), rotated.secret);
  await heard(operator.post("/keys", { name: "ann" }));
  await heard(operator.post("/keys/ann/revoke"));
  await heard(withKey(server.api, rotated.secret).post("/threads", {}));
  for (const path of [
    "/keys",
    "/info",
    "/docs",
    "/openapi.json",
    "/metrics",
    "/budgets",
    "/usage/budgets",
    "/internal/none",
  ])
    await heard(operator.get(path));
  await heard(operator.post("/threads/search", {}));
  const { stdout, stderr } = await keys("list");
  expect(stdout).toContain("ann");
  answers.push(stdout, stderr);

  expect(secrets).toHaveLength(3);
  expect(await okJson(server.api.get("/ok"))).toBeTruthy();
  const places: Record<string, string> = {
    "the log": server.log,
    "an answer": answers.join("\n"),
    "what the provider was sent": JSON.stringify(
      provider.requests.map(({ headers, body }) => [headers, body]),
    ),
  };
  for (const file of readdirSync(server.dataDir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    places[path] = readFileSync(path, "latin1");
  }
  expect(Object.keys(places).some((path) => path.endsWith(".db"))).toBe(true);
  expect(server.log).toContain('"level"');
  for (const secret of secrets) {
    expect(secret).toMatch(/^kg_[\w-]{43}$/);
    const traces = [secret, secret.slice(10), Buffer.from(secret).toString("base64")];
    for (const [place, content] of Object.entries(places))
      for (const trace of traces) expect(content.includes(trace), place).toBe(false);
  }
  // The hunt finds what is there.
  const hash = createHash("sha256").update(secrets[0] ?? "");
  const kept = [hash.copy().digest("hex"), hash.copy().digest("base64url"), hash.digest("base64")];
  const files = Object.entries(places).filter(([place]) => place.startsWith(server.dataDir));
  expect(files.some(([, content]) => kept.some((one) => content.includes(one)))).toBe(true);
}, 60_000);
