import { ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Command, MessagesValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import {
  ChatContext,
  chatModel,
  contextOf,
  offeredTools,
  reportCost,
  resultTools,
  runTools,
  toolsOrEnd,
} from "../../../src/graphkit.ts";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";

const State = new StateSchema({ messages: MessagesValue });
type State = typeof State.State;

const text = z.object({ text: z.string() });
const length = z.object({ length: z.number() });
const long = (size: number): string => "0123456789".repeat(Math.ceil(size / 10)).slice(0, size);

/** What was done outside, by the text of the call; a test gives each call a text of its own. */
export const done: string[] = [];
/** Why calls of `hang` were told to stop. */
export const stopped: unknown[] = [];

const hang = tool(
  (_: { text: string }, { signal }) =>
    new Promise(() => signal?.addEventListener("abort", () => stopped.push(signal.reason))),
  { name: "hang", description: "Never answers.", schema: text },
);

const pay = tool(
  async ({ text: said }, config) => {
    done.push(said);
    if (said === "broken") throw new Error("no luck");
    const amounts = /^\d+(\+\d+)*$/.test(said) ? said.split("+").map(Number) : [];
    for (const micros of amounts) reportCost({ micros, currency: "USD" }, config);
    return `paid ${said}`;
  },
  { name: "pay", description: "Costs what the text says, in sums of millionths.", schema: text },
);

/** Resolved when a call of `linger` has begun. */
export const lingering = Promise.withResolvers<void>();

const linger = tool(
  (_: { text: string }, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        stopped.push("linger");
        reject(new Error("told to stop"));
      });
      lingering.resolve();
    }),
  { name: "linger", description: "Answers when it is told to stop.", schema: text },
);

const OWN = [
  linger,
  Object.assign(pay, { metadata: { cost: { micros: 1000, currency: "USD" } } }),
  Object.assign(hang, { metadata: { timeout: 0.01 } }),
  tool(
    ({ text: said }) => {
      done.push(said);
      return `noted ${said}`;
    },
    { name: "note", description: "Notes.", schema: text },
  ),
  tool(
    ({ length: size }) => {
      throw new Error(long(size));
    },
    { name: "fail", description: "Fails at length.", schema: length },
  ),
  tool(({ length: size }) => long(size), {
    name: "flood",
    description: "Tells much.",
    schema: length,
  }),
  tool(
    ({ length: size }, { toolCall }) =>
      new Command({
        update: { messages: [new ToolMessage({ content: long(size), tool_call_id: toolCall.id })] },
      }),
    { name: "flood_by_command", description: "Tells much.", schema: length },
  ),
  tool(
    ({ length: size }) => [
      [
        { type: "text", text: "a picture" },
        { type: "image", data: Buffer.from(long(size)).toString("base64"), mimeType: "image/png" },
      ],
      { raw: long(size) },
    ],
    {
      name: "paint",
      description: "Gives a picture and an artifact.",
      schema: length,
      responseFormat: "content_and_artifact",
    },
  ),
];

const model = chatModel();

const toolbox = async ({ messages }: State, config: LangGraphRunnableConfig) =>
  await offeredTools(...OWN, ...(contextOf(config).tools ?? []), ...resultTools(messages));

/** Calls the tools of tests until the model has an answer. */
export const graph = new StateGraph(State, ChatContext)
  .addNode("think", async (state, config) => {
    const { tools } = await toolbox(state, config);
    return { messages: [await model.bindTools(tools).invoke(state.messages, config)] };
  })
  .addNode("tools", async (state, config) =>
    runTools((await toolbox(state, config)).tools, state, config),
  )
  .addEdge(START, "think")
  .addConditionalEdges("think", toolsOrEnd, ["tools", "__end__"])
  .addEdge("tools", "think")
  .compile();
