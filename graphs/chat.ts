import { SystemMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import {
  END,
  type LangGraphRunnableConfig,
  MessagesValue,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import {
  ChatContext,
  chatModel,
  contextOf,
  fitMessages,
  prompt,
  runTools,
  tools,
  toolsOrEnd,
} from "kagari/graphkit";

const TOOL_NAMES = ["clock", "calculator"];

const model = chatModel();

const ChatState = new StateSchema({ messages: MessagesValue });

type ChatState = typeof ChatState.State;

function toolbox(config: LangGraphRunnableConfig): StructuredToolInterface[] {
  return tools(...(contextOf(config).tools ?? TOOL_NAMES));
}

async function think({ messages }: ChatState, config: LangGraphRunnableConfig) {
  const offered = toolbox(config);
  const system = contextOf(config).system_prompt ?? prompt("chat", config);
  const fitting = fitMessages(messages, { config, tools: offered, system });
  const speaker = offered.length === 0 ? model : model.bindTools(offered);
  return { messages: [await speaker.invoke([new SystemMessage(system), ...fitting], config)] };
}

async function act(state: ChatState, config: LangGraphRunnableConfig) {
  return await runTools(toolbox(config), state, config);
}

/** Remembers the thread and calls tools until it has an answer. */
export const graph = new StateGraph(ChatState, ChatContext)
  .addNode("think", think)
  .addNode("tools", act)
  .addEdge(START, "think")
  .addConditionalEdges("think", toolsOrEnd, ["tools", END])
  .addEdge("tools", "think")
  .compile();
