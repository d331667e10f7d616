/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOBODY, okJson, refusal } from "../support/calls.ts";
import { OWN_GRAPHS, type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

/** UUIDv5 of "agent" in the namespace of the contract, verified against the reference. */
const AGENT_ID = "fe096781-5601-53d2-b2f6-0d3403f7e9ca";

const echoId = async () => (await okJson(server.get("/assistants/echo"))).assistant_id;

describe("system assistants", () => {
  it("are one for each graph, made by the system", async () => {
    const found = await okJson(server.post("/assistants/search", { limit: 100 }));
    expect(found.map(({ graph_id }: { graph_id: string }) => graph_id).toSorted()).toEqual(
      server.ctx.graphs.ids().toSorted(),
    );
    const echo = found.find(({ graph_id }: { graph_id: string }) => graph_id === "echo");
    expect(echo).toMatchObject({
      name: "echo",
      description: "Repeats what it hears.",
      metadata: { created_by: "system" },
      config: {},
      context: {},
      version: 1,
    });
  });

  it("have the id that clients compute from the graph's name", async () => {
    const { systemAssistantId } = await import("../../src/core/ids.ts");
    expect(systemAssistantId("agent")).toBe(AGENT_ID);
    expect(await echoId()).toBe(systemAssistantId("echo"));
  });

  it("are found by id and by the name of the graph", async () => {
    const byName = await okJson(server.get("/assistants/echo"));
    expect(await okJson(server.get(`/assistants/${byName.assistant_id}`))).toEqual(byName);
  });

  it.each(["nobody", NOBODY, "..%2F..%2Fetc", "%00", "*", "a".repeat(150)])(
    "are not found by %s",
    async (id) => {
      await refusal(server.get(`/assistants/${id}`), 404);
      await refusal(server.get(`/assistants/${id}/schemas`), 404);
      await refusal(server.get(`/assistants/${id}/graph`), 404);
    },
  );

  it("refuse an id of absurd length", async () => {
    await refusal(server.get(`/assistants/${"a".repeat(5000)}`), 422);
  });
});

describe("POST /assistants/search", () => {
  const search = async (body: object) => {
    const response = await server.post("/assistants/search", body);
    const found = await okJson(response);
    return {
      found,
      ids: found.map(({ graph_id }: { graph_id: string }) => graph_id),
      total: response.headers.get("x-pagination-total"),
      next: response.headers.get("x-pagination-next"),
    };
  };

  it("filters by graph, by part of the name and by metadata", async () => {
    expect((await search({ graph_id: "echo" })).ids).toEqual(["echo"]);
    expect((await search({ name: "ASK", sort_by: "name", sort_order: "asc" })).ids).toEqual([
      "ask",
      "ask-two",
      "nested-ask",
    ]);
    expect((await search({ metadata: { created_by: "system" }, graph_id: "talk" })).ids).toEqual([
      "talk",
    ]);
    expect(await search({ metadata: { created_by: "me" } })).toMatchObject({ ids: [], total: "0" });
  });

  it("takes wildcards of the database as plain characters", async () => {
    expect((await search({ name: "%" })).ids).toEqual([]);
    expect((await search({ name: "a_k" })).ids).toEqual([]);
    expect((await search({ name: "' or 1=1 --" })).ids).toEqual([]);
  });

  it("pages and selects", async () => {
    const page = await search({ limit: 4, sort_by: "graph_id", sort_order: "asc" });
    expect(page).toMatchObject({
      ids: ["annotated", "ask", "ask-two", "broken"],
      total: String(server.ctx.graphs.ids().length),
      next: "4",
    });
    const { found } = await search({ graph_id: "echo", select: ["name"] });
    expect(found).toEqual([{ name: "echo" }]);
  });
});

describe("GET /assistants/:id/schemas", () => {
  it("describes input, output, state and context of a zod graph", async () => {
    const schemas = await okJson(server.get(`/assistants/${await echoId()}/schemas`));
    expect(schemas.graph_id).toBe("echo");
    for (const key of ["input_schema", "output_schema", "state_schema"])
      expect(Object.keys(schemas[key].properties), key).toEqual(
        expect.arrayContaining(["messages", "note"]),
      );
    expect(schemas.context_schema.properties).toMatchObject({
      tone: { type: "string" },
      level: { type: "number" },
    });
    expect(schemas.config_schema).toEqual(schemas.context_schema);
  });

  it("describes the context of the product's own chat graph", async () => {
    await using own = await testServer({ langgraph: OWN_GRAPHS });
    const { state_schema, context_schema } = await okJson(own.get("/assistants/chat/schemas"));
    expect(Object.keys(state_schema.properties)).toContain("messages");
    expect(Object.keys(context_schema.properties).toSorted()).toEqual([
      "collection",
      "history_messages",
      "history_tokens",
      "language",
      "long_term_memory",
      "max_tokens",
      "model",
      "model_parameters",
      "no_think",
      "prompt",
      "summary_model",
      "system_prompt",
      "temperature",
      "thinking_budget",
      "thinking_effort",
      "tool_policy",
      "tools",
    ]);
  });

  it("describes plain zod objects, each side by its own schema", async () => {
    const schemas = await okJson(server.get("/assistants/plain/schemas"));
    expect(schemas.state_schema.properties.topic).toMatchObject({
      type: "string",
      description: "What it is about",
    });
    expect(Object.keys(schemas.input_schema.properties)).toEqual(["topic"]);
    expect(Object.keys(schemas.output_schema.properties)).toEqual(["lines"]);
    expect(schemas.context_schema.properties.tone).toMatchObject({ enum: ["calm", "loud"] });
  });

  it("names the channels of a state that has no schema", async () => {
    const schemas = await okJson(server.get("/assistants/annotated/schemas"));
    expect(schemas).toMatchObject({
      graph_id: "annotated",
      state_schema: { type: "object", properties: { topic: {}, lines: {} } },
      context_schema: {},
    });
  });

  it("answers a request that says it has JSON but has no body", async () => {
    const json = { "content-type": "application/json" };
    expect((await server.get("/assistants/plain/schemas", json)).status).toBe(200);
  });

  it("says why a graph cannot be used", async () => {
    const body = await refusal(server.get("/assistants/broken/schemas"), 422);
    expect(body.code).toBe("graph_unavailable");
    expect(body.detail).toContain("the module is broken");
  });
});

describe("GET /assistants/:id/graph", () => {
  const nodeIds = async (query: string) => {
    const { nodes } = await okJson(server.get(`/assistants/nested/graph${query}`));
    return nodes.map(({ id }: { id: unknown }) => id);
  };

  it("draws nodes and edges", async () => {
    const { nodes, edges } = await okJson(server.get("/assistants/slow/graph"));
    expect(nodes.map(({ id }: { id: string }) => id)).toEqual([
      "__start__",
      "begin",
      "wait",
      "end",
      "__end__",
    ]);
    expect(edges).toContainEqual(expect.objectContaining({ source: "begin", target: "wait" }));
  });

  it("draws what is inside a subgraph with xray", async () => {
    for (const query of ["", "?xray=false", "?xray=0"])
      expect(await nodeIds(query), query).toEqual(["__start__", "branch", "top", "__end__"]);
    for (const query of ["?xray=true", "?xray=1", "?xray=2"])
      expect(await nodeIds(query), query).toContain("branch:leaf");
  });

  it("refuses an xray that is neither a flag nor a depth", async () => {
    await refusal(server.get("/assistants/nested/graph?xray=deep"), 422);
  });
});

describe("GET /assistants/:id/subgraphs", () => {
  const subgraphs = (query: string) => okJson(server.get(`/assistants/deep/subgraphs${query}`));

  it("describes the subgraphs, with those inside them on recurse", async () => {
    const direct = await subgraphs("");
    expect(Object.keys(direct)).toEqual(["outer"]);
    expect(direct.outer.graph_id).toBe("deep");
    expect(Object.keys(direct.outer.state_schema.properties)).toEqual(["topic", "lines"]);
    const all = await subgraphs("?recurse=true");
    expect(Object.keys(all)).toEqual(["outer", "outer|inner"]);
    expect(Object.keys(all["outer|inner"].output_schema.properties)).toEqual(["lines"]);
  });

  it("describes the subgraph of one namespace", async () => {
    expect(Object.keys(await subgraphs("/outer"))).toEqual(["outer"]);
    expect(Object.keys(await subgraphs(`/${encodeURIComponent("outer|inner")}`))).toEqual([
      "outer|inner",
    ]);
    expect(await subgraphs("/nowhere")).toEqual({});
    expect(await okJson(server.get("/assistants/echo/subgraphs"))).toEqual({});
  });
});

describe("graphs of other shapes", () => {
  const said = async (body: object) =>
    (await okJson(server.post("/runs/wait", { input: {}, ...body }))).said;

  it("runs a builder that was not compiled", async () => {
    expect(await said({ assistant_id: "builder" })).toBe("built");
  });

  it("calls a factory with the config of the run", async () => {
    const config = { configurable: { word: "care" } };
    expect(await said({ assistant_id: "factory", config })).toBe("made with care");
    expect(await said({ assistant_id: "factory" })).toBe("made with nothing");
  });

  it("draws and describes a graph that a factory makes", async () => {
    const { nodes } = await okJson(server.get("/assistants/factory/graph"));
    expect(nodes).toHaveLength(3);
    expect((await okJson(server.get("/assistants/factory/schemas"))).state_schema).not.toBeNull();
  });
});

describe("the agents of the Agent Protocol", () => {
  it("are the assistants under its names", async () => {
    const made = { graph_id: "echo", name: "Agent Echo", metadata: { kind: "agent" } };
    const { assistant_id: agent_id } = await okJson(server.post("/assistants", made));
    const agent = {
      agent_id,
      name: "Agent Echo",
      description: "",
      metadata: expect.objectContaining({ kind: "agent" }),
      capabilities: { "ap.io.messages": true, "ap.io.streaming": true },
    };
    const found = await server.post("/agents/search", { metadata: { kind: "agent" } });
    expect(found.headers.get("x-pagination-total")).toBe("1");
    expect(await okJson(found)).toEqual([agent]);
    expect(await okJson(server.get(`/agents/${agent_id}`))).toEqual(agent);
    const schemas = await okJson(server.get("/agents/echo/schemas"));
    expect(schemas.input_schema.properties).toHaveProperty("messages");
    await refusal(server.get("/agents/nobody"), 404);
    const broken = await okJson(server.get("/agents/broken"));
    expect(broken.capabilities).toEqual({ "ap.io.messages": false, "ap.io.streaming": true });
  });
});
