import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";

const DEMO = { model: "kagari-demo", server_type: "demo", input_tokens: 32768, out_tokens: 4096 };
const TRANSPORTS = ["sse", "websocket"] as const;

const folder = tempFolder();
let server: SpawnedServer;
let client: Client;

beforeAll(async () => {
  const model = (id: string, fields: object) =>
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify({ ...DEMO, ...fields }));
  model("demo", {});
  model("slow", { extra_body: { demo: { delay_ms: 30 } } });
  server = await spawnServer({ flags: [`--models-dir=${folder.path}`] });
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const human = (content: string) => ({ messages: [{ role: "user", content }] });

function open(options: { id?: string; assistantId?: string; transport: "sse" | "websocket" }) {
  const { id, assistantId = "chat", transport } = options;
  const thread = id
    ? client.threads.stream(id, { assistantId, transport })
    : client.threads.stream({ assistantId, transport });
  const events: Loose[] = [];
  thread.onEvent((event: Loose) => events.push(event));
  return { thread, events };
}

/** Where an event is from, without the ids of tasks: `messages@think:message-start`. */
const nameOf = ({ method, params: { namespace, data } }: Loose): string => {
  const place = namespace.map((part: string) => part.split(":")[0]).join("/");
  return `${method}${place === "" ? "" : `@${place}`}${data?.event ? `:${data.event}` : ""}`;
};

async function drain(iterable: AsyncIterable<unknown>): Promise<Loose[]> {
  const items: unknown[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const rootEnd = (events: Loose[]) =>
  events.findLast(({ method, params }) => method === "lifecycle" && params.namespace.length === 0);

describe.each(TRANSPORTS)("the event protocol over %s", (transport) => {
  it("makes the thread with its first run, and streams messages, tools and values", async () => {
    const { thread, events } = open({ transport });
    const called = drain(thread.toolCalls);
    const { run_id } = await thread.run.start({ input: human("What is 17 * 23?") });
    expect(run_id).toMatch(/^[\da-f-]{36}$/);
    const texts: string[] = [];
    const calls: Loose[] = [];
    for await (const message of thread.messages) {
      texts.push(await message.text);
      calls.push(...(await message.toolCalls));
    }
    expect(texts).toEqual(["", "The tool says: 391. (Kagari's offline demo)"]);
    expect(calls).toMatchObject([{ name: "calculator", args: { input: "17*23" } }]);
    const tools = await called;
    // The SDK hands a call out at its start and at its end.
    expect(tools).toMatchObject([{ name: "calculator" }, { name: "calculator" }]);
    expect(await tools[0].output).toBe("391");
    const { messages } = (await thread.output) as Loose;
    expect(messages.map(({ type }: Loose) => type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(rootEnd(events)).toMatchObject({ params: { data: { event: "completed" } } });
    const kept = await client.threads.getState(thread.threadId);
    expect((kept.values as Loose).messages).toHaveLength(4);
    await thread.close();
  });

  it("sends the events of a step in the protocol's order", async () => {
    const { thread } = open({ transport });
    const all = await thread.subscribe({
      channels: ["lifecycle", "values", "checkpoints", "tasks", "updates", "messages"],
    });
    await thread.run.start({ input: human("Hello, my name is Ada") });
    const seen = await drain(all);
    const shown = seen.map(nameOf).filter((name) => name !== "messages@think:content-block-delta");
    expect(shown).toEqual([
      "lifecycle:running",
      "checkpoints",
      "checkpoints",
      "values",
      "tasks",
      "lifecycle@think:started",
      "messages@think:message-start",
      "messages@think:content-block-start",
      "messages@think:content-block-finish",
      "messages@think:message-finish",
      "updates",
      "tasks",
      "lifecycle@think:completed",
      "checkpoints",
      "values",
      "lifecycle:completed",
    ]);
    const places = seen.map(({ seq }) => seq);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(new Set(seen.map(({ event_id }) => event_id)).size).toBe(seen.length);
    await thread.close();
  });

  it("streams thinking as blocks of its own", async () => {
    const { thread } = open({ transport });
    await thread.run.start({ input: human("Please think step by step about tea") });
    const [message] = await drain(thread.messages);
    expect(await message.reasoning).toContain("(demo) I look at the last message");
    expect(await message.text).toMatch(/^I received/);
    expect(message.blocks.map(({ type }: Loose) => type)).toEqual(["reasoning", "text"]);
    await thread.close();
  });

  it("asks, and goes on with the answer, also after a reload", async () => {
    const first = open({ transport, assistantId: "approval" });
    await first.thread.run.start({ input: human("Tell Bo that tea is ready") });
    await drain(first.thread.messages);
    expect(first.thread.interrupted).toBe(true);
    const id = first.thread.threadId;
    await first.thread.close();

    const { thread } = open({ transport, id, assistantId: "approval" });
    await drain(await thread.subscribe({ channels: ["input", "lifecycle"] }));
    const [{ interruptId, payload, namespace }] = thread.interrupts as Loose;
    expect(payload).toMatchObject({ action_requests: [{ name: "send_message" }] });
    await expect(
      thread.input.respond({ namespace, interrupt_id: "0".repeat(32), response: "approve" }),
    ).rejects.toMatchObject({ code: "no_such_interrupt" });
    await thread.input.respond({ namespace, interrupt_id: interruptId, response: "approve" });
    const { messages } = (await thread.output) as Loose;
    expect(messages.at(-1).content).toMatch(/^Sent: /);
    await thread.close();
  });

  it("shows the same events, with the same ids, to all who follow a thread", async () => {
    const one = open({ transport });
    const config = { configurable: { model: "slow" } };
    await one.thread.run.start({ input: human("Tell me a long story about the sea"), config });
    const id = one.thread.threadId;
    const early = await one.thread.subscribe({ channels: ["messages", "values", "lifecycle"] });
    // The other one comes in the middle of the run.
    const isUnderWay = early[Symbol.asyncIterator]();
    let count = 0;
    while (count < 8) count += (await isUnderWay.next()).done ? 8 : 1;
    const two = open({ transport: "sse", id });
    const late = await two.thread.subscribe({ channels: ["messages", "values", "lifecycle"] });
    const replayed = await drain(late);
    expect(replayed.length).toBeGreaterThan(10);
    await drain({ [Symbol.asyncIterator]: () => isUnderWay });
    const wanted = new Set(["messages", "values", "lifecycle"]);
    const idsOf = (events: Loose[]) =>
      events.filter(({ method }) => wanted.has(method)).map(({ event_id }) => event_id);
    expect(idsOf(two.events)).toEqual(idsOf(one.events));
    await one.thread.close();
    await two.thread.close();
  });

  it("lists checkpoints, forks from one, and shows the tree", async () => {
    const { thread } = open({ transport });
    await thread.run.start({ input: human("Hello, my name is Ada") });
    await thread.output;
    const { checkpoints } = await thread.state.listCheckpoints({ limit: 10 });
    expect(checkpoints.map(({ step }) => step)).toEqual([1, 0, -1]);
    const { tree } = await thread.agent.getTree();
    expect(tree).toMatchObject({ namespace: [], status: "completed", graph_name: "chat" });
    expect(tree.children).toMatchObject([{ graph_name: "think", status: "completed" }]);
    const state = await thread.state.get({ namespace: [], keys: ["messages"] });
    expect((state.values as Loose)["messages"]).toHaveLength(2);
    const before = checkpoints[1]?.id ?? "";
    const forked = await thread.state.fork({
      checkpoint_id: before,
      input: human("What is my name?"),
    });
    expect(forked.thread_id).toBe(thread.threadId);
    await client.runs.join(thread.threadId, forked.run_id);
    const after = (await client.threads.getState(thread.threadId)).values as Loose;
    expect(after.messages.map(({ content }: Loose) => content)).toEqual([
      "Hello, my name is Ada",
      "What is my name?",
      "Your name is Ada.",
    ]);
    await expect(thread.state.fork({ checkpoint_id: "none" })).rejects.toMatchObject({
      code: "no_such_checkpoint",
    });
    await thread.close();
  });

  it("takes a message for a thread that is at work, and only then", async () => {
    const { thread } = open({ transport });
    const config = { configurable: { model: "slow" } };
    const message = { role: "user" as const, content: "What is my name?" };
    await thread.run.start({ input: human("Hello, my name is Ada"), config });
    await thread.input.inject({ namespace: [], message });
    const [latest] = await client.runs.list(thread.threadId, { limit: 1 });
    await client.runs.join(thread.threadId, latest?.run_id ?? "");
    const { messages } = (await client.threads.getState(thread.threadId)).values as Loose;
    expect(messages.at(-1).content).toBe("Your name is Ada.");
    await expect(thread.input.inject({ namespace: [], message })).rejects.toMatchObject({
      code: "no_such_run",
    });
    await thread.close();
  });

  it("ends a cancelled run as interrupted; what is sent next is no answer to it", async () => {
    const { thread, events } = open({ transport });
    const config = { configurable: { model: "slow" } };
    const { run_id } = await thread.run.start({
      input: human("Tell me a long story about the sea"),
      config,
    });
    await client.runs.cancel(thread.threadId, run_id ?? "", true);
    await thread.output;
    expect(rootEnd(events)).toMatchObject({ params: { data: { event: "interrupted" } } });
    const next = await thread.run.start({ input: human("Hello, my name is Ada") });
    await client.runs.join(thread.threadId, next.run_id ?? "");
    const { messages } = (await client.threads.getState(thread.threadId)).values as Loose;
    expect(messages.at(-1).content).toContain("Ada");
    await thread.close();
  });
});

/** A WebSocket of a thread, as a client of another language has it. */
async function socketOf(thread: string) {
  const socket = new WebSocket(
    `${server.url.replace("http", "ws")}/threads/${thread}/stream/events`,
  );
  const inbox: Loose[] = [];
  let wake: () => void = () => undefined;
  socket.addEventListener("message", ({ data }) => {
    inbox.push(JSON.parse(String(data)));
    wake();
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  return {
    send: (message: unknown) =>
      socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    /** The first message that fits, taken out together with those before it. */
    async until(fits: (message: Loose) => boolean): Promise<Loose[]> {
      for (;;) {
        const at = inbox.findIndex(fits);
        if (at >= 0) return inbox.splice(0, at + 1);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    close: () => socket.close(),
  };
}

describe("a WebSocket of a thread", () => {
  it("answers what it cannot read, and stays open", async () => {
    const socket = await socketOf(crypto.randomUUID());
    socket.send("{");
    expect(await socket.until(() => true)).toMatchObject([
      { type: "error", id: null, error: "invalid_argument" },
    ]);
    socket.send({ id: 1, method: "run.dance" });
    expect(await socket.until(() => true)).toMatchObject([
      { type: "error", id: 1, error: "unknown_command" },
    ]);
    socket.send({ id: 2, method: "subscription.subscribe", params: { channels: ["noise"] } });
    expect(await socket.until(() => true)).toMatchObject([
      { type: "error", id: 2, error: "invalid_argument" },
    ]);
    socket.close();
  });

  it("serves subscriptions until they are ended, and resumes them after an event", async () => {
    const socket = await socketOf(crypto.randomUUID());
    const subscribe = async (id: number, channels: string[]) => {
      socket.send({ id, method: "subscription.subscribe", params: { channels } });
      const [reply] = (await socket.until((message) => message.id === id)).slice(-1);
      return reply.result.subscription_id as string;
    };
    const run = async (id: number, content: string) => {
      const params = { assistant_id: "chat", input: human(content) };
      socket.send({ id, method: "run.start", params });
      return socket.until(
        ({ method, params }) =>
          method === "lifecycle" &&
          params.data.event === "completed" &&
          params.namespace.length === 0,
      );
    };
    const lifecycles = await subscribe(1, ["lifecycle"]);
    const values = await subscribe(2, ["values"]);
    const first = await run(3, "Hello, my name is Ada");
    expect(new Set(first.map(({ method }) => method))).toEqual(
      new Set([undefined, "lifecycle", "values"]),
    );
    socket.send({
      id: 4,
      method: "subscription.unsubscribe",
      params: { subscription_id: values },
    });
    await socket.until(({ id }) => id === 4);
    const second = await run(5, "What is my name?");
    expect(new Set(second.map(({ method }) => method))).toEqual(new Set([undefined, "lifecycle"]));

    const begun = first.find(({ method }) => method === "lifecycle");
    socket.send({
      id: 6,
      method: "subscription.reconnect",
      params: {
        run_id: "any",
        last_event_id: begun.event_id,
        subscriptions: [lifecycles, values],
      },
    });
    expect(await socket.until(({ id }) => id === 6)).toMatchObject([
      { result: { restored: false } },
    ]);
    const again = await socket.until(({ event_id }) => event_id === second.at(-1).event_id);
    const known = [...first, ...second].filter(({ method }) => method === "lifecycle");
    expect(again).toEqual(known.slice(1));
    socket.send({
      id: 7,
      method: "subscription.unsubscribe",
      params: { subscription_id: values },
    });
    expect(await socket.until(({ id }) => id === 7)).toMatchObject([
      { error: "no_such_subscription" },
    ]);
    socket.close();
  });
});

describe("the event protocol", () => {
  it("gives events the same ids after a restart", async () => {
    await using own = await spawnServer({ flags: [`--models-dir=${folder.path}`] });
    const read = async (id?: string) => {
      const sdk = new Client({ apiUrl: own.url, apiKey: null });
      const thread = id
        ? sdk.threads.stream(id, { assistantId: "chat" })
        : sdk.threads.stream({ assistantId: "chat" });
      const all = await thread.subscribe(["values", "messages", "lifecycle", "tasks"]);
      if (id === undefined) await thread.run.start({ input: human("What is 2 * 3?") });
      const events = await drain(all);
      await thread.close();
      return { id: thread.threadId, events };
    };
    const before = await read();
    await own.kill();
    await own.start();
    const after = await read(before.id);
    expect(after.events).toEqual(before.events);
  });
});
