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
  recall,
  resultTools,
  runTools,
  summarize,
  Summary,
  systemPrompt,
  tools,
  toolsOrEnd,
  withNotes,
} from "kagari/graphkit";

const TOOL_NAMES = ["clock", "calculator"];
const MEMORY_TOOL_NAMES = ["save_memory", "search_memory", "delete_memory"];

const ChatState = new StateSchema({ messages: MessagesValue, summary: Summary.nullish() });

type ChatState = typeof ChatState.State;

function toolbox({ messages }: ChatState, config: LangGraphRunnableConfig) {
  const { tools: names = TOOL_NAMES, long_term_memory: remembers } = contextOf(config);
  const memory = remembers === true ? MEMORY_TOOL_NAMES : [];
  return tools(...names, ...memory, ...resultTools(messages));
}

/** What the model is sent besides messages, and how many of those may be. */
function windowOf(state: ChatState, config: LangGraphRunnableConfig) {
  const { history_messages, history_tokens } = contextOf(config);
  const { text, model } = systemPrompt("chat", config);
  return {
    config,
    overrides: { model },
    tools: toolbox(state, config),
    system: withNotes(text, { summary: state.summary }),
    after: state.summary?.until,
    maxMessages: history_messages,
    maxTokens: history_tokens,
  };
}

async function think(state: ChatState, config: LangGraphRunnableConfig) {
  const window = windowOf(state, config);
  const remembers = contextOf(config).long_term_memory === true;
  const memories = remembers ? await recall(state.messages, config) : [];
  const system = withNotes(window.system, { memories });
  const fitting = fitMessages(state.messages, { ...window, system });
  const model = chatModel(window.overrides);
  const speaker = window.tools.length === 0 ? model : model.bindTools(window.tools);
  return { messages: [await speaker.invoke([new SystemMessage(system), ...fitting], config)] };
}

async function act(state: ChatState, config: LangGraphRunnableConfig) {
  return await runTools(toolbox(state, config), state, config);
}

/** Beside the answer, which nobody waits longer for. */
async function condense(state: ChatState, config: LangGraphRunnableConfig) {
  const { summary } = state;
  const window = windowOf(state, config);
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
    (state, config) =>
      isSummaryDue(state.messages, windowOf(state, config)) ? ["think", "condense"] : ["think"],
    ["think", "condense"],
  )
  .addConditionalEdges("think", toolsOrEnd, ["tools", END])
  .addEdge("tools", "think")
  .addEdge("condense", END)
  .compile();
