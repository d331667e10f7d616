import { SystemMessage } from "@langchain/core/messages";
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
  isSummaryDue,
  offeredTools,
  recall,
  resultTools,
  runTools,
  summarize,
  Summary,
  systemPrompt,
  toolsOrEnd,
  withNotes,
} from "kagari/graphkit";

const TOOL_NAMES = ["clock", "calculator"];
const MEMORY_TOOL_NAMES = ["save_memory", "search_memory", "delete_memory"];

const ChatState = new StateSchema({ messages: MessagesValue, summary: Summary.nullish() });

type ChatState = typeof ChatState.State;

async function toolbox({ messages }: ChatState, config: LangGraphRunnableConfig) {
  const { tools: names = TOOL_NAMES, long_term_memory: remembers } = contextOf(config);
  const memory = remembers === true ? MEMORY_TOOL_NAMES : [];
  return await offeredTools(...names, ...memory, ...resultTools(messages));
}

/** What the model is sent besides messages, and how many of those may be. */
async function windowOf(state: ChatState, config: LangGraphRunnableConfig) {
  const { history_messages, history_tokens } = contextOf(config);
  const { text, model } = systemPrompt("chat", config);
  const { tools, missing } = await toolbox(state, config);
  return {
    config,
    overrides: { model },
    tools,
    missing,
    system: withNotes(text, { summary: state.summary, missing }),
    after: state.summary?.until,
    maxMessages: history_messages,
    maxTokens: history_tokens,
  };
}

async function think(state: ChatState, config: LangGraphRunnableConfig) {
  const window = await windowOf(state, config);
  if (window.missing.length > 0) config.writer?.({ missing_tools: window.missing });
  const remembers = contextOf(config).long_term_memory === true;
  const memories = remembers ? await recall(state.messages, config) : [];
  const system = withNotes(window.system, { memories });
  const fitting = fitMessages(state.messages, { ...window, system });
  const model = chatModel(window.overrides);
  const speaker = window.tools.length === 0 ? model : model.bindTools(window.tools);
  return { messages: [await speaker.invoke([new SystemMessage(system), ...fitting], config)] };
}

async function act(state: ChatState, config: LangGraphRunnableConfig) {
  const { tools } = await toolbox(state, config);
  return await runTools(tools, state, config);
}

/** Beside the answer, which nobody waits longer for. */
async function condense(state: ChatState, config: LangGraphRunnableConfig) {
  const { summary } = state;
  const window = await windowOf(state, config);
  const { summary_model: model } = contextOf(config);
  const newer = await summarize(state.messages, { ...window, summary, model });
  return newer ? { summary: newer } : {};
}

/** Remembers the thread, and the user where asked to, and calls tools until it has an answer. */
export const graph = new StateGraph(ChatState, ChatContext)
  .addNode("think", think)
  .addNode("tools", act)
  .addNode("condense", condense)
  .addConditionalEdges(
    START,
    async (state, config) => {
      const isDue = isSummaryDue(state.messages, await windowOf(state, config));
      return isDue ? ["think", "condense"] : ["think"];
    },
    ["think", "condense"],
  )
  .addConditionalEdges("think", toolsOrEnd, ["tools", END])
  .addEdge("tools", "think")
  .addEdge("condense", END)
  .compile();
