import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runWait, startRun } from "../support/calls.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

const textsOf = ({ messages }: { messages: { content: string }[] }) =>
  messages.map(({ content }) => content);

describe("joining a run", () => {
  it("answers the run's own final values, though the thread has gone on", async () => {
    const thread = await newThread(server);
    const runs = [];
    for (const word of ["one", "two", "three"]) {
      const run = await startRun(server, thread, { assistant_id: "echo", input: human(word) });
      await okJson(server.get(`/threads/${thread}/runs/${run.run_id}/join`));
      runs.push(run);
    }
    const results = await Promise.all(
      runs.map(({ run_id }) => okJson(server.get(`/threads/${thread}/runs/${run_id}/join`))),
    );
    expect(results.map((values) => textsOf(values).at(-1))).toEqual([
      "echo: one",
      "echo: two",
      "echo: three",
    ]);
    expect(results.map((values) => textsOf(values).length)).toEqual([2, 4, 6]);
  });

  it("answers what the run asked, though that was answered since", async () => {
    const thread = await newThread(server);
    const run = await startRun(server, thread, { assistant_id: "ask", input: human("go") });
    const join = () => okJson(server.get(`/threads/${thread}/runs/${run.run_id}/join`));
    const before = await join();
    expect(before.__interrupt__).toMatchObject([{ value: { question: "sure?" } }]);
    const done = await runWait(server, thread, { assistant_id: "ask", command: { resume: "yes" } });
    expect(done).not.toHaveProperty("__interrupt__");
    expect(await join()).toEqual(before);
  });

  it("answers the thread's newest values once the run's own were pruned", async () => {
    const thread = await newThread(server);
    const run = await startRun(server, thread, { assistant_id: "echo", input: human("one") });
    await runWait(server, thread, { assistant_id: "echo", input: human("two") });
    await okJson(server.post("/threads/prune", { thread_ids: [thread], strategy: "keep_latest" }));
    const values = await okJson(server.get(`/threads/${thread}/runs/${run.run_id}/join`));
    expect(textsOf(values).at(-1)).toBe("echo: two");
  });
});

describe("a limit", () => {
  it.each([[[5]], [["5"]], [{}], [true], ["five"], [""], ["1e3"], [5.5], [null]])(
    "is refused as %j",
    async (limit) => {
      for (const field of ["limit", "offset"]) {
        const body = await refusal(server.post("/threads/search", { [field]: limit }), 422);
        expect(body.detail).toContain(`body.${field}`);
      }
    },
  );

  it("is a number, or its digits", async () => {
    await newThread(server);
    await newThread(server);
    for (const limit of [1, "1"])
      expect(await okJson(server.post("/threads/search", { limit }))).toHaveLength(1);
    const thread = await newThread(server);
    expect(await okJson(server.get(`/threads/${thread}/history?limit=1`))).toEqual([]);
  });
});
