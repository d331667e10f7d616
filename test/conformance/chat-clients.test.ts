// The requests that chat clients make, in their order and with their oddities, as we have read them in their sources.
import { afterEach, describe, expect, it } from "vitest";
import { type Loose, okJson } from "../support/calls.ts";
import { type Answer, completion, text } from "../support/fake-provider.ts";
import { openAiServer, type OpenAiServer } from "../support/openai-server.ts";

let running: OpenAiServer;
afterEach(() => running[Symbol.asyncDispose]());

/** A server whose default model is the fake provider's, for graphs and chores alike. */
async function serve(...answers: Answer[]): Promise<OpenAiServer["server"]> {
  running = await openAiServer(answers, {}, { settings: { default_model: "it" } });
  return running.server;
}

const threads = (): Promise<Loose[]> => okJson(running.server.post("/threads/search", {}));
const user = (content: string) => ({ role: "user", content });

/** The text of a streamed answer, which must be such a stream. */
async function streamed(answer: Response): Promise<{ text: string; chunks: Loose[] }> {
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const body = await answer.text();
  expect(body.trimEnd().endsWith("data: [DONE]")).toBe(true);
  const chunks = body
    .split("\n\n")
    .filter((part) => part.startsWith("data: {"))
    .map((part): Loose => JSON.parse(part.slice("data: ".length)));
  return {
    chunks,
    text: chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""),
  };
}

describe("Open WebUI", () => {
  const headers = {
    "x-openwebui-user-id": "u1",
    "x-openwebui-user-name": "Ada",
    "x-openwebui-chat-id": "c3d0a2a6-5c3c-4a4c-9a39-7c6b9a6d2a10",
    "x-openwebui-message-id": "m1",
  };

  it("lists models without null names, chats on the thread of its chat, and has its chores done beside it", async () => {
    const server = await serve(text("Tea is a drink."), completion({ content: "Tea" }));
    const { data } = await okJson(server.get("/v1/models"));
    for (const model of data) {
      expect(model.id).toEqual(expect.any(String));
      expect(Object.values(model)).not.toContain(null);
    }
    const asked = {
      model: "graph:chat",
      stream: true,
      stream_options: { include_usage: true },
      messages: [user("What is tea?")],
    };
    const answer = await streamed(await server.post("/v1/chat/completions", asked, headers));
    expect(answer.text).toBe("Tea is a drink.");
    expect(answer.chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 18 } });
    const title = await okJson(
      server.post(
        "/v1/chat/completions",
        {
          model: "graph:chat",
          stream: false,
          messages: [user("### Task:\nGenerate a concise, 3-5 word title with an emoji.")],
          max_completion_tokens: 1000,
        },
        headers,
      ),
    );
    expect(title.choices[0].message.content).toBe("Tea");
    const [thread, ...others] = await threads();
    expect(others).toEqual([]);
    expect(thread.thread_id).toBe(headers["x-openwebui-chat-id"]);
    expect(await okJson(server.get(`/threads/${thread.thread_id}/runs`))).toHaveLength(1);
  });

  it("is told of errors in JSON, never in a stream", async () => {
    const server = await serve();
    const asked = { model: "gone", stream: true, messages: [user("Hi")] };
    const answer = await server.post("/v1/chat/completions", asked, headers);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toContain("application/json");
    expect(await answer.json()).toMatchObject({ error: { message: expect.any(String) } });
  });
});

describe("LibreChat", () => {
  it("sends what it always sends, and asks for a title of its own", async () => {
    const server = await serve(text("Hello"), completion({ content: "Greeting" }));
    const asked = {
      model: "it",
      user: "65f0",
      temperature: 1,
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      stream: true,
      unknown_to_everybody: { kept: 1 },
      messages: [{ role: "system", content: "Be kind." }, user("Hi")],
    };
    expect((await streamed(await server.post("/v1/chat/completions", asked))).text).toBe("Hello");
    const chore = "Provide a concise, 5-word-or-less title for the conversation, using title case.";
    const titled = { ...asked, model: "graph:chat", stream: false, messages: [user(chore)] };
    const { choices } = await okJson(server.post("/v1/chat/completions", titled));
    expect(choices[0].message.content).toBe("Greeting");
    expect(await threads()).toEqual([]);
  });
});

describe("NextChat", () => {
  it("chats by a stream, has a title made, and asks for its balance", async () => {
    const server = await serve(text("你好"), completion({ content: "问候" }));
    const asked = {
      stream: true,
      model: "graph:chat",
      temperature: 0.5,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_p: 1,
      messages: [user("你好")],
    };
    expect((await streamed(await server.post("/v1/chat/completions", asked))).text).toBe("你好");
    const chore =
      "使用四到五个字直接返回这句话的简要主题，不要解释、不要标点、不要语气词、不要多余文本，不要加粗，如果没有主题，请直接返回“闲聊”";
    const titled = { ...asked, stream: false, messages: [...asked.messages, user(chore)] };
    const { choices } = await okJson(server.post("/v1/chat/completions", titled));
    expect(choices[0].message.content).toBe("问候");
    expect(await threads()).toEqual([]);
    const from = "start_date=2026-01-01&end_date=2026-02-01";
    expect(await okJson(server.get(`/dashboard/billing/usage?${from}`))).toMatchObject({
      total_usage: expect.any(Number),
    });
    expect(await okJson(server.get("/dashboard/billing/subscription"))).toMatchObject({
      hard_limit_usd: expect.any(Number),
    });
  });
});

describe.each([
  ["Cherry Studio", "Summarize the user's conversation into a title of 10 words."],
  ["Chatbox", "Based on the chat history, give this conversation a name."],
])("%s", (_name, chore) => {
  it("finds the server with a slash too many, shows thinking, and names its conversation", async () => {
    const server = await serve(
      text("<think>Hm.</think>Yes."),
      completion({ content: "A question" }),
    );
    const { data } = await okJson(server.get("//v1/models"));
    expect(data.map(({ id }: Loose) => id)).toContain("graph:chat");
    const asked = { model: "it", stream: true, messages: [user("Is it?")] };
    const { chunks, text: said } = await streamed(
      await server.post("//v1/chat/completions", asked),
    );
    expect(said).toBe("Yes.");
    const thought = chunks.map(({ choices }) => choices[0]?.delta.reasoning_content ?? "");
    expect(thought.join("")).toBe("Hm.");
    const named = {
      model: "graph:chat",
      messages: [{ role: "system", content: chore }, user("Q")],
    };
    const { choices } = await okJson(server.post("/v1/chat/completions", named));
    expect(choices[0].message.content).toBe("A question");
    expect(await threads()).toEqual([]);
  });
});
