import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Loose, newThread, runWait, threadOf } from "../support/calls.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function asking(assistant_id: string) {
  const thread = await newThread(server);
  const { __interrupt__: interrupts } = await runWait(server, thread, { assistant_id, input: {} });
  const resume = (answer: unknown, strict_resume = true): Promise<Loose> =>
    runWait(server, thread, { assistant_id, command: { resume: answer }, strict_resume });
  return { thread, ids: interrupts.map(({ id }: Loose) => id), resume };
}

describe("strict_resume", () => {
  it("takes an answer to what is asked", async () => {
    const { ids, resume } = await asking("ask-two");
    const values = await resume({ [ids[0]]: "a", [ids[1]]: "b" });
    expect(values).not.toHaveProperty("__error__");
    expect(values).not.toHaveProperty("__interrupt__");
  });

  it.each<[why: string, answer: (ids: string[]) => unknown, reason: string]>([
    ["names nothing that is asked", () => ({ ["0".repeat(32)]: "a" }), "not_pending"],
    ["answers nothing", () => ({}), "empty_map"],
    ["does not say which of several questions", () => "a", "ambiguous"],
  ])("ends a run with an error whose answer %s", async (_why, answer, reason) => {
    const { ids, resume } = await asking("ask-two");
    const { __error__: error } = await resume(answer(ids));
    expect(error.error).toBe("UnknownInterruptError");
    expect(error.message).toContain(reason);
    expect(error.message).toContain(ids[0]);
  });

  it("ends a run with an error that resumes where nothing waits, unless it is not strict", async () => {
    const { thread, resume } = await asking("ask");
    await resume("yes");
    expect((await threadOf(server, thread)).status).toBe("idle");
    expect((await resume("again", false)).__error__).toBeUndefined();
    expect((await resume("again")).__error__.message).toContain("not_pending");
  });
});
