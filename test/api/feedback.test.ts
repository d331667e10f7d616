import { Client } from "@langchain/langgraph-sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Run } from "../../src/domain/run.ts";
import { webhookBody } from "../../src/domain/webhook.ts";
import {
  human,
  type Loose,
  newThread,
  okJson,
  refusal,
  runWait,
  startRun,
} from "../support/calls.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
let client: Client;
beforeEach(async () => {
  server = await startTestServer();
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterEach(() => server[Symbol.asyncDispose]());

const feedbackKeys = ["quality", "__proto__ 好"];

/** Runs a graph through the SDK; answers what its event `feedback` says. */
async function urlsOf(thread: string | null): Promise<Record<string, string>> {
  const options = { input: human("hi"), feedbackKeys };
  const parts: Loose[] = [];
  const stream =
    thread === null
      ? client.runs.stream(null, "echo", options)
      : client.runs.stream(thread, "echo", options);
  for await (const part of stream) parts.push(part);
  expect(parts.at(-2)?.event).toBe("feedback");
  expect(parts.at(-1)?.event).toBe("end");
  return parts.at(-2)?.data;
}

const post = (url: string, body: object) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

describe("a run with feedback_keys", () => {
  it("says where feedback goes, which needs no key, and keeps the last word", async () => {
    const thread = await newThread(server);
    const urls = await urlsOf(thread);
    expect(Object.keys(urls)).toEqual(feedbackKeys);
    const quality = urls["quality"] ?? "";
    expect(quality).toMatch(`${server.url}/feedback/tokens/`);
    expect(await okJson(post(quality, { score: 0.5, comment: "fine" }))).toMatchObject({
      key: "quality",
      score: 0.5,
    });
    server.advance(1000);
    await okJson(post(quality, { score: true, value: { label: "good" }, correction: { a: 1 } }));
    const [run] = await client.runs.list(thread);
    expect(await okJson(server.get(`/feedback?thread_id=${thread}`))).toEqual([
      {
        feedback_id: expect.any(String),
        run_id: run?.run_id,
        thread_id: thread,
        key: "quality",
        score: 1,
        value: { label: "good" },
        comment: null,
        correction: { a: 1 },
        metadata: expect.objectContaining({ assistant_id: run?.assistant_id }),
        created_at: "2026-01-01T00:00:00.000Z",
        updated_at: "2026-01-01T00:00:01.000Z",
      },
    ]);
  });

  it("says the same to whoever joins it later, and shows only the keys", async () => {
    const thread = await newThread(server);
    const run = await startRun(server, thread, {
      assistant_id: "echo",
      input: human("hi"),
      feedback_keys: ["quality"],
    });
    expect(run.kwargs).toMatchObject({ feedback_keys: ["quality"] });
    expect(JSON.stringify(run)).not.toContain("/feedback/tokens/");
    const joined = async () => {
      for await (const { event, data } of client.runs.joinStream(thread, run.run_id, {
        lastEventId: "-1",
      }))
        if (event === "feedback") return data;
      return undefined;
    };
    const urls = await joined();
    expect(urls).toEqual({ quality: expect.stringContaining(run.run_id) });
    expect(await joined()).toEqual(urls);
  });

  it("tells its webhook nothing of the addresses", async () => {
    const webhook = "https://hooks.example/x";
    const run = { assistant_id: "echo", input: {}, feedback_keys: ["quality"], webhook };
    await runWait(server, await newThread(server), run);
    const [told] = (await server.ctx.storage.webhooks.list({ limit: 1, offset: 0 })).rows;
    const { kwargs } = webhookBody(told?.run as Run, null) as Loose;
    expect(kwargs).toMatchObject({ feedback_keys: ["quality"] });
    expect(JSON.stringify(kwargs)).not.toContain("tokens");
  });

  it("takes feedback by a link, also of a stateless run, and keeps it when that is gone", async () => {
    const { quality } = await urlsOf(null);
    await okJson(fetch(`${quality}?score=-1&value=bad&comment=slow`));
    server.advance(11 * 60_000);
    await server.ctx.background.tick();
    await refusal(fetch(`${quality}?score=1`), 404);
    expect(await okJson(server.get("/feedback?key=quality"))).toMatchObject([
      { thread_id: null, score: -1, value: "bad", comment: "slow" },
    ]);
  });

  it("refuses a token that it did not give, and feedback that says nothing", async () => {
    const { quality = "" } = await urlsOf(await newThread(server));
    await refusal(post(quality, {}), 422);
    await refusal(fetch(`${quality}?score=much`), 422);
    const other = quality.endsWith("A") ? "B" : "A";
    await refusal(post(`${quality.slice(0, -1)}${other}`, { score: 1 }), 404);
    await refusal(post(quality.replace(/\.[^.]*$/, ""), { score: 1 }), 404);
    await refusal(post(`${server.url}/feedback/tokens/%00`, { score: 1 }), 422);
    expect(await okJson(server.get("/feedback"))).toEqual([]);
  });
});
