import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  newThread,
  NOBODY,
  okJson,
  refusal,
  runWait,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { SseReader } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

let ids = 0;
const send = (thread: string, method: string, params: object = {}): Promise<Loose> =>
  okJson(server.post(`/threads/${thread}/commands`, { id: ++ids, method, params }));

/** The events of a thread until one that is `last`; then the reader leaves. */
async function read(
  thread: string,
  body: object,
  last: (event: Loose) => boolean = isRootEnd,
): Promise<Loose[]> {
  const response = await server.post(`/threads/${thread}/stream/events`, body);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const frames = await framesUntil(response, last);
  expect(frames.map(({ id, event }) => [id, event])).toEqual(
    frames.map(({ data }) => [data.event_id, data.method]),
  );
  return frames.map(({ data }) => data);
}

async function framesUntil(response: Response, last: (event: Loose) => boolean) {
  const reader = new SseReader(response);
  const frames = await reader.until(({ data }) => last(data));
  await reader.cancel();
  return frames;
}

const isRootEnd = ({ method, params }: Loose): boolean =>
  method === "lifecycle" &&
  params.namespace.length === 0 &&
  ["completed", "failed", "interrupted"].includes(params.data.event);

const ALL = ["lifecycle", "values", "updates", "tasks", "checkpoints", "custom", "input"];

async function ended(assistant_id: string, input: object): Promise<string> {
  const thread = await newThread(server);
  await runWait(server, thread, { assistant_id, input });
  return thread;
}

describe("the stream of events of a thread", () => {
  it("waits quietly for a thread that is not there yet", async () => {
    const thread = crypto.randomUUID();
    const reading = read(thread, { channels: ["values", "lifecycle"] });
    const { result } = await send(thread, "run.start", {
      assistant_id: "echo",
      input: human("hello"),
    });
    expect(result.run_id).toEqual(expect.any(String));
    expect((await reading).map(({ method }) => method)).toContain("values");
  });

  it("names subgraphs by their place, and leaves out what was not asked for", async () => {
    const thread = await ended("nested", { word: "oak" });
    const events = await read(thread, { channels: ALL });
    const inner = events.filter(({ params }) => params.namespace.length > 0);
    expect(inner.map(({ method }) => method)).toContain("values");
    for (const { params } of inner) expect(params.namespace[0]).toMatch(/^branch:/);

    const only = async (body: object) =>
      (await read(thread, { channels: ["updates", "lifecycle"], ...body })).filter(
        ({ method }) => method === "updates",
      );
    expect((await only({})).map(({ params }) => params.node)).toEqual([
      "stem",
      "leaf",
      "branch",
      "top",
    ]);
    const atRoot = await only({ namespaces: [[]], depth: 0 });
    expect(atRoot.map(({ params }) => params.node)).toEqual(["branch", "top"]);
  });

  it("finds a node's namespace by its bare name", async () => {
    const thread = await ended("nested", { word: "oak" });
    const isLast = ({ params }: Loose) => params.data.node === "leaf";
    const events = await read(thread, { channels: ["updates"], namespaces: [["branch"]] }, isLast);
    expect(events.map(({ params }) => params.data.values)).toEqual([
      { inside: "stem" },
      { inside: "leaf oak", word: "oak!" },
    ]);
  });

  it("goes on after the place that a client names, over runs that came since", async () => {
    const thread = await ended("echo", human("one"));
    const first = await read(thread, { channels: ALL });
    const middle = first[2];
    server.advance(1);
    await runWait(server, thread, { assistant_id: "echo", input: human("two") });
    let ends = 0;
    const rest = await read(
      thread,
      { channels: ALL, since: middle.seq },
      (event) => isRootEnd(event) && ++ends === 2,
    );
    expect(rest.slice(0, first.length - 3)).toEqual(first.slice(3));
    expect(rest.length).toBeGreaterThan(first.length);
    const places = rest.map(({ seq }) => seq);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    const resumed = await server.post(
      `/threads/${thread}/stream/events`,
      { channels: ALL },
      { "last-event-id": middle.event_id },
    );
    ends = 0;
    const frames = await framesUntil(resumed, (event) => isRootEnd(event) && ++ends === 2);
    expect(frames.map(({ data }) => data)).toEqual(rest);
  });

  it("tells custom events by name, or all of them", async () => {
    const name = "protocol custom";
    const thread = await newThread(server);
    gate(name).release();
    await runWait(server, thread, { assistant_id: "slow", input: { gate: name } });
    const events = await read(thread, { channels: ["custom", "lifecycle"] });
    expect(
      events.filter(({ method }) => method === "custom").map(({ params }) => params.data),
    ).toEqual(["begin", "gate", "through"].map((at) => ({ payload: { at } })));
    const named = await read(thread, { channels: ["custom:other", "lifecycle"] });
    expect(named.filter(({ method }) => method === "custom")).toEqual([]);
  });

  it("says how a run failed", async () => {
    const thread = await newThread(server);
    await send(thread, "run.start", { assistant_id: "failing", input: {} });
    const events = await read(thread, { channels: ["lifecycle"] });
    expect(events.at(-1).params.data).toMatchObject({
      event: "failed",
      error: expect.any(String),
    });
  });

  it("refuses an unknown channel", async () => {
    const path = `/threads/${NOBODY}/stream/events`;
    expect(await refusal(server.post(path, { channels: ["noise"] }), 422)).toMatchObject({
      detail: expect.stringContaining("unknown channel"),
    });
    await refusal(server.post(path, { channels: [] }), 422);
    await refusal(server.get(path), 426);
  });
});

describe("commands", () => {
  it("answers several interrupts at once", async () => {
    const thread = await ended("ask-two", {});
    const events = await read(thread, { channels: ["input", "lifecycle"] });
    const requests = events.filter(({ method }) => method === "input.requested");
    expect(new Set(requests.map(({ params }) => params.data.payload))).toEqual(
      new Set(["left?", "right?"]),
    );
    expect(events.at(-1).params.data.event).toBe("interrupted");
    const responses = requests.map(({ params }) => ({
      namespace: [],
      interrupt_id: params.data.interrupt_id,
      response: params.data.payload.toUpperCase(),
    }));
    server.advance(1);
    expect(await send(thread, "input.respond", { responses })).toMatchObject({
      type: "success",
      meta: { applied_through_seq: expect.any(Number) },
    });
    await read(thread, { channels: ["lifecycle"], since: events.at(-1).seq });
    const state = await okJson(server.get(`/threads/${thread}/state`));
    expect(state.values).toEqual({ left: "LEFT?", right: "RIGHT?" });
  });

  it("takes the input of a run for the answer where one is waited for", async () => {
    const thread = await ended("ask", human("go"));
    await send(thread, "run.start", { assistant_id: "ask", input: "yes" });
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    const values = await okJson(server.get(`/threads/${thread}/runs/${run.run_id}/join`));
    expect(values.answers).toEqual(["yes"]);
  });

  it("places what it answers before the events of what it started", async () => {
    const thread = await ended("echo", human("one"));
    const before = await read(thread, { channels: ["lifecycle"] });
    server.advance(5);
    const { meta } = await send(thread, "run.start", { assistant_id: "echo", input: human("two") });
    expect(meta.applied_through_seq).toBeGreaterThanOrEqual(before.at(-1).seq);
    const after = await read(thread, { channels: ["lifecycle"], since: meta.applied_through_seq });
    expect(after[0].seq).toBeGreaterThan(meta.applied_through_seq);
  });

  it.each([
    ["run.dance", {}, "unknown_command"],
    ["toString", {}, "unknown_command"],
    ["run.start", { assistant_id: "nobody", input: {} }, "invalid_argument"],
    ["run.start", {}, "invalid_argument"],
    ["input.respond", {}, "invalid_argument"],
    ["input.respond", { interrupt_id: "x", response: 1 }, "no_such_run"],
    ["state.get", { namespace: [] }, "no_such_run"],
    ["state.fork", { checkpoint_id: "x" }, "no_such_run"],
    ["agent.getTree", {}, "no_such_run"],
    ["subscription.subscribe", { channels: ["values"] }, "not_supported"],
  ])("answers %s %j with %s", async (method, params, error) => {
    expect(await send(crypto.randomUUID(), method, params)).toEqual({
      type: "error",
      id: ids,
      error,
      message: expect.any(String),
    });
  });

  it("reads the state of a subgraph, and says which namespace has none", async () => {
    const thread = await ended("nested-ask", { word: "oak" });
    const state = await okJson(server.get(`/threads/${thread}/state?subgraphs=true`));
    const ns: string = state.tasks[0].state.checkpoint.checkpoint_ns;
    const { result } = await send(thread, "state.get", { namespace: ns.split("|") });
    expect(result).toMatchObject({ values: { word: "oak" }, checkpoint: { ns } });
    expect(await send(thread, "state.get", { namespace: ["none:1"] })).toMatchObject({
      error: "no_such_namespace",
    });
  });
});
