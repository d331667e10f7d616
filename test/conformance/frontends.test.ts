// The libraries that pages use, as they are installed, against a real port.
import { LangSmithDeploymentTransport } from "@ai-sdk/langchain";
import { useStream } from "@langchain/langgraph-sdk/react";
import { createElement } from "react";
import { create } from "react-test-renderer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human } from "../support/calls.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe("LangSmithDeploymentTransport of the AI SDK", () => {
  it("streams an answer as parts of one message", async () => {
    const transport = new LangSmithDeploymentTransport({ url: server.url, graphId: "talk" });
    const parts = await transport.sendMessages({
      trigger: "submit-message",
      chatId: "chat",
      messageId: undefined,
      messages: [{ id: "1", role: "user", parts: [{ type: "text", text: "2+3" }] }],
      abortSignal: undefined,
    });
    const types: string[] = [];
    let text = "";
    for await (const part of parts) {
      if (types.at(-1) !== part.type) types.push(part.type);
      if (part.type === "text-delta") text += part.delta;
    }
    expect(types).not.toContain("error");
    expect(types[0]).toBe("start");
    expect(types.at(-1)).toBe("finish");
    expect(text).toContain("The sum is 5.");
  });
});

/** What a page shows of a thread; reading it while it is drawn is what makes the hook ask for it. */
function useShown(assistantId: string) {
  const stream = useStream({ apiUrl: server.url, apiKey: "none", assistantId });
  const { messages, interrupt, isLoading, error, submit } = stream;
  return { messages, interrupt, isLoading, error, submit };
}

type Shown = ReturnType<typeof useShown>;

/** A page that is open, and a wait for what it is to show. */
async function openPage(assistantId: string) {
  const begun = Promise.withResolvers<Shown>();
  let onDraw: (shown: Shown) => void = begun.resolve;
  let latest: Shown;
  function Page() {
    latest = useShown(assistantId);
    onDraw(latest);
    return null;
  }
  const root = create(createElement(Page));
  await begun.promise;
  return {
    /** Submits, and waits for a drawing after it that shows what is wanted. */
    submit: async (isWanted: (shown: Shown) => boolean, ...args: Parameters<Shown["submit"]>) => {
      const { promise, resolve } = Promise.withResolvers<Shown>();
      onDraw = (shown) => {
        if (shown.error !== undefined || isWanted(shown)) resolve(shown);
      };
      await latest.submit(...args);
      return promise;
    },
    [Symbol.dispose]: () => root.unmount(),
  };
}

describe("useStream of the SDK", () => {
  it("makes a thread, streams the answer and shows it afterwards", async () => {
    using page = await openPage("talk");
    const isWhole = ({ isLoading, messages }: Shown) => !isLoading && messages.length > 0;
    const { messages, error } = await page.submit(isWhole, human("2+3"));
    expect(error).toBeUndefined();
    expect(messages.at(0)).toMatchObject({ type: "human", content: "2+3" });
    expect(messages.at(-1)).toMatchObject({ content: expect.stringContaining("The sum is 5.") });
  });

  it("shows an interrupt and goes on with the answer to it", async () => {
    using page = await openPage("ask");
    const asks = ({ isLoading, interrupt }: Shown) => !isLoading && interrupt !== undefined;
    const asked = await page.submit(asks, {});
    expect(asked.interrupt).toMatchObject({ value: { question: "sure?" } });
    const ends = ({ isLoading, messages }: Shown) => !isLoading && messages.length > 0;
    const after = await page.submit(ends, undefined, { command: { resume: "yes" } });
    expect(after.error).toBeUndefined();
    expect(after.interrupt).toBeUndefined();
    expect(after.messages.at(-1)).toMatchObject({ content: "thanks" });
  });
});
