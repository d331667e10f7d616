/* oxlint-disable vitest/expect-expect -- refusal holds the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  newThread,
  NOBODY,
  refusal,
  runWait,
  startRun,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type SseEvent, SseReader } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const echo = (text: string) => ({ assistant_id: "echo", input: human(text) });

async function open(thread: string, query = "", after?: string): Promise<SseReader> {
  const response = await server.get(
    `/threads/${thread}/stream${query}`,
    after === undefined ? {} : { "last-event-id": after },
  );
  expect(response.status).toBe(200);
  return new SseReader(response);
}

const isDone = ({ data }: SseEvent): boolean => data?.status === "run_done";
const shown = (events: SseEvent[]) =>
  events.map(({ event, data }) => (isDone({ data } as SseEvent) ? "done" : event));
const lastText = (events: SseEvent[]): Loose =>
  events.findLast(({ event }) => event === "values")?.data.messages.at(-1).content;

describe("GET /threads/:id/stream", () => {
  it("shows run after run and stays open", async () => {
    const thread = await newThread(server);
    const reader = await open(thread);
    await runWait(server, thread, echo("one"));
    const first = await reader.until(isDone);
    expect(shown(first)).toEqual(["metadata", "values", "values", "done"]);
    expect(lastText(first)).toBe("echo: one");
    await runWait(server, thread, { ...echo("two"), stream_mode: "updates" });
    const second = await reader.until(isDone);
    expect(shown(second)).toEqual(["metadata", "updates", "done"]);
    expect(second[0]?.data.run_id).not.toBe(first[0]?.data.run_id);
    await reader.cancel();
  });

  it("leaves out what was before it, unless it is asked to begin at the start", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, echo("one"));
    await runWait(server, thread, echo("two"));
    const fromNow = await open(thread);
    const fromStart = await open(thread, "", "-");
    const past = [...(await fromStart.until(isDone)), ...(await fromStart.until(isDone))];
    expect(past.filter(({ event }) => event === "metadata")).toHaveLength(4);
    await runWait(server, thread, echo("three"));
    expect(lastText(await fromNow.until(isDone))).toBe("echo: three");
    expect(lastText(await fromStart.until(isDone))).toBe("echo: three");
    await fromNow.cancel();
    await fromStart.cancel();
  });

  it("goes on after the last event a client has, in the middle of a run and after it", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, echo("one"));
    await runWait(server, thread, echo("two"));
    const whole = await open(thread, "", "-");
    const all = [...(await whole.until(isDone)), ...(await whole.until(isDone))];
    await whole.cancel();
    for (const at of [1, 3, 5]) {
      const reader = await open(thread, "", all[at]?.id);
      const rest: SseEvent[] = [];
      while (rest.length < all.length - at - 1) rest.push(...(await reader.until(isDone)));
      expect(rest).toEqual(all.slice(at + 1));
      await reader.cancel();
    }
  });

  it("shows a run that goes on while it is opened", async () => {
    const thread = await newThread(server);
    await startRun(server, thread, {
      assistant_id: "slow",
      input: { gate: thread },
      stream_mode: "custom",
    });
    await gate(thread).entered;
    const reader = await open(thread);
    await reader.until(({ data }) => data.at === "gate");
    gate(thread).release();
    expect(shown(await reader.until(isDone))).toEqual(["custom", "done"]);
    await reader.cancel();
  });

  it("shows begin and end of runs, and the states they leave, when only that is asked for", async () => {
    const thread = await newThread(server);
    const reader = await open(thread, "?stream_modes=lifecycle&stream_modes=state_update");
    await runWait(server, thread, echo("one"));
    const events = await reader.until(({ event }) => event === "state_update");
    expect(shown(events)).toEqual(["metadata", "done", "state_update"]);
    expect(events[1]?.data).toMatchObject({ run_status: "success" });
    expect(events[2]?.data.values.messages).toHaveLength(2);
    await reader.cancel();
    const lifecycle = await open(thread, "?stream_mode=lifecycle", "-");
    expect(shown(await lifecycle.until(isDone))).toEqual(["metadata", "done"]);
    await lifecycle.cancel();
  });

  it("is refused for a thread that is not there and for modes that are not", async () => {
    await refusal(server.get(`/threads/${NOBODY}/stream`), 404);
    const thread = await newThread(server);
    await refusal(server.get(`/threads/${thread}/stream?stream_mode=values`), 422);
  });
});
