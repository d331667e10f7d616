/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routes } from "../../src/http/routes/index.ts";
import { newThread, NOBODY, okJson, refusal, runWait } from "../support/calls.ts";
import {
  type ListeningServer,
  startTestServer,
  type TestServer,
  testServer,
} from "../support/test-server.ts";

const MAX_BYTES = 64 * 1024;

let server: TestServer;
let thread: string;
let run: string;

beforeAll(async () => {
  server = await testServer({ settings: { max_body_bytes: MAX_BYTES, test_routes: true } });
  thread = await newThread(server);
  await runWait(server, thread, { assistant_id: "echo", input: { note: "here" } });
  run = (await okJson(server.get(`/threads/${thread}/runs`)))[0].run_id;
});
afterAll(() => server[Symbol.asyncDispose]());

/** All that a poisoned request could have changed. */
async function everything() {
  const threads = await okJson(server.post("/threads/search", { limit: 1000 }));
  const runs = await okJson(server.get(`/threads/${thread}/runs?limit=1000`));
  const history = await okJson(server.get(`/threads/${thread}/history?limit=1000`));
  const assistants = await okJson(server.post("/assistants/search", { limit: 1000 }));
  const crons = await okJson(server.post("/runs/crons/count"));
  return { threads, runs, history, assistants, crons };
}

const deep = (levels: number, wrap: (inner: string) => string): string => {
  let text = "1";
  for (let level = 0; level < levels; level++) text = wrap(text);
  return text;
};
const inMetadata = (json: string) =>
  `{"metadata":${json},"input":${json},"values":${json},"assistant_id":"echo"}`;
const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))),
  );

const POISON: [name: string, body: string | Buffer, status: number][] = [
  ["text that is no JSON", "{", 400],
  ["a word", "undefined", 400],
  ["JSON with a tail", "{} x", 400],
  ["single quotes", "{'a':1}", 400],
  ["NaN", '{"limit":NaN}', 400],
  ["a raw NUL", '{"metadata":{"a":"\0"}}', 400],
  ["invalid UTF-8", bytes('{"metadata":{"a":"', 0xff, 0xfe, '"}}'), 400],
  ["cut UTF-8", bytes('{"metadata":{"a":"', 0xe4, 0xbd, '"}}'), 400],
  ["overlong UTF-8", bytes('{"metadata":{"a":"', 0xc0, 0x80, '"}}'), 400],
  ["UTF-16", Buffer.from('{"metadata":{}}', "utf16le"), 400],
  ["a list", "[]", 422],
  ["a number", "5", 422],
  ["a text", '"text"', 422],
  ["an escaped NUL", inMetadata('{"a":"x\\u0000y"}'), 422],
  ["a NUL in a key", inMetadata('{"a\\u0000":1}'), 422],
  ["a lone surrogate", inMetadata('{"a":"\\ud800"}'), 422],
  ["a lone surrogate in a key", inMetadata('{"\\udc00":1}'), 422],
  [
    "the constructor form",
    inMetadata(
      '{"lc":1,"type":"constructor","id":["langchain_core","messages","HumanMessage"],"kwargs":{}}',
    ),
    422,
  ],
  ["a secret by reference", inMetadata('[[{"a":{"lc":1,"type":"secret","id":["HOME"]}}]]'), 422],
  ["__proto__", inMetadata('{"__proto__":{"polluted":true}}'), 422],
  ["__proto__ at the top", '{"__proto__":{"assistant_id":"echo"}}', 422],
  ["objects too deep", inMetadata(deep(70, (inner) => `{"a":${inner}}`)), 422],
  ["lists too deep", inMetadata(deep(70, (inner) => `[${inner}]`)), 422],
  ["lists absurdly deep", inMetadata(deep(9000, (inner) => `[${inner}]`)), 422],
  ["more than is allowed", `{"metadata":{"a":"${"x".repeat(MAX_BYTES)}"}}`, 413],
];

const withIds = (path: string): string =>
  path
    .replace(":thread_id", thread)
    .replace(":run_id", run)
    .replace(":assistant_id", "echo")
    .replace(":checkpoint_id", NOBODY)
    .replace(":cron_id", NOBODY)
    .replace(":token", "a.b")
    .replace(":collection", "shop");

const code = expect.stringMatching(/^(bad_request|validation|payload_too_large)$/);
const REFUSAL = { detail: expect.any(String), code };
const OPENAI_REFUSAL = {
  error: { message: expect.any(String), type: "invalid_request_error", code },
};

const bodied = routes.filter(({ body }) => body);

describe("every route that takes a body", () => {
  it("is among those that are tried", () => {
    expect(bodied.length).toBeGreaterThanOrEqual(13);
    for (const { method } of bodied) expect(["post", "patch", "put", "delete"]).toContain(method);
  });

  it.each(POISON)("refuses %s and stores nothing", async (_, body, status) => {
    const before = await everything();
    for (const { method, path } of bodied) {
      const response = await server.request(withIds(path), {
        method: method.toUpperCase(),
        headers: { "content-type": "application/json" },
        body,
      });
      const text = await response.text();
      const isOpenAi = path.startsWith("/v1/");
      const expected = isOpenAi && status === 422 ? 400 : status;
      expect(response.status, `${method} ${path}: ${text.slice(0, 300)}`).toBe(expected);
      expect(JSON.parse(text)).toMatchObject(isOpenAi ? OPENAI_REFUSAL : REFUSAL);
    }
    expect(await everything()).toEqual(before);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("limits of a body", () => {
  it("are 64 levels: one less than too deep is taken", async () => {
    // The body and its `metadata` are the first two levels.
    const metadata = (levels: number) =>
      `{"metadata":{"a":${deep(levels, (inner) => `[${inner}]`)}}}`;
    const post = (body: string) => server.request("/threads", { method: "POST", body });
    expect((await post(metadata(62))).status).toBe(200);
    await refusal(await post(metadata(63)), 422);
  });

  it("are counted while a body comes in that does not tell its length", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 16 * 1024;
        if (sent > 64 * MAX_BYTES) controller.close();
        else controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
      },
    });
    const response = await server.request("/threads", {
      method: "POST",
      body,
      duplex: "half",
    });
    expect(await refusal(response, 413)).toMatchObject({ max_bytes: MAX_BYTES });
    expect(sent).toBeLessThan(3 * MAX_BYTES);
  });

  it("refuse by the length that is told, before anything is read", async () => {
    const body = new ReadableStream({ pull: () => Promise.reject(new Error("was read")) });
    const init = { method: "POST", body, duplex: "half" as const };
    const headers = { "content-length": String(MAX_BYTES + 1) };
    await refusal(server.request("/threads", { ...init, headers }), 413);
  });

  it("hold where the length that is told is a lie", async () => {
    const body = `{"metadata":{"a":"${"x".repeat(MAX_BYTES)}"}}`;
    const headers = { "content-length": "2" };
    await refusal(await server.request("/threads", { method: "POST", body, headers }), 413);
  });
});

describe("a body at a real port", () => {
  let port: ListeningServer;
  beforeAll(
    async () => void (port = await startTestServer({ settings: { max_body_bytes: MAX_BYTES } })),
  );
  afterAll(() => port[Symbol.asyncDispose]());

  it("that is too large is refused, with and without its length, and the server lives", async () => {
    const large = new Uint8Array(MAX_BYTES + 1).fill(0x20);
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(large);
        controller.close();
      },
    });
    await refusal(port.request("/threads", { method: "POST", body: large }), 413);
    await refusal(port.request("/threads", { method: "POST", body: chunked, duplex: "half" }), 413);
    await newThread(port);
  });
});

const WRONG_RUNS: [string, object][] = [
  ["no assistant", { input: {} }],
  ["an empty assistant", { assistant_id: "" }],
  ["an assistant that is a number", { assistant_id: 5 }],
  ["a very long assistant", { assistant_id: "a".repeat(5000) }],
  ["config as text", { config: "a" }],
  ["config as a list", { config: [] }],
  ["context as text", { context: "a" }],
  ["metadata as a list", { metadata: [1] }],
  ["command as text", { command: "resume" }],
  ["an unknown strategy", { multitask_strategy: "queue" }],
  ["an unknown durability", { durability: "none" }],
  ["on_disconnect", { on_disconnect: "explode" }],
  ["on_completion", { on_completion: 1 }],
  ["if_not_exists", { if_not_exists: true }],
  ["after_seconds as text", { after_seconds: "5" }],
  ["after_seconds in the past", { after_seconds: -1 }],
  ["a time no clock knows", { after_seconds: 1e300 }],
  ["breakpoints of the wrong type", { interrupt_before: "think" }],
  ["breakpoints that are numbers", { interrupt_after: [1] }],
  ["stream_subgraphs as text", { stream_subgraphs: "yes" }],
  ["a checkpoint as text", { checkpoint: "x" }],
  ["a checkpoint id that is a number", { checkpoint_id: 5 }],
];

describe("a run that is asked for wrongly", () => {
  it.each(WRONG_RUNS)("is refused: %s", async (_, wrong) => {
    const before = await everything();
    const body = { assistant_id: "echo", input: { note: "n" }, ...wrong };
    if (wrong && "input" in wrong) Reflect.deleteProperty(body, "assistant_id");
    for (const path of [
      `/threads/${thread}/runs`,
      `/threads/${thread}/runs/stream`,
      "/runs/wait",
      "/runs",
    ]) {
      const refused = await refusal(server.post(path, body), 422);
      expect(refused.code).toBe("validation");
      expect(refused.errors[0].loc[0]).toBe("body");
    }
    expect(await everything()).toEqual(before);
  });
});

const ODD_RUNS: [string, object][] = [
  ["an input that is text", { input: "text" }],
  ["an input that is a list", { input: [1, 2] }],
  ["messages of no kind", { input: { messages: [{ type: "alien", content: 5 }] } }],
  ["messages that are a number", { input: { messages: 5 } }],
  ["messages that are null", { input: { messages: null } }],
  ["messages with null in them", { input: { messages: [null] } }],
  ["a limit of zero", { input: {}, config: { recursion_limit: 0 } }],
  ["a limit below zero", { input: {}, config: { recursion_limit: -5 } }],
  ["a limit that is text", { input: {}, config: { recursion_limit: "many" } }],
  ["a configurable that is text", { input: {}, config: { configurable: "x" } }],
  ["tags that are numbers", { input: {}, config: { tags: [1, {}] } }],
  ["a breakpoint at no node", { input: {}, interrupt_before: ["nowhere"] }],
  ["a resume of nothing", { command: { resume: "x" } }],
  ["a resume by unknown ids", { command: { resume: { ["f".repeat(32)]: 1 } } }],
  ["an empty command", { command: {} }],
  ["a goto of odd form", { command: { goto: [{ node: 5 }, null, 7] } }],
  ["an update that is text", { command: { update: "x" } }],
  ["a checkpoint that is not there", { input: {}, checkpoint_id: NOBODY }],
  ["a namespace that is not there", { input: {}, checkpoint: { checkpoint_ns: "a:b|c:d" } }],
  ["keys of objects", { input: { constructor: 1, toString: 2, hasOwnProperty: 3 } }],
];

describe("a run that its graph cannot digest", () => {
  it.each(ODD_RUNS)("ends in the body of its answer, not in a 500: %s", async (_, odd) => {
    const own = await newThread(server);
    const response = await server.post(`/threads/${own}/runs/wait`, {
      assistant_id: "echo",
      ...odd,
    });
    const text = await response.text();
    expect([200, 400, 404, 409, 422], text).toContain(response.status);
    expect(text).not.toContain("InternalError");
    const { status } = await okJson(server.get(`/threads/${own}`));
    expect(["idle", "error", "interrupted"]).toContain(status);
    const after = await runWait(server, own, { assistant_id: "echo", input: { note: "fine" } });
    expect(after.note).toBe("fine");
  });
});

const LONG = "a".repeat(3000);

const HOSTILE = [
  "..%2F..%2Fetc%2Fpasswd",
  "%2e%2e%2f",
  "%00",
  "*",
  "%25",
  "%zz",
  "null",
  "undefined",
  "0",
  "' or 1=1 --",
  "<script>",
  "LONG",
  `${NOBODY}%00`,
  `${NOBODY}%0a`,
  "你好",
];

describe("a hostile id in a path", () => {
  it.each(HOSTILE)("is refused everywhere: %s", async (name) => {
    const id = name === "LONG" ? LONG : name;
    const before = await everything();
    for (const { method, path } of routes.filter((entry) => entry.path.includes(":thread_id"))) {
      const url = path
        .replace(":thread_id", encodeURI(id).replaceAll("%25", "%"))
        .replace(":run_id", run)
        .replace(":checkpoint_id", NOBODY);
      const response = await server.request(url, {
        method: method.toUpperCase(),
        ...(method === "get" || method === "delete" ? {} : { body: '{"assistant_id":"echo"}' }),
      });
      const text = await response.text();
      expect([404, 422], `${method} ${url}: ${response.status} ${text.slice(0, 200)}`).toContain(
        response.status,
      );
      expect(JSON.parse(text)).toMatchObject({
        detail: expect.any(String),
        code: expect.any(String),
      });
    }
    expect(await everything()).toEqual(before);
  });
});

describe("a filter", () => {
  it.each<[Record<string, unknown>]>([
    [{ "a' or '1'='1": "x" }],
    [{ 'a"]': 1 }],
    [{ "$.a": 1 }],
    [{ "a.b": 1 }],
    [{ "a[0]": 1 }],
    [{ "%": "%" }],
    [{ "": "" }],
    [{ "'; drop table thread; --": null }],
    [{ constructor: {} }],
    [{ a: { "b'": ["%", { "c\\": "\\" }] } }],
    [{ a: "\u2028\u{1f600}'\"`" }],
  ])("is data, not a statement: %j", async (metadata) => {
    const other = await newThread(server, { metadata: { unlike: true } });
    const own = await newThread(server, { metadata });
    const found = await okJson(server.post("/threads/search", { metadata, limit: 1000 }));
    const ids = found.map(({ thread_id }: { thread_id: string }) => thread_id);
    expect(ids).toContain(own);
    expect(ids).not.toContain(other);
    await okJson(server.post("/assistants/search", { metadata, name: JSON.stringify(metadata) }));
    await okJson(server.post(`/threads/${own}/history`, { metadata }));
    await server.del(`/threads/${own}`);
    await server.del(`/threads/${other}`);
  });
});
