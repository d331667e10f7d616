/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Loose, newThread, okJson, refusal, runWait } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { START_MS, type TestServer, testServer } from "../support/test-server.ts";

const MINUTE = 60_000;

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

async function put(path: string, value: object = {}, more: object = {}): Promise<void> {
  const labels = path.split("/");
  const body = { namespace: labels.slice(0, -1), key: labels.at(-1), value, ...more };
  const response = await server.put("/store/items", body);
  expect(response.status, await response.text()).toBe(204);
}

const get = (namespace: string, key: string, more = "") =>
  okJson(server.get(`/store/items?namespace=${namespace}&key=${key}${more}`));

const search = async (body: object = {}): Promise<Loose[]> =>
  (await okJson(server.post("/store/items/search", body))).items;

const keys = async (body: object = {}) => (await search(body)).map(({ key }) => key);

const namespaces = async (body: object = {}) =>
  (await okJson(server.post("/store/namespaces", body))).namespaces;

describe("an item", () => {
  it("is kept, read, replaced and deleted", async () => {
    await put("users/ann/likes", { tea: true });
    const at = new Date(START_MS).toISOString();
    expect(await get("users.ann", "likes")).toEqual({
      namespace: ["users", "ann"],
      key: "likes",
      value: { tea: true },
      created_at: at,
      updated_at: at,
    });
    server.advance(MINUTE);
    await put("users/ann/likes", { tea: false });
    expect(await get("users.ann", "likes")).toMatchObject({
      value: { tea: false },
      created_at: at,
      updated_at: new Date(START_MS + MINUTE).toISOString(),
    });
    const body = JSON.stringify({ namespace: ["users", "ann"], key: "likes" });
    const gone = await server.request("/store/items", { method: "DELETE", body });
    expect(gone.status).toBe(204);
    expect(await get("users.ann", "likes")).toBeNull();
    expect((await server.request("/store/items", { method: "DELETE", body })).status).toBe(204);
  });

  it("that is not there is null", async () => {
    expect(await get("no.where", "nothing")).toBeNull();
    expect(await okJson(server.get("/store/items?namespace=a&namespace=b&key=k"))).toBeNull();
  });

  it.each([
    ["an empty label", { namespace: ["a", ""], key: "k", value: {} }],
    ["a label with a dot", { namespace: ["a.b"], key: "k", value: {} }],
    ["no label", { namespace: [], key: "k", value: {} }],
    ["a key too long for the database", { namespace: ["a"], key: "k".repeat(1001), value: {} }],
    ["labels too long for it", { namespace: ["é".repeat(501)], key: "k", value: {} }],
    ["a value that is no object", { namespace: ["a"], key: "k", value: ["x"] }],
    ["no value", { namespace: ["a"], key: "k" }],
    ["a life of no time", { namespace: ["a"], key: "k", value: {}, ttl: 0 }],
  ])("is refused with %s", async (_, body) => {
    await refusal(server.put("/store/items", body), 422);
    expect(await search()).toEqual([]);
  });

  it.each(["a..b", ".a", "a."])("is not looked for in the namespace %j", async (namespace) => {
    await refusal(server.get(`/store/items?namespace=${namespace}&key=k`), 422);
  });

  it("may be as long as the database takes it", async () => {
    const [label, key] = ["n".repeat(1000), "k".repeat(1000)];
    await put(`${label}/${key}`);
    expect(await keys({ namespace_prefix: [label] })).toEqual([key]);
  });
});

describe("a search", () => {
  it("goes below whole labels, newest first, page by page", async () => {
    for (const path of ["a/one", "a/b/two", "ab/three"]) {
      await put(path);
      server.advance(1);
    }
    expect(await keys()).toEqual(["three", "two", "one"]);
    expect(await keys({ namespace_prefix: ["a"] })).toEqual(["two", "one"]);
    expect(await keys({ limit: 1, offset: 1 })).toEqual(["two"]);
    expect(await search({ namespace_prefix: ["nothing"] })).toEqual([]);
  });

  it("filters by fields of the values", async () => {
    await put("a/old", { year: 1990, of: { kind: "book" } });
    await put("a/new", { year: 2020, of: { kind: "film" } });
    expect(await keys({ filter: { year: { $gte: 2000 } } })).toEqual(["new"]);
    expect(await keys({ filter: { of: { kind: "book" } } })).toEqual(["old"]);
    expect(await keys({ filter: { year: { $gt: 1900, $ne: 2020 } } })).toEqual(["old"]);
  });

  it.each([
    [{ year: { $like: 1 } }, /\$like.*year/],
    [{ year: { $gt: [1] } }, /number or a string/],
    [{ year: { $in: 1 } }, /list/],
  ])("refuses the filter %j", async (filter, why) => {
    expect((await refusal(server.post("/store/items/search", { filter }), 422)).detail).toMatch(
      why,
    );
  });

  it("finds Chinese and English words, the item with most of them first", async () => {
    await put("n/trains", { text: "The trains to Osaka leave late" });
    await put("n/tickets", { text: "Tickets for trains", price: 12 });
    await put("n/火车", { text: "去上海的火车票很贵" });
    await put("n/飞机", { text: "去上海的飞机" });
    await put("n/hidden", { text: "hidden trains 火车" }, { index: false });
    expect(await keys({ query: "Osaka train" })).toEqual(["trains", "tickets"]);
    expect(await keys({ query: "火车票" })).toEqual(["火车"]);
    expect(await keys({ query: "上海飞机" })).toEqual(["飞机", "火车"]);
    expect(await keys({ query: "贵" })).toEqual(["火车"]);
    expect(await keys({ query: "ＴＩＣＫＥＴＳ" })).toEqual(["tickets"]);
    expect(await keys({ query: "rains" })).toEqual([]);
    expect(await keys({ query: "?!" })).toEqual([]);
    const [best, next] = await search({ query: "Osaka train" });
    expect(best.score).toBe(1);
    expect(next.score).toBeGreaterThan(0);
    expect(next.score).toBeLessThan(1);
    expect((await search())[0]).not.toHaveProperty("score");
  });

  it("looks into the fields of the item alone, and through many items page by page", async () => {
    await put("m/a", { title: "lamp", secret: "oil" }, { index: ["title"] });
    expect(await keys({ query: "lamp" })).toEqual(["a"]);
    expect(await keys({ query: "oil" })).toEqual([]);
    for (let index = 0; index < 450; index++)
      await put(`many/${index}`, { text: `word w${index}` });
    expect(await keys({ query: "word w449", limit: 1 })).toEqual(["449"]);
    const page = await keys({ query: "word", limit: 100, offset: 400 });
    expect(page).toHaveLength(50);
  });
});

describe("namespaces", () => {
  beforeEach(async () => {
    for (const path of ["a/x/1/k", "a/x/2/k", "a/y/1/k", "b/x/1/k"]) await put(path);
  });

  it.each<[object, string[]]>([
    [{}, ["a.x.1", "a.x.2", "a.y.1", "b.x.1"]],
    [{ prefix: ["a"] }, ["a.x.1", "a.x.2", "a.y.1"]],
    [{ prefix: ["*", "x"] }, ["a.x.1", "a.x.2", "b.x.1"]],
    [{ suffix: ["1"] }, ["a.x.1", "a.y.1", "b.x.1"]],
    [{ suffix: ["y", "*"] }, ["a.y.1"]],
    [{ prefix: ["a"], suffix: ["x", "1"] }, ["a.x.1"]],
    [{ max_depth: 2 }, ["a.x", "a.y", "b.x"]],
    [{ max_depth: 1 }, ["a", "b"]],
    [{ limit: 2, offset: 1 }, ["a.x.2", "a.y.1"]],
    [{ prefix: ["a", "x", "1", "k"] }, []],
  ])("are listed by %j", async (query, expected) => {
    expect(await namespaces(query)).toEqual(expected.map((text) => text.split(".")));
  });

  it("are refused with labels that cannot be", async () => {
    await refusal(server.post("/store/namespaces", { prefix: ["a.b"] }), 422);
  });
});

describe("the time to live of an item", () => {
  it("is in minutes, begins anew when it is read unless told otherwise, and ends", async () => {
    await put("a/k", {}, { ttl: 10 });
    server.advance(9 * MINUTE);
    expect(await get("a", "k", "&refresh_ttl=false")).not.toBeNull();
    expect(await get("a", "k")).not.toBeNull();
    server.advance(9 * MINUTE);
    expect(await keys({ refresh_ttl: true })).toEqual(["k"]);
    server.advance(9 * MINUTE);
    expect(await keys({ refresh_ttl: false })).toEqual(["k"]);
    server.advance(MINUTE);
    expect(await get("a", "k")).toBeNull();
    expect(await keys()).toEqual([]);
    expect(await namespaces()).toEqual([]);
  });

  it("is that of langgraph.json where the item says nothing, and swept in its interval", async () => {
    const ttl = { default_ttl: 5, refresh_on_read: false, sweep_interval_minutes: 60 };
    using folder = project({ store: { ttl } });
    await using other = await testServer({ langgraph: folder.langgraph });
    const sweep = () => other.ctx.background.tick();
    const place = { namespace: ["a"], value: {} };
    await other.put("/store/items", { ...place, key: "mortal" });
    await other.put("/store/items", { ...place, key: "ever", ttl: null });
    await sweep();
    other.advance(4 * MINUTE);
    await okJson(other.get("/store/items?namespace=a&key=mortal"));
    other.advance(MINUTE);
    const found = await okJson(other.post("/store/items/search", {}));
    expect(found.items.map(({ key }: Loose) => key)).toEqual(["ever"]);
    // What is not read any more is still there until the sweep.
    await sweep();
    const now = START_MS + 5 * MINUTE;
    expect(await other.ctx.storage.items.sweep(now, 1)).toBe(1);
    await other.put("/store/items", { ...place, key: "mortal" });
    other.advance(55 * MINUTE);
    await sweep();
    expect(await other.ctx.storage.items.sweep(other.ctx.clock.now(), 1)).toBe(0);
  });
});

describe("graphs and the store", () => {
  it("share it with clients, `index` and listing included", async () => {
    const remember = { lamp: "the lamp is lit", secret: "the lamp is out" };
    const thread = await newThread(server);
    const values = await runWait(server, thread, {
      assistant_id: "memory",
      input: { remember, query: "lamp" },
    });
    expect(values).toMatchObject({ found: ["lamp"], namespaces: [["notes", "mine"]] });
    expect(await get("notes.mine", "secret")).toMatchObject({ value: { text: "the lamp is out" } });
    await put("notes/yours/other", { text: "another lamp" });
    const again = await runWait(server, await newThread(server), {
      assistant_id: "memory",
      input: { query: "another" },
    });
    expect(again.found).toEqual(["other"]);
  });

  it("is emptied on demand in tests", async () => {
    await using open = await testServer({ settings: { test_routes: true } });
    await open.put("/store/items", { namespace: ["a"], key: "k", value: {} });
    await okJson(open.post("/internal/truncate", { store: true }));
    expect(await okJson(open.get("/store/items?namespace=a&key=k"))).toBeNull();
  });

  it("is gone where langgraph.json switches it off", async () => {
    using folder = project({ http: { disable_store: true } });
    await using off = await testServer({ langgraph: folder.langgraph });
    await refusal(off.post("/store/items/search", {}), 404);
  });
});
