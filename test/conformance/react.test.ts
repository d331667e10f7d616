// The hook of @langchain/react, which speaks the event protocol, against a real port.
import { useStream } from "@langchain/react";
import { createElement } from "react";
import { create, type ReactTestRenderer } from "react-test-renderer";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { human, type Loose } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

const TRANSPORTS = ["sse", "websocket"] as const;
type Transport = (typeof TRANSPORTS)[number];

let server: ListeningServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Opened {
  assistantId: string;
  transport: Transport;
  threadId?: string;
}

/** What the page draws, read while it is drawn so that the hook asks for it. */
function useShown({ assistantId, transport, threadId }: Opened) {
  const stream = useStream<Loose>({
    apiUrl: server.url,
    assistantId,
    transport,
    ...(threadId === undefined ? {} : { threadId }),
  });
  const { messages, values, toolCalls, interrupt, isLoading, error, threadId: id } = stream;
  const texts = messages.map(({ text }) => text);
  return { stream, shown: { texts, values, toolCalls, interrupt, isLoading, error, threadId: id } };
}

type Drawn = ReturnType<typeof useShown>;

const pages: ReactTestRenderer[] = [];
afterEach(() => {
  for (const page of pages.splice(0)) page.unmount();
});

/** A page that is open. */
function openPage(options: Opened) {
  const drawings: Drawn["shown"][] = [];
  let latest: Drawn | undefined;
  function Page() {
    latest = useShown(options);
    drawings.push(latest.shown);
    return null;
  }
  pages.push(create(createElement(Page)));
  const shows = (isWanted: (shown: Drawn["shown"]) => boolean): Promise<Drawn["shown"]> =>
    vi.waitFor(
      () => {
        const shown = drawings.at(-1);
        expect(shown?.error).toBeUndefined();
        expect(shown && isWanted(shown), JSON.stringify(shown)).toBe(true);
        return shown as Drawn["shown"];
      },
      { timeout: 15_000, interval: 20 },
    );
  return {
    drawings,
    shows,
    stream: async () => {
      await vi.waitFor(() => expect(latest).toBeDefined());
      return (latest as Drawn).stream;
    },
  };
}

const isDone = (last: string) => (shown: Drawn["shown"]) =>
  !shown.isLoading && shown.texts.at(-1)?.includes(last) === true;

describe.each(TRANSPORTS)("useStream of @langchain/react over %s", (transport) => {
  it("streams messages and tool calls, word by word", async () => {
    const page = openPage({ assistantId: "talk", transport });
    void (await page.stream()).submit(human("2+3"));
    const { texts, toolCalls, threadId } = await page.shows(isDone("The sum is 5."));
    expect(texts[0]).toBe("2+3");
    expect(toolCalls).toMatchObject([{ name: "add", args: { a: 2, b: 3 } }]);
    expect(threadId).toMatch(/^[\da-f-]{36}$/);
    const seen = new Set(page.drawings.map(({ texts: shown }) => shown.at(-1)));
    expect(seen).toContain("The sum is 5.");
  });

  it("shows a question, and goes on with the answer", async () => {
    const page = openPage({ assistantId: "ask", transport });
    const stream = await page.stream();
    void stream.submit({});
    const asked = await page.shows(({ interrupt }) => interrupt !== undefined);
    expect(asked.interrupt).toMatchObject({ value: { question: "sure?" } });
    void stream.respond("yes");
    const { values, interrupt } = await page.shows(isDone("thanks"));
    expect(values).toMatchObject({ answers: ["yes"] });
    expect(interrupt).toBeUndefined();
  });

  it("is loaded again in mid-run, and sees its end", async () => {
    const first = openPage({ assistantId: "slow", transport });
    const name = crypto.randomUUID();
    void (await first.stream()).submit({ gate: name });
    await gate(name).entered;
    const { threadId } = await first.shows(({ threadId: id }) => id !== null);
    pages.splice(0).forEach((page) => page.unmount());
    const second = openPage({ assistantId: "slow", transport, threadId: String(threadId) });
    await second.shows(({ values }) => values?.["steps"]?.length === 1);
    gate(name).release();
    const { values } = await second.shows(
      ({ isLoading, values: now }) => !isLoading && now?.["steps"]?.length === 3,
    );
    expect(values["steps"]).toEqual([`begin ${name}`, `through ${name}`, `end ${name}`]);
  });

  it("shows the same on two pages of one thread", async () => {
    const first = openPage({ assistantId: "echo", transport });
    void (await first.stream()).submit(human("one"));
    const { threadId } = await first.shows(isDone("echo: one"));
    const second = openPage({ assistantId: "echo", transport, threadId: String(threadId) });
    await second.shows(isDone("echo: one"));
    server.advance(1000);
    void (await second.stream()).submit(human("two"));
    const { texts } = await second.shows(isDone("echo: two"));
    expect(texts).toEqual(["one", "echo: one", "two", "echo: two"]);
    expect((await first.shows(isDone("echo: two"))).texts).toEqual(texts);
  });
});
