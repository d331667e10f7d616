import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, newThread, okJson } from "../support/calls.ts";
import { type Answer, delta, usageChunk } from "../support/fake-provider.ts";
import { SseReader } from "../support/sse.ts";
import { isLong, numbered, random } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";
import { type Served, served } from "./upstream.ts";

const POINTS = isLong ? 100 : 8;
const WORDS = 40;
const LIMIT_MS = 1000;

/** When the connection of the last answer closed, and whether the answer was whole then. */
let closed: Promise<{ isWhole: boolean }>;

/** An answer that comes a word at a time. */
const slowly: Answer = (response) => {
  closed = once(response, "close").then(() => ({ isWhole: response.writableFinished }));
  const write = async () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let n = 0; n < WORDS && !response.destroyed; n++) {
      response.write(`data: ${JSON.stringify(delta({ content: `w${n} ` }))}\n\n`);
      await pause(3);
    }
    for (const chunk of [delta({ content: "" }, "stop"), usageChunk()])
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    response.end("data: [DONE]\n\n");
  };
  void write();
};

let on: Served;
beforeAll(async () => {
  on = await served({}, slowly);
  // The first run loads the graph.
  const thread = await newThread(on.server);
  await okJson(on.server.post(`/threads/${thread}/runs/wait`, chat("continue")));
});
afterAll(() => on[Symbol.asyncDispose]());

const chat = (on_disconnect: string) => ({
  assistant_id: "chat",
  input: human("go"),
  stream_mode: "messages-tuple",
  on_disconnect,
});

/** Starts a run, reads some of its events and goes away. */
async function leave(point: number, on_disconnect: string) {
  const next = random(point);
  const thread = await newThread(on.server);
  const answer = await on.server.post(`/threads/${thread}/runs/stream`, chat(on_disconnect));
  const run_id = answer.headers.get("content-location")?.split("/").at(-1) ?? "";
  const reader = new SseReader(answer);
  const read = Math.floor(next() * WORDS);
  for (let count = read; count > 0; count--) await reader.next();
  await reader.cancel();
  // Near the end the provider may be done before it can be left.
  return { thread, run_id, isEarly: read < WORDS / 2, leftAt: performance.now() };
}

const check = async ({ thread, run_id }: { thread: string; run_id: string }, made: number) => {
  const recorded = await on.server.ctx.storage.usage.ofRun(run_id);
  const calls = { made, recorded };
  return checkInvariants({ api: on.server, runs: [{ thread, run_id }], calls });
};

describe("a client that goes away at a random point", () => {
  it.each(numbered(POINTS))(
    "and asked to cancel: the provider is left within 1 s (%i)",
    async (point) => {
      const before = on.upstream.requests.length;
      const run = await leave(point, "cancel");
      const path = `/threads/${run.thread}/runs/${run.run_id}/join`;
      await (await on.server.get(path)).text();
      const made = on.upstream.requests.length - before;
      if (made > 0) await closed;
      expect(performance.now() - run.leftAt).toBeLessThan(LIMIT_MS);
      const [status] = await check(run, made);
      expect(["interrupted", "success"]).toContain(status);
      const isCut = status === "interrupted" && made > 0 && run.isEarly;
      expect(isCut && (await closed).isWhole).toBe(false);
    },
  );

  it.each(numbered(POINTS))(
    "and asked to continue: the run goes on and can be joined (%i)",
    async (point) => {
      const before = on.upstream.requests.length;
      const run = await leave(point, "continue");
      const path = `/threads/${run.thread}/runs/${run.run_id}/join`;
      const { messages } = await okJson(on.server.get(path));
      expect(messages.at(-1).content.trim().split(" ")).toHaveLength(WORDS);
      expect(await check(run, on.upstream.requests.length - before)).toEqual(["success"]);
    },
  );
});
