import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Route } from "../../src/http/route.ts";
import { routes } from "../../src/http/routes/index.ts";
import { human, newThread, okJson, runWait } from "../support/calls.ts";
import { type Api, apiOf, testServer, type TestServer } from "../support/test-server.ts";

const SECRET = "ann-keeps-this-to-herself";

let server: TestServer;
let bob: Api;
/** An id of Bob's own, and one of Ann's. */
let own: string;
let foreign: string;

async function withKey(name: string): Promise<Api> {
  const { secret } = await okJson(
    server.post("/keys", { name }, { "x-api-key": server.localSecret }),
  );
  return apiOf((path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("x-api-key", secret);
    return server.request(path, { ...init, headers });
  });
}

beforeAll(async () => {
  server = await testServer();
  const ann = await withKey("ann");
  bob = await withKey("bob");
  own = await newThread(bob);
  foreign = await newThread(ann, { metadata: { note: SECRET } });
  await runWait(ann, foreign, { assistant_id: "echo", input: human(SECRET) });
  await ann.put("/store/items", { namespace: ["notes"], key: SECRET, value: { text: SECRET } });
  await ann.post("/assistants", { graph_id: "echo", name: SECRET, metadata: { note: SECRET } });
});
afterAll(() => server[Symbol.asyncDispose]());

const fieldsOf = (schema: z.ZodType | undefined): string[] => {
  if (schema === undefined) return [];
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.keys(properties);
};

const withIds = (path: string, id: string): string =>
  path.replaceAll(/:(?<name>\w+)/g, (_all, name: string) => (name === "name" ? "ann" : id));

/** Never a crash, and never anything of Ann's. */
async function isHarmless(place: string, answer: Response): Promise<void> {
  // A stream says nothing until something happens.
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const text = isStream ? "" : await answer.text();
  if (isStream) await answer.body?.cancel();
  expect(answer.status, `${place}: ${text.slice(0, 200)}`).toBeLessThan(500);
  expect(text.includes(SECRET), place).toBe(false);
}

const asking = (entry: Route): boolean =>
  /:(search|read|list|count|get|list_\w+)$/.test(entry.auth);
const QUERIES = ["x') OR '1'='1", "$.a.b", "*", "[..]", '{"$ne":null}', "1;", "a b", "-1", "%"];
const BODIES: unknown[] = [
  "x') OR '1'='1",
  "created_at; drop table thread",
  { $ne: null },
  { "a') or ('1'='1": 1, "$.a": { $gt: "" }, "a.b[0]": [] },
  ["*", "..", "values'--"],
  "1;",
  -1,
  1e300,
];

describe("A3: what is asked of a search is a value, whatever it looks like", () => {
  it("in every field of every query", async () => {
    const tried = routes.filter((entry) => entry.method === "get" && entry.query && asking(entry));
    expect(tried.length).toBeGreaterThan(15);
    for (const entry of tried)
      for (const field of fieldsOf(entry.query))
        for (const value of QUERIES) {
          const path = `${withIds(entry.path, own)}?${field}=${encodeURIComponent(value)}`;
          await isHarmless(`GET ${path}`, await bob.get(path));
        }
  });

  it("in every field of every body, alone and beside what is asked for", async () => {
    const tried = routes.filter((entry) => entry.method === "post" && asking(entry) && entry.body);
    expect(tried.length).toBeGreaterThan(10);
    for (const entry of tried)
      for (const field of fieldsOf(entry.body))
        for (const value of BODIES) {
          const path = withIds(entry.path, own);
          const body = { query: "x", namespace_prefix: [], [field]: value };
          await isHarmless(`POST ${path} ${JSON.stringify(body)}`, await bob.post(path, body));
        }
  });

  it("and the tables are all there afterwards", async () => {
    expect(await okJson(bob.get(`/threads/${own}`))).toMatchObject({ thread_id: own });
    const { total } = await server.ctx.storage.threads.search(
      {},
      { limit: 1, offset: 0, sort_by: "thread_id", sort_order: "asc" },
    );
    expect(total).toBe(2);
  });
});

const IDS = [
  "..%2F..%2Fetc%2Fpasswd",
  "%2e%2e",
  "..%5c..%5cwin.ini",
  "%00",
  "a%00b",
  "x".repeat(3000),
  "__proto__",
  "constructor",
  "*",
  "%25",
  "%F0%9F%A6%A9",
  "%ff",
  "1'%20or%20'1'='1",
];
/** Collections of documents are called what their owner likes. */
const isNamed = ({ path }: Route): boolean => path.startsWith("/knowledge/");

describe("A4: an id is an id", () => {
  const withParams = routes.filter(({ path }) => path.includes(":"));

  it.each(IDS)("%s leads nowhere, on every route", async (id) => {
    expect(withParams.length).toBeGreaterThan(50);
    const found: string[] = [];
    for (const entry of withParams) {
      const path = entry.path.replaceAll(/:\w+/g, id);
      const answer = await bob.request(path, {
        method: entry.method.toUpperCase(),
        headers: { "content-type": "application/json" },
        ...(entry.body ? { body: "{}" } : {}),
      });
      await isHarmless(`${entry.method} ${path.slice(0, 200)}`, answer);
      found.push(...(answer.ok && !isNamed(entry) ? [`${entry.method} ${entry.path}`] : []));
    }
    expect(found).toEqual([]);
  });

  it("is the same in capitals, for whoever it belongs to", async () => {
    expect((await bob.get(`/threads/${own.toUpperCase()}`)).status).toBe(200);
    expect((await bob.get(`/threads/${foreign.toUpperCase()}`)).status).toBe(404);
  });
});
