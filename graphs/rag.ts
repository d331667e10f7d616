import { AIMessage, SystemMessage } from "@langchain/core/messages";
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
  knowledge,
  KnowledgeOptions,
  passageText,
  prompt,
  systemPrompt,
  unsupported,
} from "kagari/graphkit";
import { z } from "zod";

const RagContext = ChatContext.extend({
  collection: z.string().default("default").describe("The collection of documents to ask."),
  search: KnowledgeOptions.optional().describe("How its documents are searched."),
  judge_model: z
    .string()
    .optional()
    .describe("Id of a model that checks the answer; words are compared when left out."),
});

const Source = z.object({
  number: z.int().describe("What the answer cites it by."),
  source: z.string(),
  chunk: z.int(),
  page: z.int().nullish(),
  first_line: z.int(),
  last_line: z.int(),
  text: z.string(),
});

const RagState = new StateSchema({
  messages: MessagesValue,
  question: z.string().default(""),
  sources: z.array(Source).default([]),
  warning: z.string().nullish().describe("Why passages may be missing."),
  unsupported: z
    .array(z.string())
    .default([])
    .describe("Sentences of the answer that the sources do not bear out."),
});

type RagState = typeof RagState.State;
type Config = LangGraphRunnableConfig;

/** A question that leans on what was said before is written out, where clients do not see it. */
async function rewrite({ messages }: RagState, config: Config) {
  const question = messages.at(-1)?.text ?? "";
  const fresh = { sources: [], warning: null, unsupported: [] };
  if (messages.length < 2) return { ...fresh, question };
  const system = prompt("rag-question", config);
  const fitting = fitMessages(messages, { config, system });
  const asked = [new SystemMessage(system), ...fitting];
  const quiet = { ...config, tags: [...(config.tags ?? []), "nostream", "langsmith:nostream"] };
  const { text } = await chatModel().invoke(asked, quiet);
  return { ...fresh, question: text.trim() || question };
}

async function retrieve({ question }: RagState, config: Config) {
  const { collection, search } = contextOf(config, RagContext);
  const { passages, warning } = await knowledge(collection, search).search(question);
  if (warning !== undefined) config.writer?.({ type: "warning", warning });
  const sources = passages.map((passage, index) => Source.parse({ ...passage, number: index + 1 }));
  return { sources, warning: warning ?? null };
}

const NOT_FOUND = {
  en: "The documents do not contain an answer to this.",
  zh: "文档中没有这个问题的答案。",
};

function notFound({ question }: RagState) {
  const language = /\p{Script=Han}/u.test(question) ? "zh" : "en";
  return { messages: [new AIMessage(NOT_FOUND[language])] };
}

async function answer({ messages, sources }: RagState, config: Config) {
  const passages = sources.map(passageText).join("\n\n");
  const { text, model } = systemPrompt("rag", config, { passages });
  const system = text.includes(passages) ? text : `${text}\n\n${passages}`;
  const overrides = { model };
  const fitting = fitMessages(messages, { config, overrides, system });
  const asked = [new SystemMessage(system), ...fitting];
  return { messages: [await chatModel(overrides).invoke(asked, config)] };
}

/** After the answer, which nobody waits longer for. */
async function check({ messages, sources }: RagState, config: Config) {
  const { judge_model: judge } = contextOf(config, RagContext);
  const found = await unsupported(messages.at(-1)?.text ?? "", sources, { judge, config });
  if (found.length > 0) config.writer?.({ type: "unsupported", sentences: found });
  return { unsupported: found };
}

/** Answers from a collection of documents, with citations, or says that they have no answer. */
export const graph = new StateGraph(RagState, RagContext)
  .addNode("rewrite", rewrite)
  .addNode("retrieve", retrieve)
  .addNode("answer", answer)
  .addNode("check", check)
  .addNode("notFound", notFound)
  .addEdge(START, "rewrite")
  .addEdge("rewrite", "retrieve")
  .addConditionalEdges("retrieve", ({ sources }) => (sources.length > 0 ? "answer" : "notFound"), [
    "answer",
    "notFound",
  ])
  .addEdge("answer", "check")
  .addEdge("check", END)
  .addEdge("notFound", END)
  .compile();
