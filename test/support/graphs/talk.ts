import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import { tool } from "@langchain/core/tools";
import {
  type LangGraphRunnableConfig,
  MessagesValue,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { z } from "zod";

const add = tool(({ a, b }) => String(a + b), {
  name: "add",
  description: "Adds two numbers.",
  schema: z.object({ a: z.number(), b: z.number() }),
});

const callPart = (args: string, name?: string) => ({
  tool_call_chunks: [
    { type: "tool_call_chunk" as const, index: 0, args, ...(name ? { name, id: "call-1" } : {}) },
  ],
});

const ASKING = [callPart('{"a":2,', "add"), callPart('"b":3}')];
const TELLING = [
  { content: "The " },
  { content: "sum" },
  { content: " is 5." },
  { usage_metadata: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } },
];

/** Says what it has to say in pieces: first a tool call, then the answer. */
class Talker extends BaseChatModel {
  _llmType(): string {
    return "talker";
  }

  async _generate(): Promise<ChatResult> {
    throw new Error("the talker only streams");
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    _options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for (const part of messages.at(-1)?.type === "tool" ? TELLING : ASKING) {
      const fields: Record<string, unknown> = { content: "", ...part };
      const message = new AIMessageChunk(fields);
      const chunk = new ChatGenerationChunk({ message, text: message.text });
      yield chunk;
      await runManager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, {
        chunk,
      });
    }
  }
}

const Talk = new StateSchema({ messages: MessagesValue });

/** Calls one tool, then says its result in pieces. */
export const graph = new StateGraph(Talk)
  .addNode("think", async ({ messages }, config: LangGraphRunnableConfig) => ({
    messages: [await new Talker({}).invoke(messages, config)],
  }))
  .addNode("tools", new ToolNode([add]))
  .addEdge(START, "think")
  .addConditionalEdges("think", toolsCondition, ["tools", "__end__"])
  .addEdge("tools", "think")
  .compile();
