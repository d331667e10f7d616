import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import { type StructuredToolInterface, tool } from "@langchain/core/tools";
import {
  Command,
  END,
  isCommand,
  type LangGraphRunnableConfig,
  MessagesValue,
  Send,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import {
  ChatContext,
  chatModel,
  contextOf,
  fitMessages,
  knowledge,
  passageText,
  readPrompt,
  runTools,
  systemPrompt,
  tools,
  toolsOrEnd,
} from "kagari/graphkit";
import { z } from "zod";

const TeamContext = ChatContext.extend({
  max_rounds: z.int().min(1).max(50).default(6).describe("Rounds of handing work over."),
  namespace: z
    .array(z.string())
    .default(["documents"])
    .describe("Where the researcher searches the store, unless a collection is given."),
});

/** Rounds of tools that a member may take for one task. */
const MEMBER_ROUNDS = 5;
const FOUND_DOCUMENTS = 5;

const TeamState = new StateSchema({ messages: MessagesValue });

type TeamState = typeof TeamState.State;

const MemberState = new StateSchema({
  work: MessagesValue,
  call_id: z.string().describe("The handoff that it answers."),
  messages: MessagesValue,
});

type MemberState = typeof MemberState.State;

async function knownOf(collection: string, query: string): Promise<string> {
  const { passages, warning } = await knowledge(collection, { limit: FOUND_DOCUMENTS }).search(
    query,
  );
  const found = passages.map((passage, index) => passageText({ ...passage, number: index + 1 }));
  return [warning ?? [], ...found].flat().join("\n\n") || "Nothing was found.";
}

const searchDocuments = tool(
  async ({ query }, config: LangGraphRunnableConfig) => {
    const { namespace, collection } = contextOf(config, TeamContext);
    if (collection !== undefined) return await knownOf(collection, query);
    const found = await config.store?.search(namespace, { query, limit: FOUND_DOCUMENTS });
    if (!found?.length) return "Nothing was found.";
    return found.map(({ key, value }) => `[${key}] ${JSON.stringify(value)}`).join("\n\n");
  },
  {
    name: "search_documents",
    description: "Searches the documents. Give a few words that the passage wanted has in it.",
    schema: z.object({ query: z.string() }),
  },
);

/** How often the last answers called tools, since the last word of a human. */
function roundsOf(messages: readonly BaseMessage[]): number {
  const since = messages.slice(messages.findLastIndex((it) => HumanMessage.isInstance(it)) + 1);
  return since.filter(callsTools).length;
}

const callsTools = (message: BaseMessage): boolean => toolsOrEnd({ messages: [message] }) !== END;

/** A member of the team: works on one task with tools of its own, and reports the result. */
function member(name: string, ...own: (string | StructuredToolInterface)[]) {
  const toolbox = tools(...own);
  async function think({ work }: MemberState, config: LangGraphRunnableConfig) {
    const offered = roundsOf(work) < MEMBER_ROUNDS ? toolbox : [];
    const { text: system, model: id } = readPrompt(`team-${name}`, config);
    const overrides = { model: id };
    const fitting = fitMessages(work, { config, overrides, tools: offered, system });
    const model = chatModel(overrides);
    const speaker = offered.length === 0 ? model : model.bindTools(offered);
    return { work: [await speaker.invoke([new SystemMessage(system), ...fitting], config)] };
  }
  async function act({ work }: MemberState, config: LangGraphRunnableConfig) {
    const results = [await runTools(toolbox, { messages: work }, config)].flat();
    return { work: results.flatMap((it) => (isCommand(it) ? [] : it.messages)) };
  }
  function report({ work, call_id }: MemberState) {
    const content = work.at(-1)?.text || "No result: the rounds of this task are used up.";
    return { messages: [new ToolMessage({ name, tool_call_id: call_id, content })] };
  }
  const next = ({ work }: MemberState) =>
    roundsOf(work) > MEMBER_ROUNDS || toolsOrEnd({ messages: work }) === END ? "report" : "tools";
  return new StateGraph(MemberState, TeamContext)
    .addNode("think", think)
    .addNode("tools", act)
    .addNode("report", report)
    .addEdge(START, "think")
    .addConditionalEdges("think", next, ["tools", "report"])
    .addEdge("tools", "think")
    .addEdge("report", END)
    .compile();
}

/** A tool of the supervisor by which a member gets a task. */
const handoff = (name: string, description: string) =>
  tool(
    ({ input }, config: LangGraphRunnableConfig & { toolCall?: { id?: string } }) => {
      const task = { work: [new HumanMessage(input)], call_id: config.toolCall?.id ?? "" };
      return new Command({ goto: [new Send(name, task)] });
    },
    { name, description, schema: z.object({ input: z.string().describe("The whole task.") }) },
  );

const handoffs = [
  handoff("researcher", "Finds facts in the documents."),
  handoff("writer", "Writes a text from the facts you give."),
  handoff("calculator", "Does arithmetic: give an expression, or the numbers and the question."),
];

async function supervise({ messages }: TeamState, config: LangGraphRunnableConfig) {
  const { max_rounds: rounds } = contextOf(config, TeamContext);
  const isLast = roundsOf(messages) >= rounds;
  const { text: system, model: id } = isLast
    ? readPrompt("team-limit", config, { rounds })
    : systemPrompt("team", config);
  const overrides = { model: id };
  const offered = isLast ? [] : handoffs;
  const fitting = fitMessages(messages, { config, overrides, tools: offered, system });
  const model = chatModel(overrides);
  const speaker = isLast ? model : model.bindTools(handoffs);
  const answer = await speaker.invoke([new SystemMessage(system), ...fitting], config);
  if (!isLast || toolsOrEnd({ messages: [answer] }) === END) return { messages: [answer] };
  const results = messages.filter((it) => ToolMessage.isInstance(it)).map(({ text }) => text);
  return { messages: [new AIMessage(answer.text || results.join("\n\n"))] };
}

/** Hands the tasks over; where no call was a task, the supervisor reads what was wrong. */
async function handOver(state: TeamState, config: LangGraphRunnableConfig) {
  const results = [await runTools(handoffs, state, config)].flat();
  return results.some(isCommand) ? results : [...results, new Command({ goto: "supervisor" })];
}

const MEMBERS = ["researcher", "writer", "calculator"] as const;

/** A supervisor who hands tasks to a researcher, a writer and a calculator until it can answer. */
export const graph = new StateGraph(TeamState, TeamContext)
  .addNode("supervisor", supervise)
  .addNode("tools", handOver, { ends: [...MEMBERS, "supervisor"] })
  .addNode("researcher", member("researcher", searchDocuments))
  .addNode("writer", member("writer"))
  .addNode("calculator", member("calculator", "calculator"))
  .addEdge(START, "supervisor")
  .addConditionalEdges("supervisor", toolsOrEnd, ["tools", END])
  .addEdge("researcher", "supervisor")
  .addEdge("writer", "supervisor")
  .addEdge("calculator", "supervisor")
  .compile();
