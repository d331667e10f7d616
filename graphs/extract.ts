import { AIMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
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
  prompt,
  documentsIn,
  documentText,
  SentDocument,
  StructuredOutputError,
  systemPrompt,
} from "kagari/graphkit";
import { z } from "zod";

const ObjectSchema = z.looseObject({
  type: z.literal("object"),
  properties: z.record(z.string(), z.unknown()),
});

const ExtractContext = ChatContext.extend({
  schema: ObjectSchema.optional().describe("JSON Schema of the data, where the input has none."),
});

const Source = z.object({
  field: z.string().describe("JSON Pointer of a value in the data."),
  quote: z.string().nullable().describe("Words of the text, or what the model took for them."),
  start: z.int().nullable().describe("Where the quote begins, in UTF-16 code units."),
  end: z.int().nullable(),
  is_in_text: z.boolean(),
});

type Source = z.infer<typeof Source>;

const Quoted = z.array(z.object({ field: z.string(), quote: z.string() }));

const Answer = z.object({ data: z.record(z.string(), z.unknown()), sources: Quoted });

const ExtractState = new StateSchema({
  messages: MessagesValue,
  text: z.string().nullish().describe("The text; else the document, else the last message."),
  document: SentDocument.nullish(),
  document_text: z.string().nullish(),
  schema: ObjectSchema.nullish(),
  answer: Answer.nullish(),
  failure: z.object({ raw: z.string(), problem: z.string() }).nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
  sources: z.array(Source).nullish(),
});

type State = typeof ExtractState.State;

/** A document of the input, or those of the last message; what it held is not kept. */
async function read({ document, messages }: State, { signal }: LangGraphRunnableConfig) {
  const documents = document ? [document] : documentsIn(messages.at(-1));
  const texts = await Promise.all(documents.map((one) => documentText(one, signal)));
  return { document: null, document_text: texts.length === 0 ? null : texts.join("\n\n") };
}

async function extract(state: State, config: LangGraphRunnableConfig) {
  const fresh = { answer: null, failure: null, data: null, sources: null };
  try {
    return { ...fresh, answer: await ask(state, config) };
  } catch (error) {
    if (!(error instanceof StructuredOutputError)) throw error;
    return { ...fresh, failure: { raw: error.raw, problem: error.message } };
  }
}

/** The one second try; an answer that is wrong again ends the run with its error. */
async function repair(state: State, config: LangGraphRunnableConfig) {
  const { raw = "", problem = "" } = state.failure ?? {};
  const correction = prompt("extract-repair", config, { problem });
  const history = [new AIMessage(raw === "" ? "{}" : raw), new HumanMessage(correction)];
  return { answer: await ask(state, config, history) };
}

async function ask(
  state: State,
  config: LangGraphRunnableConfig,
  history: (AIMessage | HumanMessage)[] = [],
) {
  const { text: system, model } = systemPrompt("extract", config);
  const question = [new SystemMessage(system), new HumanMessage(textOf(state)), ...history];
  const shape = answerSchema(schemaOf(state, config));
  const wanted = chatModel({ model }).withStructuredOutput(shape);
  return Answer.parse(await wanted.invoke(question, config));
}

function textOf({ text, document_text, messages }: State): string {
  const given = text ?? document_text ?? messages.at(-1)?.text ?? "";
  if (given.trim() === "")
    throw new Error("Nothing to extract from: give `text`, a document or a message");
  return given;
}

function schemaOf({ schema }: State, config: LangGraphRunnableConfig) {
  const wanted = schema ?? contextOf(config, ExtractContext).schema;
  if (!wanted) throw new Error("No `schema`: give a JSON Schema in the input or in the context");
  return wanted;
}

/** The wanted data beside its sources; references inside the schema follow it to its new place. */
function answerSchema(schema: z.infer<typeof ObjectSchema>): Record<string, unknown> {
  const { $schema: _, ...plain } = schema;
  const data: unknown = JSON.parse(
    JSON.stringify(plain).replaceAll('"$ref":"#', '"$ref":"#/properties/data'),
  );
  const { $schema: __, ...sources } = z.toJSONSchema(Quoted);
  return { type: "object", properties: { data, sources }, required: ["data", "sources"] };
}

function locate(state: State) {
  const { data = {}, sources: quoted = [] } = state.answer ?? {};
  const text = textOf(state);
  const quotes = new Map(quoted.map(({ field, quote }) => [plainPath(field), quote]));
  const sources = leavesOf(data).map(([field, value]): Source => {
    const quote = quotes.get(plainPath(field));
    const found = find(text, quote ?? (typeof value === "string" ? value : ""));
    return found
      ? { field, ...found, is_in_text: true }
      : { field, quote: quote ?? null, start: null, end: null, is_in_text: false };
  });
  return { data, sources, messages: [new AIMessage(JSON.stringify(data, null, 2))] };
}

/** Where the words stand in the text, however their spaces and lines are broken there. */
function find(text: string, quote: string) {
  const words = quote.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return undefined;
  const match = new RegExp(words.map(literally).join("\\s+"), "u").exec(text);
  if (!match) return undefined;
  return { quote: match[0], start: match.index, end: match.index + match[0].length };
}

const literally = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Every value that is no object, list or null, with its JSON Pointer. */
function leavesOf(value: unknown, at = ""): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[at, value]];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, `${at}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

/** `/items/0/name`, `items[0].name` and `$.items.0.name` are one field. */
const plainPath = (field: string): string =>
  field
    .split(/[^\p{L}\p{N}_~-]+/u)
    .filter((step) => step !== "")
    .join("/");

/** Data in the shape of a schema out of a text, each value with the words it was taken from. */
export const graph = new StateGraph(ExtractState, ExtractContext)
  .addNode("read", read)
  .addNode("extract", extract)
  .addNode("repair", repair)
  .addNode("locate", locate)
  .addEdge(START, "read")
  .addEdge("read", "extract")
  .addConditionalEdges("extract", ({ failure }) => (failure ? "repair" : "locate"), [
    "repair",
    "locate",
  ])
  .addEdge("repair", "locate")
  .addEdge("locate", END)
  .compile();
