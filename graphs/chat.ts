import { SystemMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import {
  type LangGraphRunnableConfig,
  MessagesValue,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { ChatContext, chatModel, contextOf, fitMessages, prompt, tools } from "kagari/graphkit";

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
  return await new ToolNode<ChatState>(toolbox(config)).invoke(state, config);
}

/** Remembers the thread and calls tools until it has an answer. */
export const graph = new StateGraph(ChatState, ChatContext)
  .addNode("think", think)
  .addNode("tools", act)
  .addEdge(START, "think")
  .addConditionalEdges("think", toolsCondition, ["tools", "__end__"])
  .addEdge("tools", "think")
  .compile();
