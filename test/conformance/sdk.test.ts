import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type Message } from "@langchain/langgraph-sdk";
import { MessageTupleManager } from "@langchain/langgraph-sdk/ui";
import { Command } from "@langchain/langgraph";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";

const DEMO = { model: "kagari-demo", server_type: "demo", input_tokens: 32768, out_tokens: 4096 };

const folder = tempFolder();
let server: SpawnedServer;
let client: Client;

beforeAll(async () => {
  const model = (id: string, fields: object) =>
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify({ ...DEMO, ...fields }));
  model("demo", {});
  // Each piece of its answer takes a moment, so that a test finds it in the middle.
  model("slow", { extra_body: { demo: { delay_ms: 30 } } });
  model("slowest", { extra_body: { demo: { delay_ms: 60_000 } } });
  server = await spawnServer({ flags: [`--models-dir=${folder.path}`] });
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const human = (content: string) => ({ messages: [{ type: "human", content }] });

interface Part {
  id?: string | undefined;
  event: string;
  data: Loose;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of stream) parts.push(part as Part);
  return parts;
}

/** What the chunks of mode messages-tuple add up to, by message. */
function spoken(parts: Part[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { event, data } of parts) {
    if (event !== "messages") continue;
    const [{ id, content }] = data;
    texts.set(id, (texts.get(id) ?? "") + content);
  }
  return texts;
}

const messagesOf = async (thread: string): Promise<Message[]> => {
  const { values } = await client.threads.getState<{ messages: Message[] }>(thread);
  return values.messages;
};
const lastText = async (thread: string) => (await messagesOf(thread)).at(-1)?.content;

const say = (thread: string, text: string, payload: object = {}) =>
  collect(
    client.runs.stream(thread, "chat", {
      input: human(text),
      streamMode: ["messages-tuple", "values", "updates"],
      ...payload,
    }),
  );

describe("a conversation with the official SDK", () => {
  it("streams a first turn, remembers it in the second, and after a restart in the third", async () => {
    const { thread_id } = await client.threads.create({ metadata: { user: "u1" } });
    const first = await say(thread_id, "你好，我叫羚伊");
    expect(first[0]?.event).toBe("metadata");
    expect(first[0]?.data).toMatchObject({ run_id: expect.any(String), attempt: 1 });
    expect(first.at(-1)?.event).toBe("end");
    const pieces = first.filter(({ event }) => event === "messages");
    expect(pieces.length).toBeGreaterThan(3);
    expect([...spoken(first).values()]).toEqual([await lastText(thread_id)]);
    expect(await lastText(thread_id)).toContain("羚伊");

    await say(thread_id, "我叫什么名字？");
    expect(await lastText(thread_id)).toContain("羚伊");
    expect(await messagesOf(thread_id)).toHaveLength(4);

    expect(await server.stop()).toBe(0);
    await server.start();
    await say(thread_id, "你还记得我的名字叫什么吗？我叫什么？");
    expect(await lastText(thread_id)).toContain("羚伊");
    expect(await messagesOf(thread_id)).toHaveLength(6);
    expect((await client.threads.get(thread_id)).metadata).toMatchObject({
      user: "u1",
      graph_id: "chat",
    });
  });

  it("does not know in one thread what another was told", async () => {
    const one = await client.threads.create();
    const other = await client.threads.create();
    await say(one.thread_id, "My name is Kagari");
    await say(other.thread_id, "What is my name?");
    expect(await lastText(other.thread_id)).not.toContain("Kagari");
  });

  it("shows a tool call and its result in the stream", async () => {
    const { thread_id } = await client.threads.create();
    const parts = await say(thread_id, "计算 12*7");
    const updates = parts.filter(({ event }) => event === "updates").map(({ data }) => data);
    expect(updates.map((data) => Object.keys(data)[0])).toEqual(["think", "tools", "think"]);
    const call = updates[0].think.messages[0].tool_calls[0];
    expect(call).toMatchObject({
      name: "calculator",
      args: { input: "12*7" },
      id: expect.any(String),
    });
    expect(updates[1].tools.messages[0]).toMatchObject({
      type: "tool",
      name: "calculator",
      content: "84",
      tool_call_id: call.id,
    });
    const inPieces = parts.filter(
      ({ event, data }) => event === "messages" && data[0].type === "tool",
    );
    expect(inPieces.map(({ data }) => data[0].content)).toEqual(["84"]);
    expect(await lastText(thread_id)).toContain("84");
  });

  it("adds up to the state in the SDK's own message manager", async () => {
    const { thread_id } = await client.threads.create();
    const parts = await say(thread_id, "计算 3 加 4，再想一想");
    const manager = new MessageTupleManager();
    const ids = new Set<string>();
    for (const { event, data } of parts)
      if (event === "messages") ids.add(manager.add(data[0], data[1]) ?? "");
    const messages = await messagesOf(thread_id);
    expect([...ids]).toEqual(messages.slice(1).map(({ id }) => id));
    for (const message of messages.slice(1)) {
      const { chunk } = manager.get(message.id) ?? {};
      expect(chunk?.text).toBe(message.content);
      expect(chunk?.type).toBe(message.type);
      const calls = (one: Loose) =>
        (one.tool_calls ?? []).map(({ name, args, id }: Loose) => ({ name, args, id }));
      expect(calls(chunk)).toEqual(calls(message));
    }
  });

  it("tells the client where its run is", async () => {
    const { thread_id } = await client.threads.create();
    const created: unknown[] = [];
    await say(thread_id, "hi", { onRunCreated: (run: unknown) => created.push(run) });
    const [run] = await client.runs.list(thread_id);
    expect(created).toEqual([{ run_id: run?.run_id, thread_id }]);
  });

  it("speaks with the model the run names, and tells in the answer of one that is not there", async () => {
    const { thread_id } = await client.threads.create();
    await expect(
      client.runs.wait(thread_id, "chat", { input: human("hi"), context: { model: "solw" } }),
    ).rejects.toThrow(/solw.*slow/s);
    const values = (await client.runs.wait(thread_id, "chat", {
      input: human("hi"),
      config: { configurable: { model: "slow" } },
    })) as { messages: Message[] };
    expect(values.messages.length).toBeGreaterThan(1);
  });
});

describe("approval with the official SDK", () => {
  it("interrupts, shows the request, and goes on with the decision", async () => {
    const { thread_id } = await client.threads.create();
    const parts = await collect(
      client.runs.stream(thread_id, "approval", {
        input: human("tell Ann that the train is late"),
        streamMode: ["updates", "values"],
      }),
    );
    const asked = parts.find(({ data }) => data?.__interrupt__)?.data.__interrupt__[0];
    expect(asked.value.action_requests[0]).toMatchObject({ name: "send_message" });
    const thread = await client.threads.get(thread_id);
    expect(thread.status).toBe("interrupted");
    expect(Object.values(thread.interrupts).flat()).toEqual([asked]);
    expect((await client.threads.getState(thread_id)).next).toEqual(["review"]);

    const values = await client.runs.wait(thread_id, "approval", {
      command: { resume: { decisions: [{ type: "approve" }] } },
    });
    expect(values).not.toHaveProperty("__interrupt__");
    expect(await lastText(thread_id)).toMatch(/^Sent: /);
    expect(await client.threads.get(thread_id)).toMatchObject({ status: "idle", interrupts: {} });
  });

  it("does not do what was rejected", async () => {
    const { thread_id } = await client.threads.create();
    await client.runs.wait(thread_id, "approval", { input: human("tell Ann") });
    await client.runs.wait(thread_id, "approval", {
      command: { resume: { decisions: [{ type: "reject", message: "too late" }] } },
    });
    expect(await lastText(thread_id)).toBe("Not sent (too late).");
  });
});

describe("runs with the official SDK", () => {
  it("are created, joined, listed, read, waited for and deleted", async () => {
    const { thread_id } = await client.threads.create();
    const run = await client.runs.create(thread_id, "chat", {
      input: human("hi"),
      metadata: { a: 1 },
    });
    expect(run).toMatchObject({ thread_id, status: "pending", metadata: { a: 1 } });
    const joined = (await client.runs.join(thread_id, run.run_id)) as unknown as {
      messages: Message[];
    };
    expect(joined.messages).toHaveLength(2);
    expect((await client.runs.get(thread_id, run.run_id)).status).toBe("success");
    const second = await client.runs.create(thread_id, "chat", { input: human("again") });
    await client.runs.join(thread_id, second.run_id);
    const list = await client.runs.list(thread_id, { status: "success", limit: 5 });
    expect(list.map(({ run_id }) => run_id)).toEqual([second.run_id, run.run_id]);
    expect(await client.runs.list(thread_id, { select: ["run_id"], limit: 1 })).toEqual([
      { run_id: second.run_id },
    ]);
    await client.runs.delete(thread_id, run.run_id);
    await expect(client.runs.get(thread_id, run.run_id)).rejects.toThrow("404");
  });

  it("can be joined by their stream, from the start and after an event", async () => {
    const { thread_id } = await client.threads.create();
    const { run_id } = await client.runs.create(thread_id, "chat", {
      input: human("My name is Kagari"),
      context: { model: "slow" },
      streamMode: ["messages-tuple", "values"],
    });
    const live = await collect(client.runs.joinStream(thread_id, run_id));
    expect(live.at(-1)?.event).toBe("end");
    expect(live.length).toBeGreaterThan(8);
    const after = await collect(
      client.runs.joinStream(thread_id, run_id, { lastEventId: live[4]?.id ?? "" }),
    );
    expect(after).toEqual(live.slice(5));
    const all = await collect(client.runs.joinStream(thread_id, run_id, { lastEventId: "-1" }));
    expect(all).toEqual(live);
    const updates = await collect(
      client.runs.joinStream(thread_id, run_id, { streamMode: ["updates"] }),
    );
    expect(updates.map(({ event }) => event)).toEqual(["metadata", "updates", "end"]);
  });

  it("can be cancelled in the middle of an answer", async () => {
    const { thread_id } = await client.threads.create();
    const run = await client.runs.create(thread_id, "chat", {
      input: human("hi"),
      context: { model: "slowest" },
    });
    const stream = collect(client.runs.joinStream(thread_id, run.run_id));
    await client.runs.cancel(thread_id, run.run_id, true);
    expect((await stream).at(-1)).toMatchObject({ event: "end", data: { status: "interrupted" } });
    expect((await client.runs.get(thread_id, run.run_id)).status).toBe("interrupted");
    expect((await client.threads.get(thread_id)).status).toBe("idle");
    await say(thread_id, "My name is Kagari");
    expect(await lastText(thread_id)).toContain("Kagari");
  });

  it("end on a stateless thread too", async () => {
    const values = (await client.runs.wait(null, "chat", { input: human("我叫羚伊") })) as {
      messages: Message[];
    };
    expect(values.messages.at(-1)?.content).toContain("羚伊");
    const parts = await collect(
      client.runs.stream(null, "chat", { input: human("我叫羚伊"), streamMode: "updates" }),
    );
    expect(parts.map(({ event }) => event)).toEqual(["metadata", "updates", "end"]);
  });
});

describe("a server that dies in the middle of a run", () => {
  it("takes the run over when it is back, and the client's stream goes on by itself", async () => {
    const { thread_id } = await client.threads.create();
    const stream = client.runs.stream(thread_id, "chat", {
      input: human("My name is Kagari. 计算 12*7"),
      context: { model: "slow" },
      streamMode: ["messages-tuple", "updates"],
    });
    const parts: Part[] = [];
    let isKilled = false;
    for await (const part of stream) {
      parts.push(part);
      if (isKilled || part.event !== "messages") continue;
      isKilled = true;
      await server.kill();
      await server.start();
    }
    expect(isKilled).toBe(true);
    expect(server.log).toContain("took over a run");
    expect(parts.at(-1)).toMatchObject({ event: "end", data: { status: "success" } });
    const attempts = parts
      .filter(({ event }) => event === "metadata")
      .map(({ data }) => data.attempt);
    expect(attempts).toEqual([1, 2]);
    const ids = parts.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));

    const messages = await messagesOf(thread_id);
    expect(messages.filter(({ type }) => type === "human")).toHaveLength(1);
    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
    const [run] = await client.runs.list(thread_id);
    expect(run?.status).toBe("success");
    expect((await client.threads.get(thread_id)).status).toBe("idle");
    await say(thread_id, "What is my name?");
    expect(await lastText(thread_id)).toContain("Kagari");
  });

  it("keeps a run that waited, and runs it", async () => {
    const { thread_id } = await client.threads.create();
    const first = await client.runs.create(thread_id, "chat", {
      input: human("one"),
      context: { model: "slowest" },
    });
    const second = await client.runs.create(thread_id, "chat", {
      input: human("My name is Kagari"),
    });
    await server.kill();
    await server.start();
    await client.runs.cancel(thread_id, first.run_id, true);
    await client.runs.join(thread_id, second.run_id);
    expect(await lastText(thread_id)).toContain("Kagari");
  });
});

describe("history and assistants with the official SDK", () => {
  it("shows each step, and forks from one", async () => {
    const { thread_id } = await client.threads.create();
    await say(thread_id, "one");
    await say(thread_id, "two");
    const history = await client.threads.getHistory<{ messages: Message[] }>(thread_id, {
      limit: 50,
    });
    expect(history).toHaveLength(6);
    const old = history.find(
      ({ values, next }) => next.length === 0 && values.messages.length === 2,
    );
    expect(old).toBeDefined();
    await say(thread_id, "three", { checkpoint: old?.checkpoint });
    const texts = (await messagesOf(thread_id))
      .filter(({ type }) => type === "human")
      .map(({ content }) => content);
    expect(texts).toEqual(["one", "three"]);
    const before = await client.threads.getHistory(thread_id, {
      limit: 50,
      before: { configurable: history[2]?.checkpoint ?? {} },
    });
    expect(before).toEqual(history.slice(3));
  });

  it("updates a state", async () => {
    const { thread_id } = await client.threads.create();
    await say(thread_id, "one");
    await client.threads.updateState(thread_id, { values: human("by hand"), asNode: "think" });
    expect(await lastText(thread_id)).toBe("by hand");
  });

  it("finds, describes and draws the graphs", async () => {
    const found = await client.assistants.search({
      graphId: "chat",
      metadata: { created_by: "system" },
    });
    expect(found).toHaveLength(1);
    const [{ assistant_id } = { assistant_id: "" }] = found;
    expect(await client.assistants.get(assistant_id)).toMatchObject({
      graph_id: "chat",
      name: "chat",
    });
    const schemas = await client.assistants.getSchemas(assistant_id);
    expect(schemas.state_schema?.properties).toHaveProperty("messages");
    expect(schemas.context_schema?.properties).toHaveProperty("system_prompt");
    const { nodes, edges } = await client.assistants.getGraph("approval", { xray: true });
    expect(nodes.map(({ id }) => id)).toEqual(expect.arrayContaining(["draft", "review", "send"]));
    expect(edges.length).toBeGreaterThan(3);
  });

  it("searches threads page by page", async () => {
    const tag = crypto.randomUUID();
    for (let index = 0; index < 3; index++)
      await client.threads.create({ metadata: { tag, index } });
    const page = await client.threads.search({ metadata: { tag }, limit: 2 });
    expect(page.map(({ metadata }) => metadata?.["index"])).toEqual([2, 1]);
    const rest = await client.threads.search({ metadata: { tag }, limit: 2, offset: 2 });
    expect(rest.map(({ metadata }) => metadata?.["index"])).toEqual([0]);
    expect(await client.threads.search({ metadata: { tag }, status: "busy" })).toEqual([]);
  });
});

describe("RemoteGraph", () => {
  const remote = () => new RemoteGraph({ graphId: "chat", url: server.url });

  it("streams, invokes and reads the state of a thread", async () => {
    const { thread_id } = await client.threads.create();
    const config = { configurable: { thread_id } };
    const updates: Loose[] = [];
    for await (const update of await remote().stream(human("我叫羚伊"), {
      ...config,
      streamMode: "updates",
    }))
      updates.push(update);
    expect(updates.map((update) => Object.keys(update))).toEqual([["think"]]);
    const values = await remote().invoke(human("我叫什么名字？"), config);
    expect(values.messages.at(-1).content).toContain("羚伊");
    const state = await remote().getState(config);
    expect((state.values as { messages: Message[] }).messages).toHaveLength(4);
    expect(state.next).toEqual([]);
    expect(state.config.configurable?.["thread_id"]).toBe(thread_id);
  });

  it("works without a thread, and throws what the graph throws", async () => {
    const values = await remote().invoke(human("我叫羚伊"));
    expect(values.messages.at(-1).content).toContain("羚伊");
    await expect(
      remote().invoke(human("hi"), { configurable: { model: "nothing-of-that-name" } }),
    ).rejects.toThrow("nothing-of-that-name");
  });

  it("asks and resumes", async () => {
    const { thread_id } = await client.threads.create();
    const approval = new RemoteGraph({ graphId: "approval", url: server.url });
    const config = { configurable: { thread_id } };
    await expect(approval.invoke(human("tell Ann"), config)).rejects.toThrow("send_message");
    const state = await approval.getState(config);
    expect(state.next).toEqual(["review"]);
    expect(state.tasks[0]?.interrupts).toHaveLength(1);
    const values = await approval.invoke(new Command({ resume: "approve" }), config);
    expect(values.messages.at(-1).content).toMatch(/^Sent: /);
  });

  it("draws the graph", async () => {
    const drawing = await remote().getGraphAsync();
    expect(Object.keys(drawing.nodes)).toEqual(expect.arrayContaining(["think", "tools"]));
  });
});
