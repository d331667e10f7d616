// The requests that clients of the ecosystem make, in their order and with their oddities.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, type Loose, NOBODY, okJson, refusal } from "../support/calls.ts";
import { readEvents } from "../support/sse.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const stream = async (path: string, body: object) => readEvents(await server.post(path, body));
const kinds = (events: { event: string }[]) =>
  new Set(events.map(({ event }) => event.split("|", 1)[0]));

describe("agent-chat-ui and the older useStream", () => {
  const submit = {
    assistant_id: "ask",
    stream_mode: ["values", "messages-tuple", "custom"],
    stream_subgraphs: true,
    stream_resumable: true,
    on_disconnect: "continue",
  };

  it("checks the server, runs, resumes with both input and command, and reads its threads", async () => {
    const headers = { "x-api-key": "none", "x-auth-scheme": "langsmith" };
    expect((await server.get("/info", headers)).status).toBe(200);
    const { thread_id } = await okJson(server.post("/threads", { metadata: {} }));
    const first = await stream(`/threads/${thread_id}/runs/stream`, { ...submit, input: {} });
    expect(first.some(({ data }) => data?.__interrupt__)).toBe(true);
    const [newest] = await okJson(server.post(`/threads/${thread_id}/history`, { limit: 10 }));
    const { checkpoint_id, checkpoint_ns } = newest.checkpoint;
    const second = await stream(`/threads/${thread_id}/runs/stream`, {
      ...submit,
      input: {},
      command: { resume: "yes" },
      checkpoint: { checkpoint_id, checkpoint_ns, checkpoint_map: null },
    });
    expect(second.at(-1)?.data.status).toBe("success");
    expect(second.some(({ data }) => data?.__interrupt__)).toBe(false);
    const [thread] = await okJson(
      server.post("/threads/search", { metadata: { graph_id: "ask" }, limit: 100 }),
    );
    expect(thread).toMatchObject({ thread_id, status: "idle" });
    const { assistant_id } = thread.metadata;
    const byAssistant = { metadata: { assistant_id }, limit: 100 };
    expect(await okJson(server.post("/threads/search", byAssistant))).toHaveLength(1);
  });
});

describe("deep-agents-ui", () => {
  it("finds its assistant, stops before a node, edits the state there and goes on", async () => {
    const search = { graph_id: "nested", limit: 10, metadata: { created_by: "system" } };
    const [{ assistant_id }] = await okJson(server.post("/assistants/search", search));
    await okJson(server.get(`/assistants/${assistant_id}`));
    const { thread_id } = await okJson(server.post("/threads", {}));
    const body = { assistant_id, config: { recursion_limit: 100 }, stream_mode: "values" };
    const path = `/threads/${thread_id}/runs/stream`;
    await stream(path, { ...body, input: { word: "w" }, interrupt_before: ["top"] });
    const { next, checkpoint } = await okJson(server.get(`/threads/${thread_id}/state`));
    expect(next).toEqual(["top"]);
    const edit = { values: { word: "edited" } };
    await okJson(server.post(`/threads/${thread_id}/state`, edit));
    const after = await stream(path, { ...body, input: null });
    expect(after.at(-2)?.data.above).toBe("top edited");
    const forked = await stream(path, { ...body, input: null, checkpoint });
    expect(forked.at(-2)?.data.above).toBe("top w!");
  });
});

describe("assistant-ui react-langgraph", () => {
  it("asks for mode messages and gets its three events, and none it did not ask for", async () => {
    const events = await stream("/runs/stream", {
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ["messages", "updates"],
      stream_subgraphs: true,
    });
    expect(kinds(events)).toEqual(
      new Set([
        "metadata",
        "messages/metadata",
        "messages/partial",
        "messages/complete",
        "updates",
        "end",
      ]),
    );
  });
});

describe("@ag-ui/langgraph", () => {
  it("makes its thread when it is not there, reads schemas and graph, and streams events", async () => {
    await okJson(server.post("/assistants/search", {}));
    await refusal(server.get(`/threads/${NOBODY}`), 404);
    const thread_id = crypto.randomUUID();
    await okJson(server.post("/threads", { thread_id }));
    expect((await okJson(server.get(`/threads/${thread_id}/state`))).values).toEqual({});
    const schemas = await okJson(server.get("/assistants/talk/schemas"));
    expect(Object.keys(schemas.input_schema.properties)).toContain("messages");
    await okJson(server.get("/assistants/talk/graph"));
    const events = await stream(`/threads/${thread_id}/runs/stream`, {
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ["events", "values", "updates", "messages-tuple"],
    });
    expect(kinds(events)).toEqual(
      new Set(["metadata", "events", "values", "updates", "messages", "end"]),
    );
    const told = events.filter(({ event }) => event === "events").map(({ data }) => data.event);
    expect(told).toContain("on_chat_model_stream");
    await okJson(server.post(`/threads/${thread_id}/history`, { limit: 5 }));
  });
});

describe("LangGraph Studio", () => {
  it("sends JSON as text, asks before it calls from its page, and draws with subgraphs", async () => {
    const preflight = await server.request("/assistants/search", {
      method: "OPTIONS",
      headers: {
        origin: "https://smith.langchain.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-auth-scheme",
        "access-control-request-private-network": "true",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-private-network")).toBe("true");
    const text = { "content-type": "text/plain;charset=UTF-8" };
    const found = await okJson(server.post("/assistants/search", { graph_id: "deep" }, text));
    expect(found).toHaveLength(1);
    const { nodes } = await okJson(server.get("/assistants/nested/graph?xray=true"));
    expect(nodes.map(({ id }: Loose) => id)).toContain("branch:leaf");
  });
});
