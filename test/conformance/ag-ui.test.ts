// The bridge of CopilotKit to LangGraph, with the verifier of AG-UI's own client, against a real port.
import type { BaseEvent } from "@ag-ui/core";
import { LangGraphAgent } from "@ag-ui/langgraph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function agentOf(graphId: string) {
  const events: Loose[] = [];
  const agent = new LangGraphAgent({ deploymentUrl: server.url, graphId });
  agent.subscribe({ onEvent: ({ event }: { event: BaseEvent }) => void events.push(event) });
  return { agent, events };
}

const typesOf = (events: Loose[]): string[] => events.map(({ type }) => type);

describe("LangGraphAgent of @ag-ui/langgraph", () => {
  it("makes its thread, and streams tool calls and text as AG-UI has them", async () => {
    const { agent, events } = agentOf("talk");
    agent.addMessage({ id: "m1", role: "user", content: "2+3" });
    await agent.runAgent();
    const types = typesOf(events);
    expect(types[0]).toBe("RUN_STARTED");
    expect(types.at(-1)).toBe("RUN_FINISHED");
    expect(types).toEqual(
      expect.arrayContaining(["TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END"]),
    );
    const said = events.filter(({ type }) => type === "TEXT_MESSAGE_CONTENT");
    expect(said.map(({ delta }) => delta).join("")).toBe("The sum is 5.");
    const { messages } = events.findLast(({ type }) => type === "MESSAGES_SNAPSHOT");
    expect(messages.map(({ role }: Loose) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
    ]);
  });

  it("goes on with its thread", async () => {
    const { agent } = agentOf("echo");
    for (const content of ["one", "two"]) {
      agent.addMessage({ id: content, role: "user", content });
      await agent.runAgent();
    }
    expect(agent.messages.map(({ content }) => content)).toEqual([
      "one",
      "echo: one",
      "two",
      "echo: two",
    ]);
  });

  it("hands a question out, and takes the answer", async () => {
    const { agent, events } = agentOf("ask");
    await agent.runAgent();
    const question = events.find(({ type, name }) => type === "CUSTOM" && name === "on_interrupt");
    expect(JSON.stringify(question)).toContain("sure?");
    events.length = 0;
    await agent.runAgent({ forwardedProps: { command: { resume: "yes" } } });
    expect(typesOf(events).at(-1)).toBe("RUN_FINISHED");
    expect(agent.messages.at(-1)).toMatchObject({ role: "assistant", content: "thanks" });
  });
});
