import { HumanMessage } from "@langchain/core/messages";
import {
  type LangGraphRunnableConfig,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { imageModel } from "../../src/graphkit.ts";
import * as fake from "../support/fake-provider.ts";
import { IMAGE_SHAPES, imageServer, PIXEL } from "../support/provider-shapes/image.ts";
import { testRuntime } from "./support.ts";

const IMAGE = { model_type: "image", api_key: "image-test-key", poll: { interval: 0.001 } };
const B64 = { data: [{ b64_json: PIXEL.toString("base64") }] };

async function served(fields: object, ...answers: fake.Answer[]) {
  const provider = await fake.fakeProvider(...answers);
  const runtime = testRuntime({ i: { url: provider.url, ...IMAGE, ...fields } });
  return {
    provider,
    used: runtime.used,
    kept: runtime.kept,
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe.each(Object.entries(IMAGE_SHAPES))("images of %s", (_, shape) => {
  it("are made, brought here at once, kept, and in the ledger", async () => {
    await using provider = await fake.fakeProvider(imageServer(shape));
    const url = shape.baseUrl?.(provider.url) ?? provider.url;
    using runtime = testRuntime({ i: { ...IMAGE, url, ...shape.fields } });
    const images = await imageModel("i").generate("a cat", { size: "1024x1024", n: 2 });
    expect(images).toHaveLength(2);
    for (const image of images) {
      expect(image).toMatchObject({ contentType: "image/png", url: "/files/f", id: "f" });
      expect(image.bytes).toEqual(PIXEL);
    }
    expect(runtime.kept).toHaveLength(2);
    const asked = provider.requests.filter(({ path }) => !path.startsWith("/picture"));
    const made = asked.filter(({ path }) => path === shape.path);
    expect(made.map(({ body }) => body)).toEqual(shape.bodies);
    for (const { headers } of made)
      expect(headers).toMatchObject({ authorization: "Bearer image-test-key", ...shape.headers });
    expect(asked.filter(({ path }) => path !== shape.path).map(({ path }) => path)).toEqual(
      shape.afterwards ?? [],
    );
    expect(runtime.used).toHaveLength(shape.bodies.length);
    for (const row of runtime.used) expect(row).toMatchObject({ kind: "image", status: "success" });
    expect(runtime.used.reduce((sum, { units }) => sum + units, 0)).toBe(2);
  });
});

describe("an image model", () => {
  it("takes size, count, path and save from the file, and tells the changed prompt", async () => {
    const answer = { data: [{ ...B64.data[0], revised_prompt: "better" }] };
    const fields = { size: "512x512", count: 2, image_path: "/paint", save: false };
    await using s = await served(fields, fake.json(answer));
    const [image] = await imageModel().generate("a dog", { parameters: { seed: 7 } });
    expect(image).toMatchObject({ id: undefined, revisedPrompt: "better" });
    expect(image?.url).toBe(`data:image/png;base64,${PIXEL.toString("base64")}`);
    expect(s.kept).toEqual([]);
    expect(s.provider.requests[0]).toMatchObject({
      path: "/paint",
      body: { prompt: "a dog", size: "512x512", n: 2, seed: 7 },
    });
  });

  it.each([
    ["no image", fake.json({ data: [] }), "sent no image"],
    [
      "an image that failed",
      fake.json({ output: { results: [{ code: "X", message: "too dark" }] } }),
      "sent no image: too dark",
    ],
    [
      "bytes that are no image",
      fake.json({ data: [{ b64_json: Buffer.from("<svg/>").toString("base64") }] }),
      "no PNG, JPEG",
    ],
    [
      "an internal address",
      fake.json({ data: [{ url: "http://169.254.169.254/latest" }] }),
      "may not be fetched",
    ],
    ["a file", fake.json({ data: [{ url: "file:///etc/passwd" }] }), "may not be fetched"],
    ["another port here", fake.json({ data: [{ url: "http://127.0.0.1:1/x" }] }), "media_hosts"],
  ])("refuses %s as an error of the provider", async (_, answer, message) => {
    await using s = await served({ retries: 0 }, answer);
    await expect(imageModel().generate("x")).rejects.toMatchObject({
      name: "UpstreamError",
      message: expect.stringContaining(message),
    });
    expect(s.kept).toEqual([]);
  });

  it("fetches an image again that did not come, and does not have it made twice", async () => {
    let looks = 0;
    const provider: fake.Answer = (response, request) => {
      if (request.path.startsWith("/v1/images"))
        return fake.json({ data: [{ url: `http://${request.headers.host}/p.png` }] })(
          response,
          request,
        );
      looks++;
      response.writeHead(looks === 1 ? 503 : 200);
      return response.end(looks === 1 ? "" : PIXEL);
    };
    await using s = await served({ retries: { base_ms: 1 } }, provider);
    expect(await imageModel().generate("x")).toHaveLength(1);
    expect(s.provider.requests.map(({ path }) => path)).toEqual([
      "/v1/images/generations",
      "/p.png",
      "/p.png",
    ]);
    expect(s.used).toMatchObject([{ status: "success", units: 1 }]);
  });

  it("refuses what cannot be made before the call", async () => {
    await using s = await served({}, fake.json(B64));
    await expect(imageModel().generate(" ")).rejects.toThrow("prompt is empty");
    await expect(imageModel().generate("x", { n: 11 })).rejects.toThrow("1 to 10 images");
    expect(s.provider.requests).toEqual([]);
  });

  it("has a demo that paints the same for the same prompt", async () => {
    using runtime = testRuntime({ d: { model_type: "image", server_type: "demo", pay_image: 0 } });
    const paint = async (prompt: string) =>
      (await imageModel().generate(prompt, { size: "64x32" }))[0]?.bytes;
    const first = await paint("猫");
    expect(first?.readUInt32BE(16)).toBe(64);
    expect(first?.readUInt32BE(20)).toBe(32);
    expect(await paint("猫")).toEqual(first);
    expect(await paint("狗")).not.toEqual(first);
    expect(runtime.used.map(({ costMicros }) => costMicros)).toEqual([0, 0, 0]);
  });
});

describe("an image in a graph", () => {
  const INPUT = { messages: [new HumanMessage("go")] };
  const RUN = { configurable: { thread_id: "t", run_id: "r" } };

  it.each([true, false])("is not paid again after a crash, with save: %s", async (save) => {
    await using s = await served({ save }, fake.json(B64));
    const bytes: Buffer[] = [];
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("paint", async (_state, config: LangGraphRunnableConfig) => {
        const [image] = await imageModel().generate("a cat", { config });
        if (image) bytes.push(image.bytes);
        if (bytes.length === 1) throw new Error("crash");
        return { messages: [] };
      })
      .addEdge(START, "paint")
      .compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke(INPUT, RUN)).rejects.toThrow("crash");
    await graph.invoke(null, RUN);
    expect(bytes).toEqual([PIXEL, PIXEL]);
    expect(s.provider.requests).toHaveLength(1);
    expect(s.used).toHaveLength(1);
  });
});

describe("images made in the background", () => {
  const DASHSCOPE = { dialect: "dashscope", model: "wanx2.1-t2i-turbo", retries: { base_ms: 1 } };
  const submitted = fake.json({ output: { task_id: "t/1", task_status: "PENDING" } });
  const state = (task_status: string, more: object = {}) =>
    fake.json({ output: { task_id: "t/1", task_status, ...more } });

  it("are waited for, over looks that fail for now", async () => {
    const results = [{ url: `data:image/png;base64,${PIXEL.toString("base64")}` }];
    await using s = await served(
      DASHSCOPE,
      submitted,
      state("RUNNING"),
      fake.json({ message: "busy" }, { status: 503 }),
      state("SUCCEEDED", { results }),
    );
    expect(await imageModel().generate("x")).toHaveLength(1);
    expect(s.provider.requests[1]?.path).toBe("/api/v1/tasks/t%2F1".replace("/api", "/v1/api"));
    expect(s.provider.requests).toHaveLength(4);
  });

  it.each([
    ["FAILED", { code: "DataInspectionFailed", message: "not allowed" }, "not allowed (DataInsp"],
    ["FAIL", { message: "no" }, "no"],
    ["UNKNOWN", {}, "the task ended as UNKNOWN"],
    ["CANCELED", {}, "ended its task as cancelled"],
    ["CANCELLED", {}, "ended its task as cancelled"],
  ])("that end as %s are an error", async (word, more, message) => {
    await using s = await served(DASHSCOPE, submitted, state(word, more));
    await expect(imageModel().generate("x")).rejects.toThrow(message);
    expect(s.used).toMatchObject([{ status: "error" }]);
  });

  it("are called off when the caller gives up, and when they take too long", async () => {
    const looked = Promise.withResolvers<void>();
    const running: fake.Answer = (response, request) => {
      if (request.body["input"] !== undefined) return submitted(response, request);
      looked.resolve();
      return state("RUNNING")(response, request);
    };
    await using s = await served(DASHSCOPE, running);
    const controller = new AbortController();
    const call = imageModel().generate("x", { signal: controller.signal });
    await looked.promise;
    controller.abort();
    await expect(call).rejects.toThrow(/abort/i);
    expect(s.provider.requests.at(-1)?.path).toMatch(/\/cancel$/);
    expect(s.used).toMatchObject([{ status: "cancelled" }]);

    const patience = { interval: 0.001, max_wait: 0.05 };
    await using slow = await served({ ...DASHSCOPE, poll: patience }, running);
    await expect(imageModel().generate("x")).rejects.toThrow("within 0.05 seconds");
    expect(slow.provider.requests.at(-1)?.path).toMatch(/\/cancel$/);
  });
});
