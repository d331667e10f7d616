import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import { embeddings } from "../../src/models/embedding/kagari-embeddings.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

/** A provider that answers only when told to, and knows how many wait. */
function held() {
  let arrived = Promise.withResolvers<() => void>();
  const answer: fake.Answer = (response, request) =>
    arrived.resolve(() => fake.text("ok")(response, request));
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
