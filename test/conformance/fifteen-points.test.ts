/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
// Where servers of this contract go wrong most easily: each test fails on the wrong behaviour that its
// comment names.
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  names,
  newThread,
  NOBODY,
  okJson,
  refusal,
  runOf,
  runWait,
  startRun,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { readEvents, SseReader } from "../support/sse.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
beforeAll(async () => {
  server = await startTestServer({ settings: { heartbeat_seconds: 0.05 } });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A run that stands at a gate named after its thread. */
async function held(body: object = {}) {
  const thread = await newThread(server);
  const run = await startRun(server, thread, {
    assistant_id: "slow",
    input: { gate: thread },
    ...body,
  });
  await gate(thread).entered;
  return { thread, run, path: `/threads/${thread}/runs/${run.run_id}` };
}

const stateOf = (thread: string, query = ""): Promise<Loose> =>
  okJson(server.get(`/threads/${thread}/state${query}`));
const historyOf = (thread: string, body: object = {}): Promise<Loose> =>
  okJson(server.post(`/threads/${thread}/history`, body));
const eventsAt = async (path: string, after?: string) =>
  readEvents(await server.get(path, after === undefined ? {} : { "last-event-id": after }));

describe("the points that are easiest to get wrong", () => {
  it("1: a second run is queued by default, and refused with 409 where that is asked", async () => {
    const { thread, run } = await held();
    const second = await startRun(server, thread, { assistant_id: "echo", input: human("hi") });
    expect(second.status).toBe("pending");
    const reject = { assistant_id: "echo", input: {}, multitask_strategy: "reject" };
    await refusal(server.post(`/threads/${thread}/runs`, reject), 409);
    gate(thread).release();
    await okJson(server.get(`/threads/${thread}/runs/${second.run_id}/join`));
    expect((await runOf(server, thread, run.run_id)).status).toBe("success");
  });

  it("2: rollback removes a running run with its checkpoints; interrupt keeps what it did", async () => {
    const rolled = await held();
    expect((await server.post(`${rolled.path}/cancel?action=rollback&wait=1`)).status).toBe(204);
    await refusal(server.get(rolled.path), 404);
    expect(await historyOf(rolled.thread)).toEqual([]);
    expect((await threadOf(server, rolled.thread)).status).toBe("idle");

    const stopped = await held();
    expect((await server.post(`${stopped.path}/cancel?wait=1`)).status).toBe(204);
    expect((await okJson(server.get(stopped.path))).status).toBe("interrupted");
    expect((await threadOf(server, stopped.thread)).status).toBe("idle");
    expect((await stateOf(stopped.thread)).values.steps).toEqual([`begin ${stopped.thread}`]);
  });

  it("3: a cancel with wait=0 answers 202 at once, with wait=1 204 at the end; of an ended run 409", async () => {
    const one = await held();
    expect((await server.post(`${one.path}/cancel?wait=0&action=interrupt`)).status).toBe(202);
    await okJson(server.get(`${one.path}/join`));
    const other = await held();
    expect((await server.post(`${other.path}/cancel?wait=1`)).status).toBe(204);
    expect((await okJson(server.get(other.path))).status).toBe("interrupted");
    await refusal(server.post(`${other.path}/cancel?wait=0`), 409);
  });

  it("4: Last-Event-ID is exclusive; -1 is the start, and past the end there is nothing", async () => {
    const thread = await newThread(server);
    const response = await server.post(`/threads/${thread}/runs/stream`, {
      assistant_id: "talk",
      input: human("2+3"),
      stream_mode: ["messages-tuple", "values"],
    });
    const path = response.headers.get("location") ?? "";
    const all = await readEvents(response);
    expect(await eventsAt(path, "-1")).toEqual(all);
    expect(await eventsAt(path, all[4]?.id)).toEqual(all.slice(5));
    expect(await eventsAt(path, all.at(-1)?.id)).toEqual([]);
    expect(await eventsAt(path, "100000")).toEqual([]);
  });

  it("5: every joiner gets every event, also after the end; an unknown run is 404", async () => {
    const { thread, path } = await held({ stream_mode: "custom", stream_resumable: false });
    const joins = [1, 2, 3].map(() => eventsAt(`${path}/stream`));
    gate(thread).release();
    const [first, ...others] = await Promise.all(joins);
    expect(names(first ?? [])).toEqual(["metadata", "custom", "custom", "custom", "end"]);
    for (const other of [...others, await eventsAt(`${path}/stream`)]) expect(other).toEqual(first);
    await refusal(server.get(`/threads/${thread}/runs/${NOBODY}/stream`), 404);
  });

  it("6: a client that goes away ends its run where that is asked: stream, wait and join alike", async () => {
    for (const how of ["stream", "wait", "join"] as const) {
      const thread = await newThread(server);
      const body = { assistant_id: "slow", input: { gate: thread } };
      const gone = new AbortController();
      const asked = { ...body, on_disconnect: how === "join" ? "continue" : "cancel" };
      const run = how === "join" ? await startRun(server, thread, asked) : undefined;
      const response = await (run
        ? server.request(`/threads/${thread}/runs/${run.run_id}/join?cancel_on_disconnect=1`, {
            signal: gone.signal,
          })
        : server.request(`/threads/${thread}/runs/${how}`, {
            method: "POST",
            body: JSON.stringify(asked),
            signal: gone.signal,
          }));
      const [, , , run_id] = (response.headers.get("content-location") ?? "").slice(1).split("/");
      await gate(thread).entered;
      const aborted = once(gone.signal, "abort");
      gone.abort();
      await aborted;
      await gate(thread).aborted;
      await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
      expect((await runOf(server, thread, run_id ?? "")).status, how).toBe("interrupted");
      expect((await threadOf(server, thread)).status, how).toBe("idle");
    }
  });

  it("7: interrupts are in wait, thread and state, are answered by id, and are no matter of text", async () => {
    const thread = await newThread(server);
    const { __interrupt__: asked } = await runWait(server, thread, {
      assistant_id: "ask-two",
      input: {},
    });
    expect(asked).toHaveLength(2);
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(run.status).toBe("success");
    const { status, interrupts } = await threadOf(server, thread);
    expect(status).toBe("interrupted");
    expect(Object.values(interrupts).flat()).toEqual(asked);
    const { tasks } = await stateOf(thread);
    expect(tasks.flatMap((task: Loose) => task.interrupts)).toEqual(asked);
    const resume = Object.fromEntries(asked.map(({ id }: Loose, n: number) => [id, `answer ${n}`]));
    await runWait(server, thread, { assistant_id: "ask-two", command: { resume } });
    expect(await threadOf(server, thread)).toMatchObject({ status: "idle", interrupts: {} });

    const stopped = await newThread(server);
    const at = { assistant_id: "nested", input: { word: "w" }, interrupt_before: ["top"] };
    expect((await runWait(server, stopped, at)).__interrupt__).toEqual([]);
    expect((await threadOf(server, stopped)).status).toBe("interrupted");

    const texted = await newThread(server);
    await runWait(server, texted, { assistant_id: "echo", input: human("__interrupt__") });
    expect((await threadOf(server, texted)).status).toBe("idle");
  });

  it("8: a queued run makes its thread busy, one that is deleted frees it; values are those of the root", async () => {
    const thread = await newThread(server);
    const later = { assistant_id: "echo", input: {}, after_seconds: 60 };
    const { run_id } = await startRun(server, thread, later);
    expect((await threadOf(server, thread)).status).toBe("busy");
    expect((await server.del(`/threads/${thread}/runs/${run_id}`)).status).toBe(204);
    expect((await threadOf(server, thread)).status).toBe("idle");

    const nested = { assistant_id: "nested", input: { word: "w" }, stream_subgraphs: true };
    const root = await newThread(server);
    await readEvents(await server.post(`/threads/${root}/runs/stream`, nested));
    expect(Object.keys((await threadOf(server, root)).values).toSorted()).toEqual([
      "above",
      "word",
    ]);
  });

  it("9: subgraph events carry their path, a filter needs no task id, and states show subgraphs", async () => {
    const thread = await newThread(server);
    const response = await server.post(`/threads/${thread}/runs/stream`, {
      assistant_id: "nested",
      input: { word: "w" },
      stream_mode: "updates",
      stream_subgraphs: true,
    });
    const path = response.headers.get("location") ?? "";
    const inner = names(await readEvents(response)).filter((name) => name.includes("|"));
    expect(inner).toEqual([
      expect.stringMatching(/^updates\|branch:[0-9a-f-]{36}$/),
      expect.stringMatching(/^updates\|branch:[0-9a-f-]{36}$/),
    ]);
    expect(names(await eventsAt(`${path}?namespace=branch`)).slice(1, -1)).toEqual(inner);

    const asking = await newThread(server);
    await runWait(server, asking, { assistant_id: "nested-ask", input: { word: "w" } });
    const [plain] = (await stateOf(asking)).tasks;
    expect(plain.state).toBeNull();
    expect(plain.checkpoint.checkpoint_ns).toMatch(/^branch:/);
    const [whole] = (await stateOf(asking, "?subgraphs=true")).tasks;
    expect(whole.state.next).toEqual(["leaf"]);
  });

  it("10: history is newest first, ten at most, and goes on before any form of a checkpoint", async () => {
    const thread = await newThread(server);
    for (const word of ["a", "b", "c"])
      await runWait(server, thread, { assistant_id: "nested", input: { word } });
    const all = await historyOf(thread, { limit: 100 });
    expect(await historyOf(thread)).toEqual(all.slice(0, 10));
    expect(all[0].checkpoint.checkpoint_id > all[1].checkpoint.checkpoint_id).toBe(true);
    const { checkpoint } = all[2];
    const { checkpoint_id } = checkpoint;
    for (const before of [checkpoint_id, checkpoint, { configurable: checkpoint }])
      expect(await historyOf(thread, { before, limit: 2 })).toEqual(all.slice(3, 5));
    const path = `/threads/${thread}/history?before=${checkpoint_id}&limit=2`;
    expect(await okJson(server.get(path))).toEqual(all.slice(3, 5));
  });

  it("11: an error is told once, by its own name, in stream, wait, run, thread and state", async () => {
    const error = { error: "BoomError", message: "it went boom" };
    const failing = { assistant_id: "failing", input: {} };
    const thread = await newThread(server);
    const events = await readEvents(await server.post(`/threads/${thread}/runs/stream`, failing));
    expect(events.filter(({ event }) => event === "error").map(({ data }) => data)).toEqual([
      error,
    ]);
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(run.status).toBe("error");
    expect((await threadOf(server, thread)).status).toBe("error");
    expect((await stateOf(thread)).tasks[0].error).toBe("it went boom");
    const waited = await server.post(`/threads/${thread}/runs/wait`, failing);
    expect(waited.status).toBe(200);
    expect(await okJson(waited)).toEqual({ __error__: error });
  });

  it("12: every creation says where the run is, and browsers may read it", async () => {
    const thread = await newThread(server);
    const body = { assistant_id: "echo", input: {} };
    for (const [prefix, kinds] of [
      [`/threads/${thread}/runs`, ["", "/stream", "/wait"]],
      ["/runs", ["", "/stream", "/wait"]],
    ] as const)
      for (const kind of kinds) {
        const { headers, ...response } = await server.post(`${prefix}${kind}`, body, {
          origin: "https://smith.langchain.com",
        });
        const at = headers.get("content-location") ?? "";
        expect(at, `${prefix}${kind} ${response.status}`).toMatch(
          new RegExp(`^${prefix}/[0-9a-f-]{36}$`),
        );
        const exposed = headers.get("access-control-expose-headers") ?? "";
        for (const name of [
          "content-location",
          "location",
          "x-pagination-total",
          "x-pagination-next",
        ])
          expect(exposed).toContain(name);
        const location = kind === "" ? null : `${at}/stream`;
        expect(headers.get("location"), kind).toBe(location);
      }
  });

  it("13: wait keeps its connection alive with newlines before JSON", async () => {
    const { thread, path } = await held();
    const response = await server.get(`${path}/join`);
    expect(response.headers.get("content-type")).toContain("application/json");
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";
    expect(text).toBe("\n");
    gate(thread).release();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += part.value;
    expect(text).toMatch(/^\n+\{/);
    expect(JSON.parse(text).steps).toHaveLength(3);
  });

  it("14: configs are layered key by key, ids are stamped, and a later run waits for its time", async () => {
    const { assistant_id } = await okJson(
      server.post("/assistants", {
        graph_id: "echo",
        config: { configurable: { a: "assistant", b: "assistant" } },
        context: { tone: "assistant", level: 1 },
        metadata: { from: "assistant" },
      }),
    );
    const thread = await newThread(server, { metadata: { topic: "thread" } });
    const body = { assistant_id, input: {}, metadata: { own: "run" } };
    await runWait(server, thread, {
      ...body,
      config: { configurable: { b: "thread", c: "thread" } },
      context: { tone: "run" },
    });
    const second = await startRun(server, thread, {
      ...body,
      config: { configurable: { c: "run", thread_id: NOBODY } },
      after_seconds: 3600,
    });
    expect(second.kwargs.config).not.toHaveProperty("recursion_limit");
    expect(second.kwargs.config.configurable).toMatchObject({
      a: "assistant",
      b: "thread",
      c: "run",
    });
    expect(second.metadata).toMatchObject({ from: "assistant", topic: "thread", own: "run" });
    expect(second.kwargs.context).toEqual({ tone: "assistant", level: 1 });
    const [first] = (await okJson(server.get(`/threads/${thread}/runs?status=success`))) as Loose[];
    expect(Date.parse(second.created_at) - Date.parse(first.created_at)).toBe(3_600_000);
    expect((await stateOf(thread)).checkpoint.thread_id).toBe(thread);
    const reader = new SseReader(
      await server.post(`/runs/stream`, { assistant_id: "loop", input: { count: 0 } }),
    );
    expect(names(await reader.rest())).toContain("error");
  });

  it("15: what is missing is 404, pages say where the next begins, and a store miss is null", async () => {
    const run = { assistant_id: "echo", input: {} };
    await refusal(server.post(`/threads/${NOBODY}/runs`, run), 404);
    const lazy = crypto.randomUUID();
    const created = { ...run, if_not_exists: "create" };
    expect((await server.post(`/threads/${lazy}/runs/wait`, created)).status).toBe(200);
    const found = await server.post("/threads/search", { limit: 1 });
    expect(Number(found.headers.get("x-pagination-total"))).toBeGreaterThan(1);
    expect(found.headers.get("x-pagination-next")).toBe("1");
    const json = { "content-type": "application/json" };
    expect((await server.get("/assistants/echo/schemas", json)).status).toBe(200);
    const miss = await server.get("/store/items?namespace=nowhere&key=nothing");
    expect(miss.status).toBe(200);
    expect(await miss.json()).toBeNull();
    const { thread } = await held();
    await refusal(server.post(`/threads/${thread}/state`, { values: { steps: [] } }), 409);
    gate(thread).release();
  });
});
