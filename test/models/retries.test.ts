import { describe, expect, it } from "vitest";
import { UpstreamError } from "../../src/core/errors.ts";
import { chatModel } from "../../src/models/chat.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-secret";
const QUICK = { max: 3, base_ms: 1, max_ms: 4 };

const refusal = (status: number, error: object, headers = {}) =>
  fake.json({ error: { message: "not now", ...error } }, { status, headers });
const half = fake.delta({ role: "assistant", content: "half" });
const silent: fake.Answer = () => undefined;
const headersOnly: fake.Answer = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
};

type Fields = Record<string, unknown>;

/** What a call of a model with these fields ends with, over a provider that answers so. */
async function call(
  answers: fake.Answer[],
  fields: Fields = {},
  how: "invoke" | "stream" = "invoke",
) {
  await using provider = await fake.fakeProvider(...answers);
  using runtime = testRuntime({
    a: { url: provider.url, api_key: KEY, retries: QUICK, ...fields },
  });
  const ended = how === "invoke" ? chatModel().invoke("hi") : readAll();
  const [result] = await Promise.allSettled([ended]);
  return {
    answer: result.status === "fulfilled" ? result.value : undefined,
    error: result.status === "rejected" ? result.reason : undefined,
    requests: provider.requests.length,
    used: runtime.used.map(({ status }) => status),
  };
}

async function readAll() {
  const texts: string[] = [];
  for await (const chunk of await chatModel().stream("hi")) texts.push(chunk.text);
  return { text: texts.join("") };
}

describe("a call that fails", () => {
  it.each(["invoke", "stream"] as const)(
    "is made again by %s after a 429 without Retry-After, each attempt recorded",
    async (how) => {
      const busy = refusal(429, { code: "limit_requests" });
      const { answer, requests, used } = await call([busy, busy, fake.text("ok")], {}, how);
      expect(answer?.text).toBe("ok");
      expect(requests).toBe(3);
      expect(used).toEqual(["error", "error", "success"]);
    },
  );

  it.each<[string, string, number, object, string, boolean]>([
    ["dashscope", "the TPM throttle", 429, { code: "insufficient_quota" }, "rate_limit", true],
    ["dashscope", "a burst", 429, { code: "Throttling.BurstRate" }, "rate_limit", true],
    ["dashscope", "arrears", 400, { code: "Arrearage" }, "quota", false],
    ["dashscope", "a bad key", 401, { code: "invalid_api_key" }, "auth", false],
    ["dashscope", "refused content", 400, { code: "data_inspection_failed" }, "content", false],
    [
      "dashscope",
      "Qwen's overflow",
      400,
      { message: "Range of input length should be [1, 30720]", code: "invalid_parameter_error" },
      "overflow",
      false,
    ],
    ["openai", "an empty account", 429, { code: "insufficient_quota" }, "quota", false],
    ["openai", "a wrong request", 400, { code: "invalid_value" }, "request", false],
    ["openai", "an overflow", 400, { code: "context_length_exceeded" }, "overflow", false],
    ["openai", "a content filter", 400, { code: "content_filter" }, "content", false],
    ["zhipu", "arrears", 429, { code: "1113" }, "quota", false],
    ["zhipu", "too many at once", 429, { code: "1302" }, "rate_limit", true],
    ["zhipu", "too many a minute", 429, { code: "1303" }, "rate_limit", true],
    ["zhipu", "a full house", 429, { code: "1305" }, "rate_limit", true],
    ["zhipu", "a quota with a reset time", 429, { code: "1308" }, "quota", false],
    ["zhipu", "refused content", 400, { code: "1301" }, "content", false],
    ["zhipu", "a prompt that is too long", 400, { code: "1261" }, "overflow", false],
    ["deepseek", "an empty account", 402, { code: "invalid_request_error" }, "quota", false],
    ["deepseek", "an unusable request", 422, {}, "request", false],
    ["deepseek", "an overload", 503, {}, "server", true],
    ["moonshot", "a limit", 429, { type: "rate_limit_reached_error" }, "rate_limit", true],
    ["moonshot", "an overload", 429, { type: "engine_overloaded_error" }, "rate_limit", true],
    ["moonshot", "a spent quota", 429, { type: "exceeded_current_quota_error" }, "quota", false],
    [
      "moonshot",
      "a long prompt",
      400,
      { message: "exceeded model token limit" },
      "overflow",
      false,
    ],
    ["openrouter", "no credits", 402, { code: 402 }, "quota", false],
    ["openrouter", "moderation", 403, { code: 403 }, "content", false],
    ["openrouter", "a dead upstream", 502, { code: 502 }, "server", true],
    ["siliconflow", "a limit", 429, {}, "rate_limit", true],
    ["siliconflow", "a full house", 503, { code: 50505 }, "server", true],
    ["vllm", "an overflow", 400, { message: "maximum context length is 8" }, "overflow", false],
    ["vllm", "an unknown model", 404, {}, "request", false],
    ["llamacpp", "loading", 503, { message: "Loading model" }, "server", true],
    ["llamacpp", "an overflow", 400, { type: "exceed_context_size_error" }, "overflow", false],
    ["ollama", "a bad gateway", 502, {}, "server", true],
    ["lmstudio", "a timeout", 408, {}, "timeout", true],
  ])("of %s is known by %s", async (dialect, _, status, error, kind, retryable) => {
    const ended = await call([refusal(status, error)], { dialect, no_think: true });
    expect(ended.error).toBeInstanceOf(UpstreamError);
    expect(ended.error).toMatchObject({
      kind,
      retryable,
      details: { model: "a", provider: dialect, provider_status: status, kind, retryable },
    });
    expect(ended.requests).toBe(retryable ? 4 : 1);
  });

  it("names the provider's id of the request, from its header or its body", async () => {
    const byHeader = await call([refusal(400, {}, { "x-request-id": "req-7" })]);
    expect(byHeader.error.details).toMatchObject({ request_id: "req-7" });
    const body = { error: { message: "no" }, request_id: "req-8" };
    const byBody = await call([fake.json(body, { status: 400 })]);
    expect(byBody.error.details).toMatchObject({ request_id: "req-8" });
  });

  it("waits as long as Retry-After says, but not longer than max_wait", async () => {
    const soon = refusal(429, {}, { "retry-after-ms": "5" });
    expect((await call([soon, fake.text("ok")])).answer?.text).toBe("ok");
    const late = refusal(429, {}, { "retry-after": "61" });
    const given = await call([late, fake.text("ok")]);
    expect(given.error).toMatchObject({ kind: "rate_limit", retryAfterMs: 61_000 });
    expect(given.requests).toBe(1);
    const unheeded = { ...QUICK, respect_retry_after: false };
    expect((await call([late, fake.text("ok")], { retries: unheeded })).answer?.text).toBe("ok");
  });

  it.each(["invoke", "stream"] as const)(
    "gives up %s at once when aborted in a wait",
    async (how) => {
      const controller = new AbortController();
      const busy: fake.Answer = (response, request) => {
        refusal(503, {})(response, request);
        response.on("close", () => controller.abort());
      };
      await using provider = await fake.fakeProvider(busy);
      using runtime = testRuntime({
        a: { url: provider.url, api_key: KEY, retries: { base_ms: 100_000, max_ms: 100_000 } },
      });
      const { signal } = controller;
      const asked =
        how === "invoke"
          ? chatModel().invoke("hi", { signal })
          : chatModel()
              .stream("hi", { signal })
              .then(async (chunks) => await chunks[Symbol.asyncIterator]().next());
      await expect(asked).rejects.toMatchObject({ name: "AbortError" });
      expect(provider.requests).toHaveLength(1);
      expect(runtime.used).toHaveLength(1);
    },
  );

  it("is never made again once the caller has heard something", async () => {
    const cut = fake.stream([half], { isDone: false });
    const { error, requests, used } = await call([cut, fake.text("ok")], {}, "stream");
    expect(error).toMatchObject({ kind: "server", retryable: true });
    expect(String(error)).toContain("broke off");
    expect(requests).toBe(1);
    expect(used).toEqual(["error"]);
  });

  it("is made again after a cut where nobody listened yet", async () => {
    const cut = fake.stream([half], { isDone: false });
    const answered = await call([cut, fake.text("ok")], { stream_upstream: "always" });
    expect(answered.answer?.text).toBe("ok");
    expect(answered.used).toEqual(["error", "success"]);
    const early = fake.stream([fake.delta({ role: "assistant", content: "" })], { isDone: false });
    expect((await call([early, fake.text("ok")], {}, "stream")).answer?.text).toBe("ok");
  });

  it("is made again after an error event, garbage, or an empty stream that nobody heard", async () => {
    const event = fake.stream([{ error: { message: "overloaded", code: "busy" } }]);
    const garbage: fake.Answer = (response) =>
      void response
        .writeHead(200, { "content-type": "text/event-stream" })
        .end("data: {not json\n\n");
    for (const fault of [event, garbage, fake.stream([])])
      expect((await call([fault, fake.text("ok")], {}, "stream")).answer?.text).toBe("ok");
  });

  it("keeps what a failed attempt used", async () => {
    const cut = fake.stream([half, fake.usageChunk()], { isDone: false });
    await using provider = await fake.fakeProvider(cut, fake.text("ok"));
    using runtime = testRuntime({
      a: { url: provider.url, api_key: KEY, retries: QUICK, stream_upstream: "always" },
    });
    await chatModel().invoke("hi");
    expect(runtime.used).toMatchObject([
      { status: "error", totalTokens: 18 },
      { status: "success", totalTokens: 18 },
    ]);
  });
});

describe("a provider that is slow", () => {
  it.each<[string, fake.Answer, Fields, "invoke" | "stream", string]>([
    ["says nothing", silent, { timeout: 0.05 }, "invoke", "did not answer within 0.05 s"],
    ["says nothing", silent, { timeout: 0.05 }, "stream", "did not answer within 0.05 s"],
    [
      "sends headers only",
      headersOnly,
      { timeout: 0.05 },
      "stream",
      "did not answer within 0.05 s",
    ],
    [
      "falls silent",
      fake.stream([half], { isOpen: true }),
      { idle_timeout: 0.05 },
      "stream",
      "fell silent for 0.05 s",
    ],
    ["takes too long", silent, { total_timeout: 0.05 }, "invoke", "did not end within 0.05 s"],
  ])("and %s ends with a typed error and a closed socket", async (_, answer, fields, how, what) => {
    await using provider = await fake.fakeProvider(answer);
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY, retries: 0, ...fields } });
    const ended = how === "invoke" ? chatModel().invoke("hi") : readAll();
    await expect(ended).rejects.toMatchObject({ name: "UpstreamError", kind: "timeout" });
    await expect(ended).rejects.toThrow(what);
    await provider.allSocketsClosed();
    expect(runtime.used).toMatchObject([{ status: "error" }]);
  });

  it("is asked again after a first byte that came too late, until all time is over", async () => {
    const late = await call([silent, fake.text("ok")], { timeout: 0.05 });
    expect(late.answer?.text).toBe("ok");
    const never = await call([refusal(503, {})], {
      total_timeout: 0.1,
      retries: { max: 100, base_ms: 60_000, max_ms: 60_000 },
    });
    expect(never.error).toMatchObject({ kind: "timeout", retryable: false });
    expect(never.requests).toBe(1);
  });
});

describe("a caller who leaves", () => {
  it("closes the upstream's socket by breaking off or by aborting", async () => {
    await using provider = await fake.fakeProvider(fake.stream([half], { isOpen: true }));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    for await (const chunk of await chatModel().stream("hi")) if (chunk.text === "half") break;
    await provider.allSocketsClosed();

    const controller = new AbortController();
    const { signal } = controller;
    const asked = (async () => {
      for await (const _ of await chatModel().stream("hi", { signal })) controller.abort();
    })();
    await expect(asked).rejects.toThrow(/abort/i);
    await provider.allSocketsClosed();
    expect(provider.closedByClient).toBe(2);
    expect(runtime.used).toMatchObject([{ status: "cancelled" }, { status: "cancelled" }]);
  });

  it("is not kept waiting by a provider that failed and holds the line", async () => {
    const failed = [half, { error: { message: "the engine died" } }];
    await using provider = await fake.fakeProvider(fake.stream(failed, { isOpen: true }));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY, retries: 0 } });
    await expect(readAll()).rejects.toThrow("the engine died");
    await provider.allSocketsClosed();
    expect(provider.closedByClient).toBe(1);
  });
});
