import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import { imageModel } from "../../src/models/image/kagari-image-model.ts";
import { reranker } from "../../src/models/rerank/kagari-reranker.ts";
import { embeddings } from "../../src/models/embedding/kagari-embeddings.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

/** A provider that answers only when told to, and knows how many wait. */
function held(sent: fake.Answer = fake.text("ok")) {
  let arrived = Promise.withResolvers<() => void>();
  const answer: fake.Answer = (response, request) => arrived.resolve(() => sent(response, request));
  return {
    answer,
    /** Waits for the next request; what it gives answers it. */
    async next(): Promise<() => void> {
      const send = await arrived.promise;
      arrived = Promise.withResolvers();
      return send;
    },
  };
}

const URL_OF = { embedding: "/embeddings", rerank: "/rerank", image: "/images/generations" };
const OTHERS = {
  embedding: (id: string) => embeddings(id).embedQuery("x"),
  rerank: (id: string) => reranker(id).rerank("x", ["y"]),
  image: (id: string) => imageModel(id).generate("x"),
} as const;

describe.each(["embedding", "rerank", "image"] as const)("a call of an %s model", (kind) => {
  it("ends with total_timeout, and is an error in the ledger", async () => {
    await using provider = await fake.fakeProvider(() => undefined);
    const fields = { model_type: kind, url: provider.url, api_key: "k", total_timeout: 0.05 };
    using runtime = testRuntime({ a: fields });
    await expect(OTHERS[kind]("a")).rejects.toThrow("did not end within 0.05 s");
    expect(runtime.used).toMatchObject([{ kind, status: "error" }]);
  });

  it("waits for its place among max_concurrent", async () => {
    const gate = held(fake.json({ error: { message: "no" } }, { status: 400 }));
    await using provider = await fake.fakeProvider(gate.answer);
    const fields = { model_type: kind, url: provider.url, api_key: "k" };
    using _ = testRuntime({ a: { ...fields, rate_limit: { max_concurrent: 1 } } });
    const calls = [OTHERS[kind]("a"), OTHERS[kind]("a")].map((call) => call.catch(() => "no"));
    for (const served of [1, 2]) {
      const send = await gate.next();
      expect(provider.requests).toHaveLength(served);
      expect(provider.requests.at(-1)?.path).toContain(URL_OF[kind]);
      send();
    }
    await Promise.all(calls);
  });
});

it("counts a task of a provider as one call until it has ended", async () => {
  const gate = held(fake.json({ output: { task_id: "t", task_status: "RUNNING" } }));
  const answers = [
    gate.answer,
    fake.json({ output: { task_status: "RUNNING" } }),
    fake.json({ output: { task_status: "FAILED", message: "no" } }),
    gate.answer,
    fake.json({ output: { task_status: "FAILED", message: "no" } }),
  ];
  await using provider = await fake.fakeProvider(...answers);
  const fields = { model_type: "image", model: "wanx2.1-t2i-turbo", dialect: "dashscope" };
  const limit = { rate_limit: { max_concurrent: 1 }, poll: { interval: 0.001 } };
  using _ = testRuntime({ a: { ...fields, ...limit, url: provider.url, api_key: "k" } });
  const calls = [1, 2].map(() => OTHERS.image("a").catch(() => "no"));
  (await gate.next())();
  (await gate.next())();
  await Promise.all(calls);
  expect(provider.requests.map(({ body }) => "input" in body)).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
});

describe("rate_limit", () => {
  it("lets max_concurrent calls of one address, key and model go at once", async () => {
    const gate = held();
    await using provider = await fake.fakeProvider(gate.answer);
    const fields = { url: provider.url, api_key: "k", rate_limit: { max_concurrent: 1 } };
    using _ = testRuntime({ a: fields, b: fields, c: { ...fields, api_key: "other" } });
    const first = chatModel({ model: "a" }).invoke("1");
    const second = chatModel({ model: "b" }).invoke("2");
    const answerFirst = await gate.next();
    const other = chatModel({ model: "c" }).invoke("3");
    const answerOther = await gate.next();
    expect(provider.requests).toHaveLength(2);
    answerOther();
    await other;
    expect(provider.requests).toHaveLength(2);
    answerFirst();
    await first;
    (await gate.next())();
    expect((await second).text).toBe("ok");
  });

  it.each<[string, fake.Answer]>([
    ["a refusal", fake.json({ error: { message: "no" } }, { status: 400 })],
    ["a cut stream", fake.stream([fake.delta({ content: "a" })], { isDone: false })],
    ["a reader who left", fake.stream([fake.delta({ content: "a" })], { isOpen: true })],
  ])("gives the place back after %s", async (_, answer) => {
    await using provider = await fake.fakeProvider(answer, fake.text("ok"));
    const fields = { url: provider.url, api_key: "k", retries: 0 };
    using _runtime = testRuntime({ a: { ...fields, rate_limit: { max_concurrent: 1 } } });
    const read = async () => {
      for await (const _chunk of await chatModel().stream("hi")) break;
    };
    await Promise.allSettled([read()]);
    expect((await chatModel().invoke("hi")).text).toBe("ok");
  });

  it("waits for the next minute, until the caller or the call's own time ends it", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const limits = { rate_limit: { rpm: 1 }, total_timeout: 0.05 };
    using _ = testRuntime({ a: { url: provider.url, api_key: "k", ...limits } });
    await chatModel().invoke("hi");
    await expect(chatModel().invoke("hi")).rejects.toMatchObject({ kind: "timeout" });
    const signal = AbortSignal.abort();
    await expect(chatModel().invoke("hi", { signal })).rejects.toThrow(/abort/i);
    expect(provider.requests).toHaveLength(1);
  });

  it("counts the tokens that a call really used", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const limits = { rate_limit: { tpm: 18 }, total_timeout: 0.05 };
    using _ = testRuntime({ a: { url: provider.url, api_key: "k", ...limits } });
    await chatModel().invoke("hi");
    await expect(chatModel().invoke("hi")).rejects.toMatchObject({ kind: "timeout" });
    expect(provider.requests).toHaveLength(1);
  });

  it("holds for embeddings too", async () => {
    const vector = fake.json({ data: [{ index: 0, embedding: [1] }] });
    await using provider = await fake.fakeProvider(vector);
    const fields = { model_type: "embedding", url: provider.url, api_key: "k" };
    using _ = testRuntime({
      e: { ...fields, rate_limit: { rpm: 1 } },
      free: { ...fields, model: "other" },
    });
    const model = embeddings("e");
    await model.embedQuery("a");
    const controller = new AbortController();
    const second = model.embedQuery("b", { signal: controller.signal });
    await embeddings("free").embedQuery("c");
    expect(provider.requests.map(({ body }) => body["model"])).toEqual(["fake", "other"]);
    controller.abort();
    await expect(second).rejects.toThrow(/abort/i);
  });
});
