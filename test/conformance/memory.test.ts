import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import { type Loose, okJson } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { project } from "../support/project.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

const SUMMARY = "They spoke of Osaka.";
const LONG = "word ".repeat(200);

const isSummarizer = (body: Loose): boolean =>
  JSON.stringify(body.messages).includes("You keep the memory of a conversation");

/** Answers as asked, streamed or whole. */
const say =
  (text: string): fake.Answer =>
  (response, request) =>
    (request.body["stream"] === true ? fake.textStream(text) : fake.text(text))(response, request);

/** Our server with the chat graph over an upstream that answers so. */
async function served(answer: fake.Answer, langgraph = OWN_GRAPHS) {
  const upstream = await fake.fakeProvider(answer);
  const folder = tempFolder();
  const fields = { url: upstream.url, api_key: "k", retries: 0, input_tokens: 900 };
  for (const id of ["big", "cheap"])
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify({ model: id, ...fields }));
  const server = await startTestServer({
    langgraph,
    settings: { models_dir: folder.path, default_model: "big" },
  });
  const client = new Client({ apiUrl: server.url, apiKey: null });
  const ask = async (thread: string, content: string, context: object = {}): Promise<Loose> =>
    await client.runs.wait(thread, "chat", {
      input: { messages: [{ role: "user", content }] },
      context: { tools: [], ...context },
    });
  return {
    server,
    upstream,
    client,
    ask,
    newThread: async () => (await client.threads.create()).thread_id,
    bodies: () => upstream.requests.map(({ body }): Loose => body),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const withSummary: fake.Answer = (response, request) =>
  say(isSummarizer(request.body) ? SUMMARY : "ok")(response, request);

describe("a long thread", () => {
  it("is summarised by the model chosen, sent in short, and kept whole", async () => {
    await using server = await served(withSummary);
    const thread = await server.newThread();
    const context = { summary_model: "cheap" };
    for (let turn = 0; turn < 6; turn++) await server.ask(thread, `${turn} ${LONG}`, context);
    const summaries = server.bodies().filter(isSummarizer);
    expect(summaries.map(({ model }) => model)).toEqual(summaries.map(() => "cheap"));
    expect(summaries.length).toBeGreaterThan(0);
    expect(JSON.stringify(summaries[0])).toContain("0 word");

    const values = await server.ask(thread, "and now?", context);
    const last = server.bodies().findLast((body) => !isSummarizer(body));
    expect(last.messages[0].content).toContain(SUMMARY);
    expect(JSON.stringify(last.messages)).not.toContain("0 word");
    expect(values.messages).toHaveLength(14);
    expect(values.messages[0].content).toContain("0 word");
  });

  it("streams nothing of the summary, and is billed for it", async () => {
    await using server = await served(withSummary);
    const thread = await server.newThread();
    const context = { tools: [], history_messages: 4 };
    await server.ask(thread, "one", context);
    const streamed: string[] = [];
    const input = { messages: [{ role: "user", content: "two" }] };
    const streamMode = ["messages-tuple", "updates"] as ["messages-tuple", "updates"];
    await server.ask(thread, "one and a half", context);
    for await (const { event, data } of server.client.runs.stream(thread, "chat", {
      input,
      context,
      streamMode,
    }))
      if (event === "messages") streamed.push(JSON.stringify(data));
    expect(server.bodies().some(isSummarizer)).toBe(true);
    expect(streamed.join("")).not.toContain("Osaka");
    expect(streamed.join("")).toContain("ok");
    const state: Loose = await server.client.threads.getState(thread);
    expect(state.values.summary.text).toBe(SUMMARY);
    const [run] = (await server.client.runs.list(thread)) as Loose[];
    expect(run.usage).toMatchObject({ calls: 2 });
  });

  it("goes on without a summary when its model fails", async () => {
    await using server = await served((response, request) =>
      isSummarizer(request.body)
        ? fake.json({ error: { message: "broken" } }, { status: 500 })(response, request)
        : say("ok")(response, request),
    );
    const thread = await server.newThread();
    const context = { history_messages: 2 };
    await server.ask(thread, "one", context);
    const values = await server.ask(thread, "two", context);
    expect(server.bodies().some(isSummarizer)).toBe(true);
    expect(values.messages).toHaveLength(4);
    expect(values.summary ?? null).toBeNull();
  });
});

const calling = (name: string, args: object): fake.Answer => {
  const call = {
    id: `call-${name}`,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  };
  return (response, request) =>
    request.body["stream"] === true
      ? fake.stream([
          fake.delta({ role: "assistant", tool_calls: [{ index: 0, ...call }] }),
          fake.delta({}, "tool_calls"),
        ])(response, request)
      : fake.completion({ content: "", tool_calls: [call] }, "tool_calls")(response, request);
};

/** Calls a tool where the last message says `call name {json}`, else says ok. */
const obedient: fake.Answer = (response, request) => {
  const messages = request.body["messages"] as Loose[];
  const wish = /^call (\w+) (.*)$/.exec(messages.at(-1).content);
  const answer = wish?.[1] ? calling(wish[1], JSON.parse(wish[2] ?? "{}")) : say("ok");
  answer(response, request);
};

describe("long-term memory", () => {
  it("tells other threads, is listed, and is forgotten when asked", async () => {
    await using server = await served(obedient);
    const context = { long_term_memory: true };
    const inNewThread = async (text: string) =>
      await server.ask(await server.newThread(), text, context);
    const systemOf = () => server.bodies().at(-1).messages[0].content;

    await inNewThread('call save_memory {"text":"The user lives in Osaka."}');
    await inNewThread("hello");
    expect(systemOf()).toContain("The user lives in Osaka.");

    const { messages } = await inNewThread("call search_memory {}");
    const [id] = messages.at(-2).content.split(":");
    expect(messages.at(-2).content).toContain("The user lives in Osaka.");
    await inNewThread(`call delete_memory {"ids":["${id}"]}`);
    await inNewThread("hello");
    expect(systemOf()).not.toContain("Osaka");
  });

  it("is neither offered nor told where it was not asked for", async () => {
    await using server = await served(obedient);
    const thread = await server.newThread();
    await server.ask(thread, 'call save_memory {"text":"The user lives in Osaka."}', {
      long_term_memory: true,
    });
    await server.ask(await server.newThread(), "hello");
    expect(server.bodies().at(-1)).not.toHaveProperty("tools");
    expect(JSON.stringify(server.bodies().at(-1))).not.toContain("Osaka");
  });

  it("is of one user alone, and tells nobody else's facts", async () => {
    await using one = await served(obedient);
    const { server } = one;
    const clientOf = async (name: string) => {
      const operator = { "x-api-key": server.localSecret };
      const { secret } = await okJson(server.post("/keys", { name }, operator));
      return new Client({ apiUrl: server.url, apiKey: secret });
    };
    const tell = async (client: Client, content: string): Promise<Loose> =>
      await client.runs.wait(null, "chat", {
        input: { messages: [{ role: "user", content }] },
        // What a client says of itself does not count where the server knows better.
        config: { configurable: { user_id: "ann", langgraph_auth_user_id: "ann" } },
        context: { tools: [], long_term_memory: true },
      });
    const [ann, bob] = [await clientOf("ann"), await clientOf("bob")];
    await tell(ann, 'call save_memory {"text":"Ann lives in Osaka."}');
    const found = await tell(bob, "call search_memory {}");
    expect(found.messages.at(-2).content).toBe("Nothing is remembered.");
    await tell(bob, "hello");
    expect(JSON.stringify(one.bodies().at(-1))).not.toContain("Osaka");
    expect((await bob.store.searchItems(["memories"])).items).toEqual([]);
    await tell(ann, "hello");
    expect(one.bodies().at(-1).messages[0].content).toContain("Ann lives in Osaka.");
  });

  it("that cannot be searched or kept ends no run, and says so", async () => {
    const EMBED = `export async function embed(texts) {
      if (texts.some((text) => text.includes("dead"))) throw new Error("The model is gone");
      return texts.map(() => [1, 0, 0]);
    }`;
    const graphs = { chat: OWN_GRAPHS.replace("langgraph.json", "graphs/chat.ts:graph") };
    const index = { dims: 3, embed: "./embed.mjs:embed", fields: ["text"] };
    using folder = project({ graphs, store: { index } }, { "embed.mjs": EMBED });
    await using it = await served(obedient, folder.langgraph);
    const run = {
      input: { messages: [{ role: "user", content: "are you dead?" }] },
      context: { tools: [], long_term_memory: true },
    };
    const events: Loose[] = [];
    for await (const event of it.client.runs.stream(null, "chat", {
      ...run,
      streamMode: ["custom", "values"],
    }))
      events.push(event);
    expect(events.filter(({ event }) => event === "custom").map(({ data }) => data)).toEqual([
      { type: "memory_failed", message: expect.stringContaining("The model is gone") },
    ]);
    const last = events.findLast(({ event }) => event === "values");
    expect(last.data.messages.at(-1).content).toBe("ok");
    const thread = await it.newThread();
    const context = { long_term_memory: true };
    const values = await it.ask(thread, 'call save_memory {"text":"dead"}', context);
    const [, , result, answer] = values.messages;
    expect(result).toMatchObject({ type: "tool", status: "error" });
    expect(result.content).toContain("The model is gone");
    expect(answer.content).toBe("ok");
  });
});
