/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
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
  startRun,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { readEvents } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ settings: { workers: 3 } });
});
afterAll(() => server[Symbol.asyncDispose]());

const joined = (run: Loose): Promise<Loose> =>
  okJson(server.get(`/threads/${run.thread_id}/runs/${run.run_id}/join`));

/** Starts a run that stands at a gate of its own. */
async function held(thread?: string) {
  const thread_id = thread ?? (await newThread(server));
  const name = `${thread_id}-${crypto.randomUUID()}`;
  const run = await startRun(server, thread_id, { assistant_id: "slow", input: { gate: name } });
  return { thread_id, run, gate: gate(name) };
}

describe("POST /runs/batch", () => {
  it("starts all runs, each as it is described", async () => {
    const thread_id = await newThread(server);
    const runs = await okJson(
      server.post("/runs/batch", [
        { assistant_id: "echo", input: human("one"), on_completion: "keep" },
        { assistant_id: "echo", input: human("two"), thread_id, metadata: { n: 2 } },
        // As the official SDK sends it.
        { assistantId: "echo", assistant_id: "echo", input: human("three"), streamMode: "updates" },
      ]),
    );
    expect(runs.map(({ status }: Loose) => status)).toEqual(["pending", "pending", "pending"]);
    expect(runs[1]).toMatchObject({ thread_id, metadata: { n: 2 } });
    expect(runs[2].kwargs.stream_mode).toEqual(["updates"]);
    const said = [];
    for (const run of runs.slice(0, 2)) said.push((await joined(run)).messages[1].content);
    expect(said).toEqual(["echo: one", "echo: two"]);
  });

  it.each<[why: string, bad: object, status: number]>([
    ["an assistant is not there", { assistant_id: "nope" }, 404],
    ["a thread is not there", { assistant_id: "echo", thread_id: NOBODY }, 404],
    ["a field is wrong", { assistant_id: "echo", stream_mode: "nope" }, 422],
  ])("starts none when %s", async (_why, bad, status) => {
    const thread_id = await newThread(server);
    const good = { assistant_id: "echo", input: human("one"), thread_id };
    await refusal(server.post("/runs/batch", [good, bad]), status);
    expect(await okJson(server.get(`/threads/${thread_id}/runs`))).toEqual([]);
    expect((await threadOf(server, thread_id)).status).toBe("idle");
  });

  it("refuses an empty list and what is no list", async () => {
    await refusal(server.post("/runs/batch", []), 422);
    await refusal(server.post("/runs/batch", { assistant_id: "echo" }), 422);
  });
});

describe("POST /runs/cancel", () => {
  const cancel = (body: object, query = "") => server.post(`/runs/cancel${query}`, body);
  const statusOf = async ({ thread_id, run }: { thread_id: string; run: Loose }) =>
    (await runOf(server, thread_id, run.run_id)).status;

  it("ends the runs that are named, running or not, and leaves ended ones alone", async () => {
    const first = await held();
    await first.gate.entered;
    const second = await held(first.thread_id);
    const done = await startRun(server, await newThread(server), {
      assistant_id: "echo",
      input: {},
    });
    await joined(done);
    const run_ids = [first.run.run_id, second.run.run_id, done.run_id];
    expect((await cancel({ run_ids })).status).toBe(204);
    await joined(first.run);
    expect(await statusOf(first)).toBe("interrupted");
    expect(await statusOf(second)).toBe("interrupted");
    expect((await runOf(server, done.thread_id, done.run_id)).status).toBe("success");
  });

  it("ends none when one is not there, or is of another thread", async () => {
    const one = await held();
    await one.gate.entered;
    await refusal(cancel({ run_ids: [one.run.run_id, NOBODY] }), 404);
    const other = await newThread(server);
    await refusal(cancel({ thread_id: other, run_ids: [one.run.run_id] }), 404);
    expect(await statusOf(one)).toBe("running");
    one.gate.release();
    await joined(one.run);
    expect(await statusOf(one)).toBe("success");
  });

  it("ends what is pending, what is running, or both", async () => {
    const running = await held();
    await running.gate.entered;
    const pending = await held(running.thread_id);
    const { thread_id } = running;
    expect((await cancel({ status: "pending", thread_id })).status).toBe(204);
    expect(await statusOf(pending)).toBe("interrupted");
    expect(await statusOf(running)).toBe("running");
    expect((await cancel({ status: "all" })).status).toBe(204);
    await joined(running.run);
    expect(await statusOf(running)).toBe("interrupted");
  });

  it("rolls back when asked", async () => {
    const running = await held();
    await running.gate.entered;
    const { thread_id } = running;
    const body = { status: "running", thread_id };
    expect((await cancel(body, "?action=rollback")).status).toBe(204);
    await running.gate.aborted;
    await readEvents(
      await server.post(`/threads/${thread_id}/runs/stream`, { assistant_id: "echo", input: {} }),
    );
    await refusal(server.get(`/threads/${thread_id}/runs/${running.run.run_id}`), 404);
  });

  it("refuses a body that says nothing", async () => {
    await refusal(cancel({}), 422);
    await refusal(cancel({ run_ids: [] }), 422);
  });
});

describe("stateless runs", () => {
  const keep = { assistant_id: "echo", input: human("hi"), on_completion: "keep" };

  it("are read, joined, streamed and deleted by their id alone", async () => {
    const run = await okJson(server.post("/runs", keep));
    const path = `/runs/${run.run_id}`;
    expect((await okJson(server.get(`${path}/join`))).messages[1].content).toBe("echo: hi");
    expect((await okJson(server.get(path))).status).toBe("success");
    expect(names(await readEvents(await server.get(`${path}/stream`)))).toContain("values");
    expect((await server.del(path)).status).toBe(204);
    await refusal(server.get(path), 404);
  });

  it("are cancelled by their id alone", async () => {
    const name = crypto.randomUUID();
    const run = await okJson(server.post("/runs", { assistant_id: "slow", input: { gate: name } }));
    await gate(name).entered;
    const path = `/runs/${run.run_id}/cancel?wait=1&reason=taken`;
    expect((await server.post(path)).status).toBe(204);
    expect((await okJson(server.get(`/runs/${run.run_id}`))).status).toBe("interrupted");
  });
});

describe("fields of a run", () => {
  const run = async (body: object, headers = {}) => {
    const thread = await newThread(server);
    const asked = { assistant_id: "echo", input: human("hi"), ...body };
    return server.post(`/threads/${thread}/runs/wait`, asked, headers);
  };

  it("that nothing is made of are named in a warning", async () => {
    const response = await run({
      priority: 5,
      "böse\nZeile": 1,
      langsmith_tracer: {},
      empty: null,
    });
    expect(response.headers.get("warning")).toBe(
      '299 kagari "fields not honoured: priority, b%C3%B6se%0AZeile, langsmith_tracer"',
    );
    expect(
      (await run({ webhook: null, stream_resumable: true })).headers.get("warning"),
    ).toBeNull();
  });

  it("that are honoured are told by /info", async () => {
    const { run_fields } = await okJson(server.get("/info"));
    expect(run_fields).toEqual(expect.arrayContaining(["input", "command", "durability"]));
    expect(run_fields).not.toContain("langsmith_tracer");
  });

  it("reach the graph with the request's headers, which the thread does not keep", async () => {
    const thread = await newThread(server);
    const made = await startRun(
      {
        ...server,
        post: (path, body) => server.post(path, body, { "x-user": "ann", "x-api-key": "k" }),
      },
      thread,
      { assistant_id: "echo", input: {}, config: { configurable: { "x-user": "bob", a: 1 } } },
    );
    expect(made.kwargs.config.configurable).toMatchObject({ "x-user": "ann", a: 1 });
    expect(made.kwargs.config.configurable).not.toHaveProperty("x-api-key");
    expect((await threadOf(server, thread)).config.configurable).toEqual({ a: 1 });
  });

  it("may be a command that says nothing beside an input", async () => {
    const response = await run({ command: {} });
    expect((await okJson(response)).messages[1].content).toBe("echo: hi");
  });
});
