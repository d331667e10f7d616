import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  names,
  newThread,
  okJson,
  runWait,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { readEvents } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

const stateOf = (thread: string) => okJson(server.get(`/threads/${thread}/state`));
const runsOf = (thread: string) => okJson(server.get(`/threads/${thread}/runs`));

async function asked(assistant_id = "ask", input: object = human("go")) {
  const thread = await newThread(server);
  const values = await runWait(server, thread, { assistant_id, input });
  return { thread, values };
}

describe("a graph that asks", () => {
  it("ends its run well, and its thread waits", async () => {
    const { thread, values } = await asked();
    expect(values.__interrupt__).toEqual([
      expect.objectContaining({ id: expect.any(String), value: { question: "sure?" } }),
    ]);
    expect(values.messages).toHaveLength(1);
    expect((await runsOf(thread))[0]).toMatchObject({ status: "success", error: null });
    const state = await stateOf(thread);
    expect(state.next).toEqual(["ask"]);
    const [task] = state.tasks;
    expect(task).toMatchObject({ name: "ask", interrupts: values.__interrupt__ });
    expect(await threadOf(server, thread)).toMatchObject({
      status: "interrupted",
      interrupts: { [task.id]: values.__interrupt__ },
    });
  });

  it("is found among the interrupted threads", async () => {
    const { thread } = await asked();
    const found = await okJson(
      server.post("/threads/search", { status: "interrupted", limit: 100 }),
    );
    expect(found.map(({ thread_id }: Loose) => thread_id)).toContain(thread);
  });

  it("tells it in the stream, in updates and in values", async () => {
    const thread = await newThread(server);
    const response = await server.post(`/threads/${thread}/runs/stream`, {
      assistant_id: "ask",
      input: human("go"),
      stream_mode: ["updates", "values"],
    });
    const events = await readEvents(response);
    expect(names(events).at(-1)).toBe("end");
    expect(names(events)).not.toContain("error");
    const telling = events.filter(({ data }) => data.__interrupt__);
    expect(new Set(names(telling))).toEqual(new Set(["updates", "values"]));
    for (const { data } of telling)
      expect(data.__interrupt__[0].value).toEqual({ question: "sure?" });
    expect(events.at(-1)?.data.status).toBe("success");
  });

  it("goes on with the answer, and nothing waits any more", async () => {
    const { thread } = await asked();
    const values = await runWait(server, thread, {
      assistant_id: "ask",
      command: { resume: "yes" },
    });
    expect(values.answers).toEqual(["yes"]);
    expect(values).not.toHaveProperty("__interrupt__");
    expect(await threadOf(server, thread)).toMatchObject({ status: "idle", interrupts: {} });
    expect((await stateOf(thread)).tasks).toEqual([]);
  });

  it.each([[false], [0], [""], [null], [{ decisions: [{ type: "approve" }] }], [["a", 1]]])(
    "takes %j for an answer",
    async (resume) => {
      const { thread } = await asked();
      const values = await runWait(server, thread, { assistant_id: "ask", command: { resume } });
      expect(values.answers).toEqual([resume]);
    },
  );

  it("listens to the command where an input comes too", async () => {
    const { thread } = await asked();
    const values = await runWait(server, thread, {
      assistant_id: "ask",
      input: {},
      command: { resume: "yes" },
    });
    expect(values.answers).toEqual(["yes"]);
    expect(values.messages.filter(({ type }: Loose) => type === "human")).toHaveLength(1);
  });

  it("takes the input of an empty command", async () => {
    const { thread } = await asked();
    const values = await runWait(server, thread, {
      assistant_id: "ask",
      input: human("new"),
      command: null,
    });
    expect(values.messages.map(({ content }: Loose) => content)).toContain("new");
  });

  it("starts anew with a plain input, and asks again", async () => {
    const { thread, values } = await asked();
    const again = await runWait(server, thread, { assistant_id: "ask", input: human("once more") });
    expect(again.__interrupt__).toHaveLength(1);
    expect(again.messages).toHaveLength(values.messages.length + 1);
  });

  it("takes one answer for each of several questions, by their ids", async () => {
    const { thread, values } = await asked("ask-two", {});
    expect(values.__interrupt__.map(({ value }: Loose) => value).toSorted()).toEqual([
      "left?",
      "right?",
    ]);
    expect(Object.keys((await threadOf(server, thread)).interrupts)).toHaveLength(2);
    const resume = Object.fromEntries(
      values.__interrupt__.map(({ id, value }: Loose) => [id, `answer to ${value}`]),
    );
    const end = await runWait(server, thread, { assistant_id: "ask-two", command: { resume } });
    expect(end).toEqual({ left: "answer to left?", right: "answer to right?" });
  });

  it("inside another graph asks by way of it", async () => {
    const thread = await newThread(server);
    const values = await runWait(server, thread, {
      assistant_id: "nested-ask",
      input: { word: "w" },
    });
    expect(values.__interrupt__[0].value).toBe("which?");
    expect((await threadOf(server, thread)).status).toBe("interrupted");
    const end = await runWait(server, thread, {
      assistant_id: "nested-ask",
      command: { resume: "that" },
    });
    expect(end).toEqual({ word: "w", above: "top w" });
    expect(await threadOf(server, thread)).toMatchObject({ status: "idle", interrupts: {} });
  });
});

describe("a text that only says __interrupt__", () => {
  it("is no interrupt", async () => {
    const thread = await newThread(server);
    const values = await runWait(server, thread, {
      assistant_id: "echo",
      input: { ...human('{"__interrupt__":[]}'), note: "__interrupt__" },
    });
    expect(values).not.toHaveProperty("__interrupt__");
    expect((await threadOf(server, thread)).status).toBe("idle");
  });
});

describe("breakpoints", () => {
  gate("open").release();
  const slow = { assistant_id: "slow", input: { gate: "open" } };

  it("stop before a node, with nothing to answer", async () => {
    const thread = await newThread(server);
    const values = await runWait(server, thread, { ...slow, interrupt_before: ["wait"] });
    expect(values.steps).toEqual(["begin open"]);
    expect(values.__interrupt__).toEqual([]);
    expect(await threadOf(server, thread)).toMatchObject({ status: "interrupted", interrupts: {} });
    expect((await stateOf(thread)).next).toEqual(["wait"]);
    const end = await runWait(server, thread, { assistant_id: "slow", input: null });
    expect(end.steps).toHaveLength(3);
    expect((await threadOf(server, thread)).status).toBe("idle");
  });

  it("stop after a node", async () => {
    const thread = await newThread(server);
    const values = await runWait(server, thread, { ...slow, interrupt_after: ["wait"] });
    expect(values.steps).toHaveLength(2);
    expect((await stateOf(thread)).next).toEqual(["end"]);
  });

  it("stop before each node with a star", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { ...slow, interrupt_before: "*" });
    const seen: string[] = [];
    for (let state = await stateOf(thread); state.next.length > 0; state = await stateOf(thread)) {
      seen.push(...state.next);
      await runWait(server, thread, { assistant_id: "slow", input: null, interrupt_before: "*" });
    }
    expect(seen).toEqual(["begin", "wait", "end"]);
  });
});

describe("commands", () => {
  it("write into the state and choose the next node", async () => {
    gate("open").release();
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "slow", input: { gate: "open" } });
    const values = await runWait(server, thread, {
      assistant_id: "slow",
      command: { update: { steps: ["by hand"] }, goto: "end" },
    });
    expect(values.steps).toEqual(["by hand", "end open"]);
  });

  it("send a node an input of its own", async () => {
    const thread = await newThread(server);
    const goto = { node: "end", input: { gate: "sent", steps: ["given"] } };
    const values = await runWait(server, thread, { assistant_id: "slow", command: { goto } });
    expect(values.steps).toEqual(["given", "end sent"]);
  });
});
