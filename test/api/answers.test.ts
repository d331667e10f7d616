import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newThread, okJson, type Loose, runWait, startRun } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

const asked = (values: Loose) => values.__interrupt__?.map(({ value }: Loose) => value);

describe("a node that fails between two questions", () => {
  it.each(["questions", "questions-outer"])(
    "asks its second one anew when it is continued (%s)",
    async (assistant_id) => {
      const thread = await newThread(server);
      const gateName = `${assistant_id} ${thread}`;
      const step = (body: object) => runWait(server, thread, { assistant_id, ...body });
      expect(asked(await step({ input: { gate: gateName } }))).toEqual(["first?"]);
      const broken = await step({ command: { resume: "one" } });
      expect(broken.__error__.message).toBe("it broke between two questions");
      const continued = await step({ input: null });
      const questions = asked(continued);
      expect(continued.answers ?? []).toEqual([]);
      // What the failed node had got may be asked for again, but the old answer is none to the second question.
      if (questions[0] === "first?") await step({ command: { resume: "one" } });
      const done = await step({ command: { resume: "two" } });
      expect(done.answers).toEqual(["one", "two"]);
    },
  );
});

describe("an answer that an inner graph has used", () => {
  it("is not used again by an attempt that goes on after a handover", async () => {
    const thread = await newThread(server);
    const assistant_id = "questions-held";
    const first = await runWait(server, thread, { assistant_id, input: { gate: thread } });
    expect(asked(first)).toEqual(["first?"]);
    const { run_id } = await startRun(server, thread, {
      assistant_id,
      command: { resume: "one" },
    });
    await gate(thread).entered;
    await server.ctx.storage.runs.takeOver(server.ctx.clock.now());
    gate(thread).release();
    server.ctx.workers.wake();
    const result = await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
    expect(asked(result)).toEqual(["second?"]);
    const done = await runWait(server, thread, { assistant_id, command: { resume: "two" } });
    expect(done).toMatchObject({ answers: ["one"], more: ["two"] });
  });
});
