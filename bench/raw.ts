// LangGraph without a server: the same graphs called in a loop in this process, with plain ChatOpenAI
// and MemorySaver. Takes orders from its parent, one round each, and sends back the figures.
import { randomUUID } from "node:crypto";
import { MemorySaver } from "@langchain/langgraph";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";
import { echo } from "./graphs/echo-answer.ts";
import { messageGraph } from "./graphs/message-graph.ts";
import { delayOf, measureRound, type RunTime } from "./measure.ts";

const Order = z.object({
  graph: z.enum(["chat", "echo"]),
  runs: z.number(),
  concurrency: z.number(),
});

const MODES = { chat: "messages", echo: "values" } as const;

const upstream = z.url().parse(process.argv[2]);
const model = new ChatOpenAI({
  model: "bench",
  apiKey: "unused",
  maxRetries: 0,
  configuration: { baseURL: upstream },
});

/** A saver of its own for each round, as a fresh start; a kept one would only grow. */
const compile = {
  chat: () =>
    messageGraph((messages, config) => model.invoke(messages, config)).compile({
      checkpointer: new MemorySaver(),
    }),
  echo: () => messageGraph(echo).compile({ checkpointer: new MemorySaver() }),
};

function runner(name: "chat" | "echo"): () => Promise<RunTime> {
  const graph = compile[name]();
  return async () => {
    const start = performance.now();
    let firstAt = 0;
    const stream = await graph.stream(
      { messages: [{ role: "user", content: "hello" }] },
      { configurable: { thread_id: randomUUID() }, streamMode: MODES[name] },
    );
    const delaysMs: number[] = [];
    for await (const chunk of stream) {
      firstAt ||= performance.now();
      const delay = delayOf(textOf(chunk));
      if (delay !== undefined) delaysMs.push(delay);
    }
    return { ms: performance.now() - start, ttftMs: firstAt - start, delaysMs };
  };
}

/** The text of a chunk in mode `messages`, which is a message and its metadata. */
function textOf(chunk: unknown): string {
  const message: unknown = Array.isArray(chunk) ? chunk[0] : undefined;
  const content =
    typeof message === "object" && message !== null && "content" in message ? message.content : "";
  return typeof content === "string" ? content : "";
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

process.on("message", (message) => {
  const { graph, ...load } = Order.parse(message);
  measureRound(load, runner(graph), cpuMs).then(
    (round) => process.send?.(round),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
