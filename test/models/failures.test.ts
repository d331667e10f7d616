import { describe, expect, it } from "vitest";
import { UpstreamError } from "../../src/core/errors.ts";
import { chatModel } from "../../src/models/chat.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-secret";

async function failureOf(answer: fake.Answer, fields: Record<string, unknown> = {}) {
  await using provider = await fake.fakeProvider(answer);
  using runtime = testRuntime({
    a: { url: provider.url, api_key: KEY, retries: 0, ...fields },
  });
  const invoked = await chatModel()
    .invoke("hi")
    .catch((error: unknown) => error);
  const streamed = await readAll().catch((error: unknown) => error);
  return { invoked, streamed, requests: provider.requests.length, used: runtime.used };
}

async function readAll() {
  for await (const _ of await chatModel().stream("hi"));
}

const refusal = (status: number, body: unknown) => fake.json(body, { status });

describe("provider failures", () => {
  it.each([
    [
      "OpenAI's shape",
      400,
      { error: { message: "bad thing", code: "x" } },
      "answered 400: bad thing",
    ],
    [
      "SiliconFlow's shape",
      400,
      { code: 20012, message: "no such model" },
      "answered 400: no such model",
    ],
    ["a bare string", 403, { error: "forbidden" }, "answered 403: forbidden"],
    ["a redirect", 307, {}, "answered 307, a redirect: write the final address into url"],
    [
      "the key repeated",
      401,
      { error: { message: `bad key ${KEY}` } },
      "answered 401: bad key ***",
    ],
  ])("names model, provider and message for %s", async (_, status, body, expected) => {
    const { invoked, streamed, requests, used } = await failureOf(refusal(status, body));

    for (const error of [invoked, streamed]) {
      expect(error).toBeInstanceOf(UpstreamError);
      expect(error).toMatchObject({
        retryable: false,
        details: { model: "a", provider_status: status },
      });
      expect(String(error)).toContain(`Model a (generic) ${expected}`);
    }
    expect(requests).toBe(2);
    expect(used).toMatchObject([
      { status: "error", totalTokens: 0 },
      { status: "error", totalTokens: 0 },
    ]);
  });

  it.each([
    ["an error body with 200", fake.json({ error: { message: "boom" } }), "sent an error: boom"],
    ["HTML", html(), "not JSON"],
    ["no choices", fake.json({ choices: [] }), "without a message"],
    ["null choices", fake.json({ choices: null }), "without a message"],
  ])("turns %s into an upstream error", async (_, answer, expected) => {
    const { invoked, streamed } = await failureOf(answer);

    expect(invoked).toBeInstanceOf(UpstreamError);
    expect(String(invoked)).toContain(expected);
    expect(streamed).toBeInstanceOf(UpstreamError);
  });

  it.each([
    ["an empty stream", fake.stream([]), "empty stream"],
    [
      "a stream without an end",
      fake.stream([fake.delta({ content: "a" })], { isDone: false }),
      "broke off",
    ],
    [
      "an error event",
      fake.stream([{ error: { message: "overloaded", code: "busy" } }]),
      "overloaded",
    ],
    [
      "cut tool arguments",
      fake.stream([cutToolCall(), fake.delta({}, "length")]),
      "raise out_tokens",
    ],
  ])("turns %s into an upstream error", async (_, answer, expected) => {
    const { streamed } = await failureOf(answer);

    expect(streamed).toBeInstanceOf(UpstreamError);
    expect(String(streamed)).toContain(expected);
  });

  it("sends the conversation nowhere else when a provider redirects", async () => {
    await using other = await fake.fakeProvider(fake.text("stolen"));
    const moved = fake.json(
      {},
      { status: 307, headers: { location: `${other.url}/chat/completions` } },
    );
    expect((await failureOf(moved)).invoked).toBeInstanceOf(UpstreamError);
    expect(other.requests).toEqual([]);
  });

  it("says that a server cannot be reached", async () => {
    const gone = await fake.fakeProvider();
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    using _ = testRuntime({ a: { url, api_key: KEY, retries: 0 } });

    await expect(chatModel().invoke("hi")).rejects.toMatchObject({
      name: "UpstreamError",
      retryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("never lets a broken ledger break a call", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    runtime.used.push = () => {
      throw new Error("ledger");
    };

    expect((await chatModel().invoke("hi")).text).toBe("ok");
  });

  it("refuses unknown and unavailable models before any request", async () => {
    using _ = testRuntime({ qwen: { url: "http://127.0.0.1:9/v1", api_key: "env:MISSING" } });

    await expect(chatModel({ model: "qwem" }).invoke("hi")).rejects.toMatchObject({
      code: "validation",
      message: expect.stringContaining('did you mean "qwen"'),
    });
    await expect(chatModel().invoke("hi")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("MISSING"),
    });
    await expect(
      chatModel().invoke("hi", { configurable: { temperature: "hot" } }),
    ).rejects.toMatchObject({ code: "validation" });
  });
});

function html(): fake.Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html>login</html>");
  };
}

function cutToolCall() {
  const call = { index: 0, id: "c", function: { name: "f", arguments: '{"a":1,"b":' } };
  return fake.delta({ tool_calls: [call] });
}
