import { describe, expect, it } from "vitest";
import { UpstreamError } from "../../src/core/errors.ts";
import { chatModel } from "../../src/models/chat.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-secret";

async function failureOf(answer: fake.Answer, fields: Record<string, unknown> = {}) {
  await using provider = await fake.fakeProvider(answer);
  using runtime = testRuntime({ a: { url: provider.url, api_key: KEY, ...fields } });
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
    [
      "an error body with 200",
      fake.json({ error: { message: "boom" } }),
      "answered 200 with an error: boom",
    ],
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
    ["cut tool arguments", fake.stream([cutToolCall(), fake.delta({}, "length")]), "cut off"],
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

  it("tries again after a 429 without Retry-After, and reports the call once", async () => {
    const busy = refusal(429, { error: { message: "slow down", code: "limit_requests" } });
    await using provider = await fake.fakeProvider(busy, fake.text("ok"));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });

    expect((await chatModel().invoke("hi")).text).toBe("ok");
    expect(provider.requests).toHaveLength(2);
    expect(runtime.used).toMatchObject([{ status: "success" }]);
  });

  it("knows that DashScope's insufficient_quota passes and OpenAI's and Zhipu's arrears do not", async () => {
    const quota = refusal(429, { error: { message: "quota", code: "insufficient_quota" } });
    await using provider = await fake.fakeProvider(quota, fake.text("ok"));
    using _ = testRuntime({
      a: { url: provider.url, api_key: KEY, dialect: "dashscope", no_think: true },
    });
    expect((await chatModel().invoke("hi")).text).toBe("ok");

    expect((await failureOf(quota, { dialect: "openai" })).requests).toBe(2);
    const arrears = refusal(429, { error: { message: "arrears", code: "1113" } });
    expect((await failureOf(arrears, { dialect: "zhipu" })).requests).toBe(2);
  });

  it("gives up at once when aborted while waiting to try again", async () => {
    const controller = new AbortController();
    const busy: fake.Answer = (response, request) => {
      refusal(503, { error: { message: "busy" } })(response, request);
      response.on("close", () => controller.abort());
    };
    await using provider = await fake.fakeProvider(busy);
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });

    await expect(chatModel().invoke("hi", { signal: controller.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(provider.requests).toHaveLength(1);
    expect(runtime.used).toMatchObject([{ status: "cancelled" }]);
  });

  it("says that a server cannot be reached", async () => {
    const gone = await fake.fakeProvider();
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    using _ = testRuntime({ a: { url, api_key: KEY } });

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
