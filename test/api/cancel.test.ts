/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Loose,
  names,
  newThread,
  okJson,
  refusal,
  runOf,
  startRun,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { readEvents, SseReader } from "../support/sse.ts";
import {
  type ListeningServer,
  startTestServer,
  type TestServer,
  testServer,
} from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

const pathOf = (run: Loose) => `/threads/${run.thread_id}/runs/${run.run_id}`;
const historyOf = (thread: string) => okJson(server.get(`/threads/${thread}/history?limit=100`));

/** A run that stands at its gate. */
async function running(thread?: string, body: object = {}) {
  const name = crypto.randomUUID();
  const at = gate(name);
  const run = await startRun(server, thread ?? (await newThread(server)), {
    assistant_id: "slow",
    input: { gate: name },
    ...body,
  });
  await at.entered;
  return { run, at, thread: run.thread_id as string };
}

/** A run that is not due yet. */
async function pending(thread?: string) {
  const at = thread ?? (await newThread(server));
  return startRun(server, at, {
    assistant_id: "echo",
    input: { note: "late" },
    after_seconds: 900,
  });
}

describe("cancel", () => {
  it("answers 202 at once with wait=0, before the run has ended", async () => {
    const { run, at } = await running();
    const response = await server.post(`${pathOf(run)}/cancel?wait=0&action=interrupt`);
    expect(response.status).toBe(202);
    await at.aborted;
    await (await server.get(`${pathOf(run)}/join`)).text();
    expect((await runOf(server, run.thread_id, run.run_id)).status).toBe("interrupted");
  });

  it("answers 204 after the end with wait=1", async () => {
    const { run } = await running();
    const response = await server.post(`${pathOf(run)}/cancel?wait=1`);
    expect(response.status).toBe(204);
    expect((await runOf(server, run.thread_id, run.run_id)).status).toBe("interrupted");
    expect((await threadOf(server, run.thread_id)).status).toBe("idle");
  });

  it("keeps the checkpoints under interrupt, and the thread can go on", async () => {
    const { run, thread } = await running();
    await server.post(`${pathOf(run)}/cancel?wait=1&action=interrupt`);
    const state = await okJson(server.get(`/threads/${thread}/state`));
    expect(state.values.steps).toHaveLength(1);
    expect(state.next).toEqual(["wait"]);
    gate("open").release();
    const values = await okJson(
      server.post(`/threads/${thread}/runs/wait`, {
        assistant_id: "slow",
        input: { gate: "open" },
      }),
    );
    expect(values.steps.at(-1)).toBe("end open");
  });

  it("removes the run and its checkpoints under rollback", async () => {
    const thread = await newThread(server);
    gate("open").release();
    const first = await okJson(
      server.post(`/threads/${thread}/runs/wait`, {
        assistant_id: "slow",
        input: { gate: "open" },
      }),
    );
    const before = await historyOf(thread);
    const { run } = await running(thread);
    expect((await historyOf(thread)).length).toBeGreaterThan(before.length);
    const response = await server.post(`${pathOf(run)}/cancel?wait=1&action=rollback`);
    expect(response.status).toBe(204);
    await refusal(server.get(pathOf(run)), 404);
    expect(await historyOf(thread)).toEqual(before);
    expect(await threadOf(server, thread)).toMatchObject({ status: "idle", values: first });
    expect(await okJson(server.get(`/threads/${thread}/runs`))).toHaveLength(1);
  });

  it("leaves a thread that waited for an answer waiting, when the answer is rolled back", async () => {
    const thread = await newThread(server);
    await okJson(server.post(`/threads/${thread}/runs/wait`, { assistant_id: "ask", input: {} }));
    const before = await threadOf(server, thread);
    expect(before.status).toBe("interrupted");
    const { run } = await running(thread);
    await server.post(`${pathOf(run)}/cancel?wait=1&action=rollback`);
    const after = await threadOf(server, thread);
    expect(after).toMatchObject({ status: "interrupted", interrupts: before.interrupts });
  });

  it.each(["interrupt", "rollback"])("ends a waiting run at once: %s", async (action) => {
    const run = await pending();
    const joined = server.get(`${pathOf(run)}/stream`);
    const waited = server.get(`${pathOf(run)}/join`);
    const response = await server.post(`${pathOf(run)}/cancel?wait=1&action=${action}`);
    expect(response.status).toBe(204);
    await (await waited).text();
    const isGone = action === "rollback";
    const found = await server.get(pathOf(run));
    const kept: Loose = await found.json();
    expect([found.status, kept.status]).toEqual(isGone ? [404, undefined] : [200, "interrupted"]);
    expect(names(await readEvents(await joined))).toEqual(isGone ? [] : ["end"]);
    expect((await threadOf(server, run.thread_id)).status).toBe("idle");
  });

  it("answers 409 for a run that has ended", async () => {
    const thread = await newThread(server);
    const run = await startRun(server, thread, { assistant_id: "echo", input: {} });
    await okJson(server.get(`${pathOf(run)}/join`));
    for (const query of ["wait=0", "wait=1", "wait=1&action=rollback"])
      await refusal(server.post(`${pathOf(run)}/cancel?${query}`), 409);
    expect((await runOf(server, thread, run.run_id)).status).toBe("success");
  });

  it("ends the stream of the run with its status", async () => {
    const { run } = await running(undefined, { stream_mode: "custom" });
    const joined = server.get(`${pathOf(run)}/stream`);
    await server.post(`${pathOf(run)}/cancel?wait=1`);
    const events = await readEvents(await joined);
    expect(names(events)).toEqual(["metadata", "custom", "custom", "end"]);
    expect(events.at(-1)?.data.status).toBe("interrupted");
  });

  it("answers a waiting client with the values so far", async () => {
    const { run } = await running();
    const waited = server.get(`${pathOf(run)}/join`);
    await server.post(`${pathOf(run)}/cancel?wait=1`);
    expect((await okJson(waited)).steps).toHaveLength(1);
  });

  it("lets the next run of the queue go on", async () => {
    const { run, thread } = await running();
    const next = await startRun(server, thread, { assistant_id: "echo", input: { note: "next" } });
    await server.post(`${pathOf(run)}/cancel?wait=1`);
    expect((await okJson(server.get(`${pathOf(next)}/join`))).note).toBe("next");
  });

  it("takes a rollback over an interrupt that was asked for first", async () => {
    const { run, at } = await running();
    await Promise.all([
      server.post(`${pathOf(run)}/cancel?wait=1&action=rollback`),
      server.post(`${pathOf(run)}/cancel?wait=1&action=interrupt`),
    ]);
    await at.aborted;
    await refusal(server.get(pathOf(run)), 404);
  });

  it.each(["wait=maybe", "action=explode"])("refuses ?%s", async (query) => {
    const run = await pending();
    await refusal(server.post(`${pathOf(run)}/cancel?${query}`), 422);
    expect((await runOf(server, run.thread_id, run.run_id)).status).toBe("pending");
  });
});

describe("a second run on a busy thread", () => {
  const second = (thread: string, multitask_strategy?: string) =>
    server.post(`/threads/${thread}/runs`, {
      assistant_id: "echo",
      input: { note: "second" },
      ...(multitask_strategy ? { multitask_strategy } : {}),
    });

  it("is refused with reject, and the first goes on", async () => {
    const { run, at, thread } = await running();
    const body = await refusal(second(thread, "reject"), 409);
    expect(body.code).toBe("conflict");
    expect(await okJson(server.get(`/threads/${thread}/runs`))).toHaveLength(1);
    at.release();
    expect((await okJson(server.get(`${pathOf(run)}/join`))).steps).toHaveLength(3);
    await okJson(second(thread, "reject"));
  });

  it("waits its turn with enqueue, which is the default", async () => {
    const { run, at, thread } = await running();
    const queue = [
      await okJson(second(thread)),
      await okJson(second(thread, "enqueue")),
      await okJson(second(thread)),
    ];
    for (const { run_id } of queue)
      expect((await runOf(server, thread, run_id)).status).toBe("pending");
    at.release();
    for (const queued of [run, ...queue]) await okJson(server.get(`${pathOf(queued)}/join`));
    const sources = (await historyOf(thread)).filter(
      ({ metadata }: Loose) => metadata.source === "input",
    );
    expect(sources.map(({ metadata }: Loose) => metadata.run_id)).toEqual(
      [run, ...queue].map(({ run_id }) => run_id).toReversed(),
    );
    expect((await threadOf(server, thread)).status).toBe("idle");
  });

  it("ends the first with interrupt and keeps what that did", async () => {
    const { run, at, thread } = await running();
    const next = await okJson(second(thread, "interrupt"));
    await at.aborted;
    const values = await okJson(server.get(`${pathOf(next)}/join`));
    expect(values.note).toBe("second");
    expect((await runOf(server, thread, run.run_id)).status).toBe("interrupted");
    const runsSeen = new Set(
      (await historyOf(thread)).map(({ metadata }: Loose) => metadata.run_id),
    );
    expect(runsSeen).toEqual(new Set([run.run_id, next.run_id]));
  });

  it("takes the first back with rollback", async () => {
    const { run, at, thread } = await running();
    const next = await okJson(second(thread, "rollback"));
    await at.aborted;
    await okJson(server.get(`${pathOf(next)}/join`));
    await refusal(server.get(pathOf(run)), 404);
    const runsSeen = new Set(
      (await historyOf(thread)).map(({ metadata }: Loose) => metadata.run_id),
    );
    expect(runsSeen).toEqual(new Set([next.run_id]));
  });

  it.each(["interrupt", "rollback"])(
    "tells those who follow a waiting run that it was ended: %s",
    async (strategy) => {
      const { at, thread } = await running();
      const queued = await okJson(second(thread));
      const waited = server.get(`${pathOf(queued)}/join`);
      const joined = server.get(`${pathOf(queued)}/stream`);
      const next = await okJson(second(thread, strategy));
      await at.aborted;
      await okJson(server.get(`${pathOf(next)}/join`));
      await (await waited).text();
      const events = names(await readEvents(await joined));
      expect(events).toEqual(strategy === "rollback" ? [] : ["end"]);
    },
    3000,
  );

  it("never has two runs of one thread at once", async () => {
    const thread = await newThread(server);
    const runs = await Promise.all(
      Array.from({ length: 12 }, () =>
        startRun(server, thread, {
          assistant_id: "slow",
          input: { gate: "open" },
          stream_mode: "custom",
        }),
      ),
    );
    gate("open").release();
    await Promise.all(runs.map(async (run) => okJson(server.get(`${pathOf(run)}/join`))));
    const order = (await historyOf(thread))
      .map(({ metadata }: Loose) => metadata.run_id)
      .toReversed();
    const changes = order.filter((id: string, index: number) => id !== order[index - 1]);
    expect(changes).toHaveLength(new Set(changes).size);
  });
});

describe("a client that goes away", () => {
  let port: ListeningServer;
  beforeAll(async () => void (port = await startTestServer()));
  afterAll(() => port[Symbol.asyncDispose]());

  const started = async (body: object) => {
    const thread = await newThread(port);
    const at = gate(thread);
    const reader = new SseReader(
      await port.post(`/threads/${thread}/runs/stream`, {
        assistant_id: "slow",
        input: { gate: thread },
        stream_mode: "custom",
        ...body,
      }),
    );
    await reader.until(({ data }) => data.at === "gate");
    const [run] = await okJson(port.get(`/threads/${thread}/runs`));
    return { thread, at, reader, path: `/threads/${thread}/runs/${run.run_id}` };
  };

  it("stops its run with on_disconnect cancel", async () => {
    const { thread, at, reader, path } = await started({ on_disconnect: "cancel" });
    await reader.cancel();
    await at.aborted;
    await (await port.get(`${path}/join`)).text();
    expect((await okJson(port.get(path))).status).toBe("interrupted");
    expect((await threadOf(port, thread)).status).toBe("idle");
  });

  it.each([{}, { on_disconnect: "continue" }])("does not stop its run with %j", async (body) => {
    const { at, reader, path } = await started(body);
    await reader.cancel();
    at.release();
    expect((await okJson(port.get(`${path}/join`))).steps).toHaveLength(3);
    expect((await okJson(port.get(path))).status).toBe("success");
  });

  it("stops the run of a wait too", async () => {
    const thread = await newThread(port);
    const at = gate(thread);
    const leave = new AbortController();
    const gone = port.request(`/threads/${thread}/runs/wait`, {
      method: "POST",
      body: JSON.stringify({
        assistant_id: "slow",
        input: { gate: thread },
        on_disconnect: "cancel",
      }),
      signal: leave.signal,
    });
    await at.entered;
    leave.abort();
    await Promise.allSettled([gone.then((response) => response.text())]);
    await at.aborted;
  });

  it.each(["stream", "join"])(
    "stops a run that it only joined by /%s, when it asks for that",
    async (way) => {
      const { at, path } = await started({});
      const leave = new AbortController();
      const response = await fetch(`${port.url}${path}/${way}?cancel_on_disconnect=true`, {
        signal: leave.signal,
      });
      const read = response.text();
      leave.abort();
      await Promise.allSettled([read]);
      await at.aborted;
    },
  );

  it("leaves a run alone that it only joined", async () => {
    const { at, path } = await started({ on_disconnect: "cancel" });
    const leave = new AbortController();
    const response = await fetch(`${port.url}${path}/stream`, { signal: leave.signal });
    const read = response.text();
    leave.abort();
    await Promise.allSettled([read]);
    at.release();
    expect((await okJson(port.get(`${path}/join`))).steps).toHaveLength(3);
  });
});
