import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, type Loose, names, newThread } from "../support/calls.ts";
import { readEvents, type SseEvent } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function stream(body: object): Promise<{ path: string; events: SseEvent[] }> {
  const thread = await newThread(server);
  const response = await server.post(`/threads/${thread}/runs/stream`, body);
  return { path: response.headers.get("location") ?? "", events: await readEvents(response) };
}

const join = async (path: string) => readEvents(await server.get(path));
const of = (events: SseEvent[], event: string): Loose[] =>
  events.filter((one) => one.event === event).map(({ data }) => data);

describe("mode events", () => {
  const talk = { assistant_id: "talk", input: human("2+3") };

  it("tells all that runs in the graph, with messages as flat dicts", async () => {
    const { events } = await stream({ ...talk, stream_mode: "events" });
    expect(new Set(names(events))).toEqual(new Set(["metadata", "events", "end"]));
    const told = of(events, "events");
    const kinds = told.map(({ event }) => event);
    expect(kinds[0]).toBe("on_chain_start");
    expect(kinds).toEqual(
      expect.arrayContaining(["on_chat_model_stream", "on_tool_start", "on_tool_end"]),
    );
    const chunks = told.filter(({ event }) => event === "on_chat_model_stream");
    expect(chunks.map(({ data }) => data.chunk.content).join("")).toBe("The sum is 5.");
    expect(chunks[0]).toMatchObject({
      run_id: expect.any(String),
      metadata: { langgraph_node: "think" },
      data: { chunk: { type: "ai", id: expect.any(String) } },
    });
    expect(JSON.stringify(told)).not.toContain('"lc":');
  });

  it("leaves the other modes as they are without it", async () => {
    const modes = ["values", "updates", "messages-tuple"];
    const { events: plain } = await stream({ ...talk, stream_mode: modes });
    const { path, events } = await stream({ ...talk, stream_mode: [...modes, "events"] });
    const others = events.filter(({ event }) => event !== "events");
    expect(names(others)).toEqual(names(plain));
    expect(others.filter(({ event }) => event === "updates").length).toBe(3);
    // On replay it is the same, from the first to the last.
    expect(await join(path)).toEqual(events);
  });

  it("says in a warning that a run was not started with it", async () => {
    const { path } = await stream(talk);
    const response = await server.get(`${path}?stream_mode=events,updates`);
    expect(response.headers.get("warning")).toContain("stream_mode.events");
    expect(new Set(names(await readEvents(response)))).toEqual(
      new Set(["metadata", "updates", "end"]),
    );
  });

  it("tells the failure of a graph as every other mode does", async () => {
    const { events } = await stream({ assistant_id: "failing", input: {}, stream_mode: "events" });
    expect(of(events, "error")).toEqual([{ error: "BoomError", message: "it went boom" }]);
  });

  it("interrupts as every other mode does", async () => {
    const { events } = await stream({
      assistant_id: "ask",
      input: {},
      stream_mode: ["events", "updates"],
    });
    expect(of(events, "updates").at(-1).__interrupt__).toHaveLength(1);
    expect(of(events, "end")[0].status).toBe("success");
  });
});

describe("mode tools", () => {
  it("tells when a tool starts and ends", async () => {
    const { events } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: "tools",
    });
    const told = of(events, "tools");
    expect(told.map(({ event }) => event)).toEqual(["on_tool_start", "on_tool_end"]);
    expect(told[0]).toMatchObject({ name: "add" });
  });
});

describe("namespaces of a join", () => {
  const nested = { assistant_id: "nested", input: { word: "w" }, stream_mode: "updates" };

  it("send only what comes from there, though the run was started without subgraphs", async () => {
    const { path, events } = await stream(nested);
    expect(names(events).filter((name) => name.startsWith("updates|"))).toEqual([]);
    const inner = names(await join(`${path}?namespace=branch`));
    expect(inner.slice(1, -1)).toEqual([
      expect.stringMatching(/^updates\|branch:/),
      expect.stringMatching(/^updates\|branch:/),
    ]);
    const whole = String(inner[1]).slice("updates|".length);
    expect(names(await join(`${path}?namespace=${encodeURIComponent(whole)}`))).toEqual(inner);
    expect(names(await join(`${path}?namespace=top`))).toEqual(["metadata", "end"]);
  });

  it("may be several, the root among them", async () => {
    const { path } = await stream(nested);
    expect(names(await join(`${path}?namespace=&namespace=branch`))).toHaveLength(6);
  });

  it("hold for messages too", async () => {
    const { path } = await stream({
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ["messages-tuple", "messages"],
    });
    expect(names(await join(`${path}?namespace=elsewhere`))).toEqual(["metadata", "end"]);
    expect(names(await join(`${path}?namespace=`)).length).toBeGreaterThan(8);
  });
});
