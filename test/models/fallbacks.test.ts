import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import type { UpstreamError } from "../../src/core/errors.ts";
import { chatModel } from "../../src/models/chat.ts";
import { openModels } from "../../src/models/catalog.ts";
import { tools } from "../../src/tools/index.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { testRuntime } from "./support.ts";

const refusal = (status: number, error: object = {}): fake.Answer =>
  fake.json({ error: { message: "not now", ...error } }, { status });
const half = fake.delta({ role: "assistant", content: "half" });
const image = new HumanMessage({
  content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }],
});

type Fields = Record<string, unknown>;

/** Model a, which fails so, and its fallbacks b and c, which answer with their names. */
async function setup(failing: fake.Answer, fields: { a?: Fields; b?: Fields; c?: Fields } = {}) {
  const [a, b, c] = await Promise.all([
    fake.fakeProvider(failing),
    fake.fakeProvider(fake.text("b")),
    fake.fakeProvider(fake.text("c")),
  ]);
  const file = ({ url }: fake.FakeProvider) => ({ url, api_key: "k", retries: 0 });
  const runtime = testRuntime({
    a: { ...file(a), fallbacks: ["b", "c"], ...fields.a },
    b: { ...file(b), ...fields.b },
    c: { ...file(c), ...fields.c },
  });
  return {
    requests: () => [a, b, c].map(({ requests }) => requests.length),
    bodies: () => [a, b, c].map(({ lastBody }) => lastBody),
    used: runtime.used,
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      for (const each of [a, b, c]) await each[Symbol.asyncDispose]();
    },
  };
}

async function read(): Promise<string> {
  let text = "";
  for await (const chunk of await chatModel().stream("hi")) text += chunk.text;
  return text;
}

describe("fallbacks", () => {
  it("answer for a model that fails, by invoke and by stream, under their own names", async () => {
    await using s = await setup(refusal(503));
    const answer = await chatModel().invoke("hi");
    expect(answer.text).toBe("b");
    expect(answer.response_metadata["model_id"]).toBe("b");
    expect(s.used.map(({ modelId, status }) => [modelId, status])).toEqual([
      ["a", "error"],
      ["b", "success"],
    ]);
    expect(await read()).toBe("b");
    const ids: unknown[] = [];
    for await (const chunk of await chatModel().stream("hi"))
      ids.push(chunk.response_metadata["model_id"]);
    expect(ids.at(-1)).toBe("b");
  });

  it("get the tools and the run's settings of the call", async () => {
    await using s = await setup(refusal(429));
    const model = chatModel({ temperature: 0.4 }).bindTools(tools("clock"));
    expect((await model.invoke("hi")).text).toBe("b");
    expect(s.bodies()[1]).toMatchObject({
      temperature: 0.4,
      tools: [{ function: { name: "clock" } }],
    });
  });

  it("are passed over where they cannot do what is asked", async () => {
    await using noTools = await setup(refusal(503), { b: { capabilities: { tools: false } } });
    const toolModel = chatModel().bindTools(tools("clock"));
    expect((await toolModel.invoke("hi")).text).toBe("c");
    expect((await chatModel().invoke("hi")).text).toBe("b");
    expect(noTools.requests()).toEqual([2, 1, 1]);

    await using blind = await setup(refusal(503), { b: { capabilities: { vision: false } } });
    expect((await chatModel().invoke([image])).text).toBe("c");
    expect(blind.requests()).toEqual([1, 0, 1]);

    await using off = await setup(refusal(503), { b: { enabled: false } });
    expect((await chatModel().invoke("hi")).text).toBe("c");
    expect(off.requests()).toEqual([1, 0, 1]);

    const overflow = refusal(400, { message: "maximum context length is 8" });
    await using long = await setup(overflow, {
      a: { input_tokens: 8, fallback_on: ["overflow"] },
      b: { input_tokens: 8 },
      c: { input_tokens: 80 },
    });
    expect((await chatModel().invoke("hi")).text).toBe("c");
    expect(long.requests()).toEqual([1, 0, 1]);
  });

  it.each<[string, fake.Answer, string[] | undefined, boolean]>([
    ["a full house", refusal(429), undefined, true],
    ["an empty account", refusal(402), undefined, true],
    ["a fault", refusal(500), undefined, true],
    ["a fault, where only limits count", refusal(500), ["rate_limit"], false],
    ["a bad key", refusal(401), undefined, false],
    ["a wrong request", refusal(400), undefined, false],
    ["refused content", refusal(400, { code: "content_filter" }), undefined, false],
    ["refused content that counts", refusal(400, { code: "content_filter" }), ["content"], true],
    [
      "an empty answer that was filtered",
      fake.completion({ content: "" }, "content_filter"),
      ["content"],
      true,
    ],
    ["a timeout", refusal(408), ["timeout"], true],
  ])("answer after %s or not, as fallback_on says", async (_, answer, on, isAnswered) => {
    await using s = await setup(answer, { a: on === undefined ? {} : { fallback_on: on } });
    const asked = chatModel()
      .invoke("hi")
      .then(({ text }) => text)
      .catch(({ details }: UpstreamError) => details["model"]);
    expect(await asked).toBe(isAnswered ? "b" : "a");
    expect(s.requests()).toEqual([1, isAnswered ? 1 : 0, 0]);
  });

  it("are not asked once something was heard", async () => {
    await using s = await setup(fake.stream([half], { isDone: false }));
    await expect(read()).rejects.toThrow("broke off");
    expect(s.requests()).toEqual([1, 0, 0]);
  });

  it("come after the model's own retries, and their fallbacks after them", async () => {
    await using s = await setup(refusal(503), {
      a: { retries: { max: 2, base_ms: 1 }, fallbacks: ["b"] },
      b: { fallbacks: ["c"], enabled: false },
    });
    expect((await chatModel().invoke("hi")).text).toBe("c");
    expect(s.requests()).toEqual([3, 0, 1]);
  });

  it("all failing, leave the first failure and say what became of each", async () => {
    await using s = await setup(refusal(503, { message: "down" }), {
      a: { fallbacks: ["b", "c"] },
      b: { url: "http://127.0.0.1:1/v1" },
      c: { enabled: false },
    });
    const failed = chatModel().invoke("hi");
    await expect(failed).rejects.toMatchObject({
      kind: "server",
      details: { model: "a", fallbacks: [{ model: "b" }, { model: "c" }] },
    });
    await expect(failed).rejects.toThrow(/answered 503: down .*b: .*reached.*c: switched off/);
    expect(s.requests()).toEqual([1, 0, 0]);
  });

  it.each<[string, Record<string, string[]>, string]>([
    ["an unknown model", { a: ["bb"], b: [] }, 'no model is called "bb" (did you mean "b"?)'],
    ["itself", { a: ["a"] }, "in a circle: a -> a"],
    ["a circle", { a: ["b"], b: ["c"], c: ["a"] }, "in a circle: a -> b -> c -> a"],
  ])("that name %s stop the start with file and key", (_, chains, reason) => {
    using folder = tempFolder();
    for (const [id, fallbacks] of Object.entries(chains)) {
      const file = { model: "m", url: "http://127.0.0.1:1/v1", fallbacks };
      writeFileSync(join(folder.path, `${id}.json`), JSON.stringify(file));
    }
    const open = () => openModels({ dir: folder.path, env: {} });
    expect(open).toThrow(join(folder.path, "a.json: fallbacks: "));
    expect(open).toThrow(reason);
  });
});
