import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { okJson } from "../support/calls.ts";
import { OWN_GRAPHS, testServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ langgraph: OWN_GRAPHS });
});
afterAll(() => server[Symbol.asyncDispose]());

const wait = (context: object) =>
  okJson(
    server.post("/runs/wait", {
      assistant_id: "chat",
      input: { messages: [{ role: "user", content: "hi" }] },
      context,
    }),
  );

describe("a run of the chat graph that cannot go on", () => {
  it.each([
    [{ model: "qwen3-4" }, "validation", 'Unknown model "qwen3-4" (did you mean "qwen3-4b"?)'],
    [{ model: "glm" }, "unavailable", "ZHIPU_API_KEY"],
    [{ temperature: "hot" }, "validation", "temperature: Invalid input: expected number"],
  ])("says what is wrong with %j", async (context, error, message) => {
    const answer = await wait(context);
    expect(answer).toEqual({ __error__: { error, message: expect.stringContaining(message) } });
  });
});
