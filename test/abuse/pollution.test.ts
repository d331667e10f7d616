import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readLanggraphFile } from "../../src/config/langgraph-file.ts";
import { newThread, okJson } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { testServer } from "../support/test-server.ts";

const polluted = (): boolean => "polluted" in {} || "polluted" in Object || "polluted" in [];
afterEach(() => {
  if (polluted()) throw new Error("a prototype was polluted");
});

/** What __proto__ is refused for at the door, by other names. */
const CONSTRUCTOR = { constructor: { prototype: { polluted: true } }, prototype: { polluted: 1 } };

describe("A5: keys that mean something to JavaScript", () => {
  it("are plain data in metadata, config, context, input, state and store", async () => {
    await using server = await testServer();
    const thread = await newThread(server, { metadata: CONSTRUCTOR });
    const { metadata } = await okJson(server.get(`/threads/${thread}`));
    expect(metadata).toEqual(CONSTRUCTOR);
    const run = {
      assistant_id: "echo",
      input: { note: "x" },
      config: { configurable: CONSTRUCTOR, ...CONSTRUCTOR },
      context: CONSTRUCTOR,
      metadata: CONSTRUCTOR,
    };
    await okJson(server.post(`/threads/${thread}/runs/wait`, run));
    await okJson(
      server.post("/assistants", { graph_id: "echo", context: CONSTRUCTOR, config: CONSTRUCTOR }),
    );
    const item = { namespace: ["constructor", "__proto__"], key: "__proto__", value: CONSTRUCTOR };
    expect((await server.put("/store/items", item)).status).toBe(204);
    const found = await okJson(server.post("/store/items/search", { namespace_prefix: [] }));
    expect(found.items).toMatchObject([item]);
    for (const filter of [{ constructor: 1 }, CONSTRUCTOR])
      await okJson(server.post("/threads/search", { metadata: filter, values: {} }));
    await okJson(server.post(`/threads/${thread}/state`, { values: CONSTRUCTOR }));
    const { values } = await okJson(server.get(`/threads/${thread}/state`));
    expect(Object.keys(values)).not.toContain("constructor");
  });

  it("are no graphs, and no settings of langgraph.json", () => {
    using folder = project();
    const path = join(folder.path, "poisoned.json");
    const read = (text: string) => {
      writeFileSync(path, text);
      return readLanggraphFile(path);
    };
    for (const text of [
      '{"graphs":{"__proto__":"./x.ts:graph"}}',
      '{"graphs":{},"__proto__":{"polluted":true}}',
      '{"graphs":{},"http":{"__proto__":{"disable_store":true}}}',
      '{"graphs":{},"env":{"__proto__":"x"}}',
    ])
      expect(() => read(text)).toThrow(/__proto__: this key is not allowed/);
    const { graphs, ignored } = read('{"graphs":{},"constructor":{"prototype":{"polluted":1}}}');
    expect({ graphs, ignored }).toEqual({ graphs: [], ignored: ["constructor"] });
  });

  it("are arguments like others where a model calls a tool with them", async () => {
    const graph = `
      import { AIMessage } from "@langchain/core/messages";
      import { tool } from "@langchain/core/tools";
      import { MessagesAnnotation, StateGraph } from "@langchain/langgraph";
      import { ToolNode } from "@langchain/langgraph/prebuilt";

      const args = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
      const schema = { type: "object", properties: {}, additionalProperties: true };
      const say = tool((given) => Object.keys(given).join(), { name: "say", description: "Says.", schema });
      export const graph = new StateGraph(MessagesAnnotation)
        .addNode("ask", () => ({ messages: [new AIMessage({ content: "", tool_calls: [{ id: "c", name: "say", args }] })] }))
        .addNode("tools", new ToolNode([say]))
        .addEdge("__start__", "ask")
        .addEdge("ask", "tools")
        .compile();
    `;
    using folder = project({ graphs: { odd: "./odd.ts:graph" } }, { "odd.ts": graph });
    await using server = await testServer({ langgraph: folder.langgraph });
    const thread = await newThread(server);
    const run = { assistant_id: "odd", input: { messages: [] } };
    const { messages } = await okJson(server.post(`/threads/${thread}/runs/wait`, run));
    expect(messages.at(-1)).toMatchObject({ type: "tool", status: "success" });
    await okJson(server.get(`/threads/${thread}/history`));
  });
});
