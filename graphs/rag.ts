import { AIMessage, SystemMessage } from "@langchain/core/messages";
import {
  END,
  type LangGraphRunnableConfig,
  MessagesValue,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { ChatContext, chatModel, fitMessages, knowledge, prompt } from "kagari/graphkit";
import { z } from "zod";

const model = chatModel();

const RagContext = ChatContext.extend({
  collection: z.string().default("default").describe("The collection of documents to ask."),
});

const Source = z.object({
  number: z.int().describe("What the answer cites it by."),
  source: z.string(),
  first_line: z.int(),
  last_line: z.int(),
  chunk: z.int(),
  text: z.string(),
});

const RagState = new StateSchema({
  messages: MessagesValue,
  question: z.string().default(""),
  sources: z.array(Source).default([]),
});

type RagState = typeof RagState.State;
type Config = LangGraphRunnableConfig<z.infer<typeof RagContext>>;

/** A question that leans on what was said before is written out, where clients do not see it. */
async function rewrite({ messages }: RagState, config: Config) {
  const asked = messages.at(-1)?.text ?? "";
  if (messages.length < 2) return { question: asked };
  const system = prompt("rag-question", config);
  const fitting = fitMessages(messages, { config, system });
  const quiet = { ...config, tags: [...(config.tags ?? []), "nostream", "langsmith:nostream"] };
  const { text } = await model.invoke([new SystemMessage(system), ...fitting], quiet);
  return { question: text.trim() || asked };
}

async function retrieve({ question }: RagState, config: Config) {
  const collection = config.context?.collection ?? config.configurable?.["collection"];
  const retriever = knowledge(typeof collection === "string" ? collection : "default");
  const found = await retriever.invoke(question, config);
  const sources = found.map(({ pageContent, metadata }, index) =>
    Source.parse({ ...metadata, number: index + 1, text: pageContent }),
  );
  return { sources };
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
  const passages = sources
    .map(({ number, source, text, ...at }) => {
      return `[${number}] ${source}, lines ${at.first_line}-${at.last_line}:\n${text}`;
    })
    .join("\n\n");
  const system = prompt("rag", config, { passages });
  const fitting = fitMessages(messages, { config, system });
  return { messages: [await model.invoke([new SystemMessage(system), ...fitting], config)] };
}

/** Answers from a collection of documents, with citations, or says that they have no answer. */
export const graph = new StateGraph(RagState, RagContext)
  .addNode("rewrite", rewrite)
  .addNode("retrieve", retrieve)
  .addNode("answer", answer)
  .addNode("notFound", notFound)
  .addEdge(START, "rewrite")
  .addEdge("rewrite", "retrieve")
  .addConditionalEdges("retrieve", ({ sources }) => (sources.length > 0 ? "answer" : "notFound"), [
    "answer",
    "notFound",
  ])
  .addEdge("answer", END)
  .addEdge("notFound", END)
  .compile();
