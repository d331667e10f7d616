/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  names,
  newThread,
  NOBODY,
  okJson,
  refusal,
  startRun,
  threadOf,
} from "../support/calls.ts";
import { piecesOf } from "../../src/http/piecewise-body.ts";
import { gate } from "../support/gates.ts";
import { readEvents, type SseEvent, SseReader } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  gate("open").release();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Streams a new run on a new thread. */
async function stream(body: object, path = "/runs/stream") {
  const thread = await newThread(server);
  const response = await server.post(`/threads/${thread}${path}`, body);
  const location = response.headers.get("location") ?? "";
  return { thread, response, location, events: await readEvents(response) };
}

const join = async (path: string, headers: Record<string, string> = {}): Promise<SseEvent[]> => {
  const response = await server.get(path, headers);
  expect(response.status).toBe(200);
  return readEvents(response);
};

const ids = (events: SseEvent[]) => events.map(({ id }) => id);
const of = (events: SseEvent[], event: string): Loose[] =>
  events.filter((one) => one.event === event).map(({ data }) => data);

/** Ids as numbers that rise: "3.0" is before "3", which is before "4.0". */
function order(id: string | undefined): number {
  const match = /^(?<seq>\d+)(?:\.(?<part>\d+))?$/.exec(id ?? "");
  const { seq, part } = match?.groups ?? {};
  expect(seq, `the id ${id}`).toBeDefined();
  return Number(seq) + (part === undefined ? 0.999 : Number(part) / 1000);
}

const ALL_MODES = ["values", "updates", "messages", "messages-tuple", "custom"];

describe("POST /threads/:id/runs/stream", () => {
  it("is a stream of events that tells where the run is and how to come back", async () => {
    const { thread, response } = await stream({ assistant_id: "echo", input: {} });
    const { headers } = response;
    expect(headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(headers.get("cache-control")).toContain("no-cache");
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(headers.get("content-location")).toBe(`/threads/${thread}/runs/${run.run_id}`);
    expect(headers.get("location")).toBe(`/threads/${thread}/runs/${run.run_id}/stream`);
  });

  it("begins with metadata, ends with end, and sends values where no mode is named", async () => {
    const { thread, events } = await stream({ assistant_id: "echo", input: human("hi") });
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(names(events)).toEqual(["metadata", "values", "values", "end"]);
    expect(events[0]?.data).toEqual({ run_id: run.run_id, attempt: 1 });
    expect(events.at(-1)?.data).toEqual({ run_id: run.run_id, status: "success" });
    const [first, last] = of(events, "values");
    expect(first.messages).toHaveLength(1);
    expect(last.messages[1]).toMatchObject({
      type: "ai",
      content: "echo: hi",
      id: expect.any(String),
    });
    expect(last).toEqual((await threadOf(server, thread)).values);
  });

  it("has ids that rise from frame to frame", async () => {
    const { events } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ALL_MODES,
    });
    const numbers = ids(events).map(order);
    expect(numbers.length).toBeGreaterThan(20);
    for (const [index, number] of numbers.slice(1).entries())
      expect(number, `after ${events[index]?.id}`).toBeGreaterThan(numbers[index] ?? Infinity);
  });

  it.each([
    ["values", ["values", "values", "values", "values"]],
    ["updates", ["updates", "updates", "updates"]],
    ["custom", ["custom", "custom", "custom"]],
  ])("sends what mode %s asks for and nothing else", async (stream_mode, expected) => {
    const input = { gate: "open" };
    const { events } = await stream({ assistant_id: "slow", input, stream_mode });
    expect(names(events).slice(1, -1)).toEqual(expected);
  });

  it("names updates by node", async () => {
    const { events } = await stream({
      assistant_id: "slow",
      input: { gate: "open" },
      stream_mode: "updates",
    });
    expect(of(events, "updates").map((data) => Object.keys(data))).toEqual([
      ["begin"],
      ["wait"],
      ["end"],
    ]);
    expect(of(events, "updates")[0]).toEqual({ begin: { steps: ["begin open"] } });
  });

  it("sends custom events as the graph wrote them", async () => {
    const { events } = await stream({
      assistant_id: "slow",
      input: { gate: "open" },
      stream_mode: "custom",
    });
    expect(of(events, "custom")).toEqual([{ at: "begin" }, { at: "gate" }, { at: "through" }]);
  });

  it("sends events while the run goes on, not at its end", async () => {
    const thread = await newThread(server);
    const at = gate(thread);
    const body = {
      assistant_id: "slow",
      input: { gate: thread },
      stream_mode: ["custom", "updates"],
    };
    const reader = new SseReader(await server.post(`/threads/${thread}/runs/stream`, body));
    const early = await reader.until(({ data }) => data.at === "gate");
    expect(names(early)).toEqual(["metadata", "custom", "updates", "custom"]);
    at.release();
    expect(names(await reader.rest())).toEqual(["custom", "updates", "updates", "end"]);
  });

  it("sends an error event, then the end", async () => {
    const { events } = await stream({ assistant_id: "failing", input: {}, stream_mode: "updates" });
    expect(names(events)).toEqual(["metadata", "updates", "error", "end"]);
    expect(of(events, "error")).toEqual([{ error: "BoomError", message: "it went boom" }]);
    expect(of(events, "end")[0].status).toBe("error");
  });

  it("sends comments while nothing happens", async () => {
    await using quick = await testServer({ settings: { heartbeat_seconds: 0.01 } });
    const thread = await newThread(quick);
    const at = gate(thread);
    const response = await quick.post(`/threads/${thread}/runs/stream`, {
      assistant_id: "slow",
      input: { gate: thread },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while ((text.match(/^: /gm)?.length ?? 0) < 2) text += (await reader?.read())?.value ?? "";
    expect(text).toMatch(/\n\n: [^\n]*\n\n/);
    at.release();
    await reader?.cancel();
  });

  it("comes through the middleware as a body that Node's server can take over", async () => {
    const response = await server.post(`/threads/${await newThread(server)}/runs/stream`, {
      assistant_id: "echo",
      input: human("hi"),
    });
    expect(piecesOf(response)).toBeDefined();
    expect(response.headers.get("x-request-id")).not.toBeNull();
    expect((await readEvents(response)).at(-1)?.event).toBe("end");
  });

  it("keeps messages in every mode free of the constructor form", async () => {
    const { events } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ALL_MODES,
    });
    const text = JSON.stringify(events);
    expect(text).not.toContain('"lc":');
    expect(text).not.toContain('"kwargs":{"content"');
  });

  it.each(["nope", ["values", "nope"], "events ", 5, {}])(
    "refuses the mode %j",
    async (stream_mode) => {
      const thread = await newThread(server);
      const body = { assistant_id: "echo", input: {}, stream_mode };
      const refused = await refusal(server.post(`/threads/${thread}/runs/stream`, body), 422);
      expect(refused.detail).toContain("stream_mode");
      expect(await okJson(server.get(`/threads/${thread}/runs`))).toEqual([]);
    },
  );
});

describe("messages", () => {
  const run = (stream_mode: string | string[]) =>
    stream({ assistant_id: "talk", input: human("2+3"), stream_mode });

  it("come in pieces in mode messages-tuple, under the name messages", async () => {
    const { thread, events } = await run("messages-tuple");
    expect(new Set(names(events))).toEqual(new Set(["metadata", "messages", "end"]));
    const pairs = of(events, "messages");
    for (const [message, metadata] of pairs) {
      expect(message).toMatchObject({ id: expect.any(String), type: expect.any(String) });
      expect(metadata).toMatchObject({
        langgraph_node: expect.stringMatching(/^(think|tools)$/),
        thread_id: thread,
      });
    }
    const spoken = pairs.filter(([message]) => message.type === "AIMessageChunk");
    expect(spoken.map(([{ content }]) => content).join("")).toBe("The sum is 5.");
    expect(spoken.filter(([{ content }]) => content !== "").length).toBeGreaterThan(2);
    expect(pairs.find(([message]) => message.type === "tool")?.[0]).toMatchObject({
      content: "5",
      name: "add",
    });
    const { messages } = (await threadOf(server, thread)).values;
    expect(new Set(pairs.map(([{ id }]) => id))).toEqual(
      new Set(messages.slice(1).map(({ id }: Loose) => id)),
    );
  });

  it("carry tool calls in pieces and the usage at the end", async () => {
    const { events } = await run("messages-tuple");
    const chunks = of(events, "messages").map(([message]) => message);
    const args = chunks
      .flatMap(({ tool_call_chunks = [] }) => tool_call_chunks)
      .map(({ args: part }) => part);
    expect(JSON.parse(args.join(""))).toEqual({ a: 2, b: 3 });
    expect(chunks.findLast(({ usage_metadata }) => usage_metadata)?.usage_metadata).toMatchObject({
      total_tokens: 7,
    });
  });

  it("grow in mode messages", async () => {
    const { thread, events } = await run("messages");
    expect(new Set(names(events))).toEqual(
      new Set(["metadata", "messages/metadata", "messages/partial", "messages/complete", "end"]),
    );
    const { messages } = (await threadOf(server, thread)).values;
    const answer = messages.at(-1);
    const grown = of(events, "messages/partial").filter(([{ id }]) => id === answer.id);
    const texts = grown.map(([{ content }]) => content);
    expect(texts.at(-1)).toBe("The sum is 5.");
    for (const [index, text] of texts.slice(1).entries())
      expect(text.startsWith(texts[index])).toBe(true);
    const whole = of(events, "messages/complete").flat();
    expect(whole.map(({ id }) => id)).toEqual(messages.slice(1).map(({ id }: Loose) => id));
    expect(whole.at(-1)).toMatchObject({ type: "ai", content: "The sum is 5." });
    const named = of(events, "messages/metadata").flatMap((data) => Object.keys(data));
    expect(named).toEqual(messages.slice(1).map(({ id }: Loose) => id));
  });

  it("of both modes can be had at once", async () => {
    const { events } = await run(["messages", "messages-tuple"]);
    expect(new Set(names(events))).toEqual(
      new Set([
        "metadata",
        "messages",
        "messages/metadata",
        "messages/partial",
        "messages/complete",
        "end",
      ]),
    );
  });
});

describe("GET /threads/:id/runs/:rid/stream", () => {
  it("replays an ended run as it was seen live, with the same ids", async () => {
    const { location, events } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ALL_MODES,
    });
    expect(events.length).toBeGreaterThan(20);
    expect(await join(location)).toEqual(events);
    expect(await join(location, { "last-event-id": "-1" })).toEqual(events);
  });

  it("goes on after every id there is", async () => {
    const { location, events } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ALL_MODES,
    });
    expect(ids(events).some((id) => id?.includes("."))).toBe(true);
    for (const [index, { id = "" }] of events.entries())
      expect(await join(location, { "last-event-id": id }), `after ${id}`).toEqual(
        events.slice(index + 1),
      );
  });

  it.each(["999999", "999999.5"])(
    "sends nothing after the id %s, which is past the end",
    async (id) => {
      const { location } = await stream({ assistant_id: "echo", input: {} });
      expect(await join(location, { "last-event-id": id })).toEqual([]);
    },
  );

  it.each(["", "abc", "-5", "1e3", "0x1", "1;drop", "1".repeat(400)])(
    "survives the id %j",
    async (id) => {
      const { location } = await stream({ assistant_id: "echo", input: {} });
      const response = await server.get(location, { "last-event-id": id });
      expect(response.status).toBeLessThan(500);
      await response.text();
    },
  );

  it("gives each of several joiners every event, live and from the start", async () => {
    const thread = await newThread(server);
    const at = gate(thread);
    const body = {
      assistant_id: "slow",
      input: { gate: thread },
      stream_mode: ["custom", "updates", "values"],
    };
    const { run_id } = await startRun(server, thread, body);
    const path = `/threads/${thread}/runs/${run_id}/stream`;
    const early = [join(path), join(path), join(path)];
    await at.entered;
    const late = [join(path), join(path)];
    at.release();
    const seen = await Promise.all([...early, ...late]);
    const after = await join(path);
    expect(names(after).at(-1)).toBe("end");
    expect(after.length).toBeGreaterThan(8);
    for (const events of seen) expect(events).toEqual(after);
  });

  it("loses nothing between replay and live", async () => {
    const thread = await newThread(server);
    const at = gate(thread);
    const body = {
      assistant_id: "slow",
      input: { gate: thread },
      stream_mode: ["custom", "updates"],
    };
    const response = await server.post(`/threads/${thread}/runs/stream`, body);
    const path = response.headers.get("location") ?? "";
    const reader = new SseReader(response);
    const first = await reader.until(({ data }) => data.at === "begin");
    await reader.cancel();
    await at.entered;
    const resumed = join(path, { "last-event-id": first.at(-1)?.id ?? "" });
    at.release();
    expect([...first, ...(await resumed)]).toEqual(await join(path));
  });

  it("sends the modes the joiner asks for, whatever the run was started with", async () => {
    const { location, events } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: "updates",
    });
    const values = await join(`${location}?stream_mode=values`);
    expect(new Set(names(values))).toEqual(new Set(["metadata", "values", "end"]));
    expect(of(values, "values").at(-1).messages).toHaveLength(4);
    const two = await join(`${location}?stream_mode=updates&stream_mode=messages-tuple`);
    expect(two.filter(({ event }) => event !== "messages")).toEqual(events);
    expect(of(two, "messages").length).toBeGreaterThan(3);
    await refusal(server.get(`${location}?stream_mode=nope`), 422);
  });

  it("replays the states of each step, not the newest one", async () => {
    const { location, events } = await stream({ assistant_id: "slow", input: { gate: "open" } });
    const replayed = of(await join(location), "values").map(({ steps }) => steps?.length ?? 0);
    expect(replayed).toEqual([0, 1, 2, 3]);
    expect(of(events, "values")).toEqual(of(await join(location), "values"));
  });

  it("replays states that no checkpoint holds", async () => {
    const input = { gate: "open" };
    const { location, events } = await stream({ assistant_id: "slow", input, durability: "exit" });
    expect(of(events, "values").map(({ steps }) => steps?.length ?? 0)).toEqual([0, 1, 2, 3]);
    expect(await join(location)).toEqual(events);
  });

  it("answers 404 for an unknown run", async () => {
    await refusal(server.get(`/threads/${await newThread(server)}/runs/${NOBODY}/stream`), 404);
    await refusal(server.get(`/runs/${NOBODY}/stream`), 404);
  });
});

describe("stateless streams", () => {
  it("can be joined again by the path they name", async () => {
    const response = await server.post("/runs/stream", {
      assistant_id: "slow",
      input: { gate: "open" },
    });
    const path = response.headers.get("location") ?? "";
    expect(path).toMatch(/^\/runs\/[\da-f-]{36}\/stream$/);
    expect(response.headers.get("content-location")).toBe(path.replace(/\/stream$/, ""));
    const events = await readEvents(response);
    expect(names(events)).toEqual(["metadata", "values", "values", "values", "values", "end"]);
    expect(await join(path)).toEqual(events);
  });
});

describe("subgraphs", () => {
  const run = (body: object = {}) =>
    stream({
      assistant_id: "nested",
      input: { word: "w" },
      stream_mode: ["updates", "values"],
      ...body,
    });

  it("are named by node and task when they are asked for", async () => {
    const { events } = await run({ stream_subgraphs: true });
    const inner = names(events).filter((name) => name.startsWith("updates|"));
    expect(inner).toHaveLength(2);
    for (const name of inner) expect(name).toMatch(/^updates\|branch:[\da-f-]{36}$/);
    expect(new Set(inner).size).toBe(1);
    expect(names(events).filter((name) => name === "updates")).toHaveLength(2);
    expect(new Set(names(events).map((name) => name.split("|")[0]))).toEqual(
      new Set(["metadata", "updates", "values", "end"]),
    );
  });

  it("are left out when they are not", async () => {
    const { events } = await run();
    expect(names(events).filter((name) => name.includes("|"))).toEqual([]);
  });

  it("leave the values of the thread to the root", async () => {
    const { thread, location, events } = await run({ stream_subgraphs: true });
    const expected = { word: "w!", above: "top w!" };
    expect((await threadOf(server, thread)).values).toEqual(expected);
    expect(of(events, "values").at(-1)).toEqual(expected);
    expect(await join(location)).toEqual(events);
  });
});
