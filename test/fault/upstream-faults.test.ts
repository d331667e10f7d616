import { describe, expect, it } from "vitest";
import { human, newThread, runOf, startRun } from "../support/calls.ts";
import { type Answer, delta, json, stream, textStream } from "../support/fake-provider.ts";
import { isLong } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";
import { served } from "./upstream.ts";

const part = delta({ role: "assistant", content: "half" });
const good = textStream("fine");

const cutMidChunk: Answer = (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(part)}\n\ndata: {"id":"chatcmpl-1","cho`, () =>
    response.destroy(),
  );
};
const raw =
  (type: string, body: string): Answer =>
  (response) =>
    response.writeHead(200, { "content-type": type }).end(body);
const failing = (status: number, headers = {}) =>
  json({ error: { message: "not now", type: "server_error" } }, { status, headers });
const silent: Answer = () => undefined;

interface Fault {
  name: string;
  answers: Answer[];
  /** The statuses a run may end with. */
  ends: string[];
  /** The run's own limit where the provider falls silent; what does not end before it hangs. */
  limitMs?: number;
}

const SILENT = { ends: ["error", "timeout"], limitMs: 1300 };

/** What a run that ended so says was wrong. */
const ERRORS: Record<string, string> = { error: "upstream", timeout: "RunTimeout" };

const FAULTS: Fault[] = [
  { name: "never answers", answers: [silent], ...SILENT },
  { name: "falls silent in the middle", answers: [stream([part], { isOpen: true })], ...SILENT },
  { name: "is cut in the middle of a chunk", answers: [cutMidChunk], ends: ["error"] },
  {
    name: "sends garbage",
    answers: [raw("text/event-stream", "data: {not json\n\n")],
    ends: ["error"],
  },
  { name: "answers 200 with a page", answers: [raw("text/html", "<h1>hi</h1>")], ends: ["error"] },
  {
    name: "asks to come again after a second",
    answers: [failing(429, { "retry-after": "1" }), good],
    ends: ["success"],
  },
  {
    name: "says nothing of its usage",
    answers: [stream([part, delta({ content: "" }, "stop")])],
    ends: ["success"],
  },
  ...(isLong
    ? [
        {
          name: "fails three times",
          answers: [failing(500), failing(500), failing(500), good],
          ends: ["success", "error"],
        },
        { name: "fails for good", answers: [failing(500)], ends: ["error"] },
      ]
    : []),
];

describe("a run whose provider", () => {
  it.each(FAULTS)("$name ends, with an error that says why or after a retry", async (fault) => {
    const { limitMs = 10_000 } = fault;
    const retries = fault.limitMs === undefined ? { max: 3, base_ms: 20 } : 0;
    const fields = { timeout: 1, idle_timeout: 1, total_timeout: 2, retries };
    await using on = await served(fields, ...fault.answers);
    const { server, upstream } = on;
    const thread = await newThread(server);
    // Loading LangGraph and the graph is no part of what the provider does.
    await server.ctx.graphs.check("chat");
    const began = performance.now();
    const { run_id } = await startRun(server, thread, {
      assistant_id: "chat",
      input: human("go"),
      config: { timeout: limitMs },
    });
    await (await server.get(`/threads/${thread}/runs/${run_id}/join`)).text();
    expect(performance.now() - began).toBeLessThan(limitMs + 1000);
    const run = await runOf(server, thread, run_id);
    expect(fault.ends, JSON.stringify(run.error)).toContain(run.status);
    expect(run.error?.error).toBe(ERRORS[run.status]);
    await checkInvariants({ api: server, runs: [{ thread, run_id }] });
    const recorded = await server.ctx.storage.usage.ofRun(run_id);
    expect(recorded.length).toBeGreaterThan(0);
    expect(recorded.length).toBeLessThanOrEqual(upstream.requests.length);
    const paid = recorded.filter(({ status }) => status === "success");
    expect(paid).toHaveLength(run.status === "success" ? 1 : 0);
  });
});
