import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, newThread, NOBODY, okJson, refusal, runWait } from "../support/calls.ts";
import { REPOSITORY, type TestServer, testServer } from "../support/test-server.ts";

const DAY_MS = 24 * 3_600_000;
const PAINT = { prompt: "a cat", model: "demo-image" };

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const paint = async (body: object = {}) =>
  (await okJson(server.post("/v1/images/generations", { ...PAINT, ...body }))).data;

describe("a file", () => {
  it("is what an image became, served so that no browser takes it for anything else", async () => {
    const [{ url }] = await paint({ n: 1 });
    expect(url).toMatch(/^\/files\/[0-9a-f-]{36}$/);
    const response = await server.get(url);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/png",
      "x-content-type-options": "nosniff",
      "cache-control": "private, max-age=31536000, immutable",
      "content-security-policy": "default-src 'none'; sandbox",
      "content-disposition": expect.stringMatching(/^inline; filename="[0-9a-f-]+\.png"$/),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
  });

  it("is listed and deleted", async () => {
    await paint({ n: 2 });
    const response = await server.get("/files?limit=1");
    expect(response.headers.get("x-pagination-total")).toBe("2");
    const [{ file_id, ...file }] = await okJson(response);
    expect(file).toMatchObject({ content_type: "image/png", size: expect.any(Number) });
    expect((await server.del(`/files/${file_id}`)).status).toBe(204);
    await refusal(server.get(`/files/${file_id}`), 404);
    await refusal(server.del(`/files/${NOBODY}`), 404);
    await refusal(server.get("/files/..%2Fetc"), 422);
  });

  it("is kept for ever, or as long as the settings say", async () => {
    await using short = await testServer({ settings: { file_retention_days: 2 } });
    await okJson(short.post("/v1/images/generations", PAINT));
    short.advance(DAY_MS);
    await short.ctx.background.tick();
    expect(await okJson(short.get("/files"))).toHaveLength(1);
    short.advance(DAY_MS + 1);
    await short.ctx.background.tick();
    expect(await okJson(short.get("/files"))).toEqual([]);
  });

  it("of a run has the owner of its thread, and its address by the server's public name", async () => {
    await using named = await testServer({
      langgraph: join(REPOSITORY, "test/support/graphs/painting.json"),
      settings: { public_url: "https://ai.example.com/k/" },
    });
    const thread = await newThread(named, { metadata: { owner: "羚伊" } });
    const { messages } = await runWait(named, thread, {
      assistant_id: "painter",
      input: human("a cat"),
    });
    const [file] = await okJson(named.get("/files"));
    expect(file.metadata).toMatchObject({ owner: "羚伊" });
    expect(messages.at(-1).content).toBe(`https://ai.example.com/k/files/${file.file_id}`);
    const [run] = await okJson(named.get(`/threads/${thread}/runs`));
    expect(await named.ctx.storage.usage.ofRun(run.run_id)).toMatchObject([
      { model_id: "demo-image", status: "success" },
    ]);
  });
});
