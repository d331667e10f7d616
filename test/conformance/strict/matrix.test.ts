import { describe, expect, it } from "vitest";
import type { Loose } from "../../support/calls.ts";
import {
  type Answer,
  delta,
  json,
  stream,
  textStream,
  USAGE,
  usageChunk,
} from "../../support/fake-provider.ts";
import { openAiServer, type OpenAiServer } from "../../support/openai-server.ts";
import { type Asked, type AskBy, CLIENTS } from "./clients.ts";

const TARGETS = { "a model": "it", "a graph": "graph:chat" } as const;
const IMAGE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==";

interface Cell {
  ask: (more?: Partial<Asked>) => ReturnType<AskBy>;
  upstream: OpenAiServer["upstream"];
  isGraph: boolean;
  /** Who asks for a whole answer has no first word to leave at. */
  isWhole: boolean;
  /** What this client makes of so much thinking. */
  reasoningOf: (thought: string) => string;
}

/** A provider that streams where it is asked to, in chunks, and answers with the same whole otherwise. */
const thinking: Answer = (response, request) => {
  const said = { reasoning_content: "Let me see. ", content: "A cat." };
  const answer =
    request.body["stream"] === true
      ? stream([
          delta({ role: "assistant", content: null, reasoning_content: "Let me " }),
          delta({ reasoning_content: "see. " }),
          delta({ content: "A " }),
          delta({ content: "cat." }),
          delta({}, "stop"),
          usageChunk(),
        ])
      : json({
          choices: [{ message: { role: "assistant", ...said }, finish_reason: "stop" }],
          usage: USAGE,
        });
  answer(response, request);
};

const calling =
  (name: string, args: object): Answer =>
  (response, request) => {
    const call = { id: "call_1", type: "function", function: { name, arguments: "" } };
    const text = JSON.stringify(args);
    const answer =
      request.body["stream"] === true
        ? stream([
            delta({ role: "assistant", content: null, tool_calls: [{ index: 0, ...call }] }),
            delta({ tool_calls: [{ index: 0, function: { arguments: text.slice(0, 4) } }] }),
            delta({ tool_calls: [{ index: 0, function: { arguments: text.slice(4) } }] }),
            delta({}, "tool_calls"),
            usageChunk(),
          ])
        : json({
            choices: [
              {
                message: {
                  role: "assistant",
                  content: null,
                  tool_calls: [{ ...call, function: { name, arguments: text } }],
                },
                finish_reason: "tool_calls",
              },
            ],
            usage: USAGE,
          });
    answer(response, request);
  };

const broken: Answer = (response, request) => {
  const answer =
    request.body["stream"] === true
      ? stream([
          delta({ role: "assistant", content: "A c" }),
          { error: { message: "the cat ran away", code: "server_error" } },
        ])
      : json({ error: { message: "the cat ran away" } }, { status: 500 });
  answer(response, request);
};

const CELLS: Readonly<Record<string, { answers: Answer[]; check: (cell: Cell) => Promise<void> }>> =
  {
    "text, reasoning and usage": {
      answers: [thinking],
      check: async ({ ask, reasoningOf }) => {
        expect(await ask()).toMatchObject({
          text: "A cat.",
          reasoning: reasoningOf("Let me see. "),
          calls: [],
          tokens: { input: 11, output: 7 },
        });
      },
    },
    images: {
      answers: [textOrStream("A cat.")],
      check: async ({ ask, upstream }) => {
        expect((await ask({ image: IMAGE })).text).toBe("A cat.");
        const said = (upstream.lastBody["messages"] as Loose[]).at(-1).content;
        expect(said.at(-1)).toMatchObject({ type: "image_url", image_url: { url: IMAGE } });
      },
    },
    tools: {
      answers: [],
      check: async ({ ask, reasoningOf, isGraph }) => {
        const told = await ask({ hasTool: true });
        if (!isGraph) {
          expect(told.calls).toEqual([{ name: "add", arguments: { a: 1, b: 2 } }]);
          return;
        }
        expect(told).toMatchObject({ text: "It is 3.", calls: [] });
        expect(told.reasoning).toContain(reasoningOf("calculator: 3"));
      },
    },
    "an error before the answer": {
      answers: [json({ error: { message: "slow down", code: "rate" } }, { status: 429 })],
      check: async ({ ask }) => {
        await expect(ask()).rejects.toThrow(/slow down/);
        await expect(ask({ model: "none" })).rejects.toThrow(/"none" does not exist/);
      },
    },
    "an error in the middle": {
      answers: [broken],
      check: async ({ ask }) => {
        await expect(ask()).rejects.toThrow(/the cat ran away/);
      },
    },
    abort: {
      answers: [stream([delta({ role: "assistant", content: "A c" })], { isOpen: true })],
      check: async ({ ask, upstream, isWhole }) => {
        const controller = new AbortController();
        const asked = ask({ signal: controller.signal, onText: () => controller.abort() });
        void asked.catch(() => undefined);
        await expect.poll(() => upstream.requests.length).toBe(1);
        if (isWhole) controller.abort();
        await expect(asked).rejects.toThrow(/abort/i);
        await upstream.clientClosed();
      },
    },
  };

function textOrStream(text: string): Answer {
  return (response, request) => {
    const whole = json({
      choices: [{ message: { role: "assistant", content: text }, finish_reason: "stop" }],
      usage: USAGE,
    });
    (request.body["stream"] === true ? textStream(text) : whole)(response, request);
  };
}

const answersFor = (cell: string, isGraph: boolean): Answer[] => {
  if (cell !== "tools") return CELLS[cell]?.answers ?? [];
  return isGraph
    ? [calling("calculator", { input: "1 + 2" }), textOrStream("It is 3.")]
    : [calling("add", { a: 1, b: 2 })];
};

/** Knows no thinking in chat completions. */
const BLIND = new Set(["AI SDK openai .chat()"]);

describe.each(Object.entries(CLIENTS))("%s", (_api, clients) => {
  describe.each(Object.entries(clients))("by %s", (client, askBy) => {
    describe.each(Object.entries(TARGETS))("of %s", (_target, model) => {
      it.each(Object.entries(CELLS))("%s", async (name, { check }) => {
        const reasoningOf = (thought: string) => (BLIND.has(client) ? "" : thought);
        const isGraph = model !== "it";
        await using server = await openAiServer(
          answersFor(name, isGraph),
          {},
          { settings: { default_model: "it" } },
        );
        const ask: Cell["ask"] = (more = {}) => askBy({ url: server.server.url, model, ...more });
        const isWhole = client.endsWith("whole");
        const cell = { ask, upstream: server.upstream, isGraph, isWhole, reasoningOf };
        await expect(check(cell)).resolves.toBeUndefined();
      });
    });
  });
});
