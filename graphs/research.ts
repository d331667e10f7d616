import { AIMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import {
  END,
  type LangGraphRunnableConfig,
  MessagesValue,
  ReducedValue,
  Send,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { ChatContext, chatModel, contextOf, knowledge, prompt } from "kagari/graphkit";
import { z } from "zod";

const ResearchContext = ChatContext.extend({
  max_steps: z.int().min(1).max(20).default(4).describe("Questions that the plan may have."),
  namespace: z.array(z.string()).default(["documents"]).describe("Where the store is searched."),
});

const PASSAGES = 5;
const PASSAGE_CHARACTERS = 2000;

const Source = z.object({ title: z.string(), text: z.string() });
const Finding = z.object({ step: z.string(), text: z.string(), sources: z.array(Source) });
const Cited = Source.extend({ number: z.int() });

type Source = z.infer<typeof Source>;
type Finding = z.infer<typeof Finding>;

const ResearchState = new StateSchema({
  messages: MessagesValue,
  question: z.string().nullish().describe("What to find out; else the last message."),
  documents: z.array(Source).nullish().describe("Searched besides the store."),
  plan: z.array(z.string()).default(() => []),
  /** null, which a new plan gives, empties it. */
  findings: new ReducedValue(
    z.array(Finding).default(() => []),
    {
      inputSchema: z.array(Finding).nullable(),
      reducer: (known, added) => (added === null ? [] : [...known, ...added]),
    },
  ),
  report: z.string().nullish(),
  sources: z.array(Cited).nullish(),
});

type State = typeof ResearchState.State;

const StepState = new StateSchema({
  step: z.string(),
  of: z.int().describe("How many steps there are."),
  documents: z.array(Source).nullish(),
});

const model = chatModel();

async function plan(state: State, config: LangGraphRunnableConfig) {
  const question = questionOf(state);
  const { max_steps } = contextOf(config, ResearchContext);
  config.writer?.({ type: "progress", stage: "plan" });
  const system = new SystemMessage(prompt("research-plan", config, { max_steps }));
  const planner = model.withStructuredOutput(z.object({ steps: z.array(z.string()) }));
  const { steps } = await planner.invoke([system, new HumanMessage(question)], config);
  const wanted = [...new Set(steps.filter((step) => step.trim() !== ""))].slice(0, max_steps);
  const fresh = { findings: null, report: null, sources: null };
  return { ...fresh, question, plan: wanted.length === 0 ? [question] : wanted };
}

function questionOf({ question, messages }: State): string {
  const asked = messages.at(-1);
  const wanted = HumanMessage.isInstance(asked) ? asked.text : (question ?? "");
  if (wanted.trim() === "") throw new Error("Nothing to research: give `question` or a message");
  return wanted;
}

/** Each step is a task of its own: a run that goes on after a crash repeats none that is finished. */
const steps = ({ plan: wanted, documents }: State) =>
  wanted.map((step) => new Send("step", { step, of: wanted.length, documents }));

async function research(
  { step, of, documents }: typeof StepState.State,
  config: LangGraphRunnableConfig,
) {
  const tell = (status: string) =>
    config.writer?.({ type: "progress", stage: "step", step, of, status });
  tell("started");
  const { namespace, collection } = contextOf(config, ResearchContext);
  const kept = collection === undefined ? [] : await passagesOf(collection, step, config);
  const stored = (await config.store?.search(namespace, { query: step, limit: PASSAGES })) ?? [];
  const found = [
    ...nearest(documents ?? [], step),
    ...kept,
    ...stored.map(({ key, value }) => ({ title: key, text: textOf(value) })),
  ].map(({ title, text }) => ({ title, text: text.slice(0, PASSAGE_CHARACTERS) }));
  const text = found.length === 0 ? "" : await answer(step, found, config);
  tell(found.length === 0 ? "nothing found" : "done");
  return { findings: [{ step, text, sources: found }] };
}

async function passagesOf(collection: string, step: string, config: LangGraphRunnableConfig) {
  const { passages, warning } = await knowledge(collection, { limit: PASSAGES }).search(step);
  if (warning !== undefined) config.writer?.({ type: "warning", warning });
  return passages.map(({ source, text }) => ({ title: source, text }));
}

async function answer(step: string, found: Source[], config: LangGraphRunnableConfig) {
  const listed = found.map(({ title, text }, index) => `[${index + 1}] ${title}\n${text}`);
  const asked = `${step}\n\n${listed.join("\n\n")}`;
  const system = new SystemMessage(prompt("research-step", config));
  return (await model.invoke([system, new HumanMessage(asked)], config)).text;
}

const textOf = (value: Record<string, unknown>): string =>
  typeof value["text"] === "string" ? value["text"] : JSON.stringify(value);

/** The paragraphs of documents that share the most words with a question; Chinese has words too. */
function nearest(documents: Source[], question: string): Source[] {
  const wanted = wordsOf(question);
  const paragraphs = documents.flatMap(({ title, text }) =>
    text.split(/\n\s*\n/).map((part) => ({ title, text: part.trim() })),
  );
  return paragraphs
    .map((it) => ({ it, shared: [...wordsOf(it.text)].filter((word) => wanted.has(word)).length }))
    .filter(({ shared }) => shared > 0)
    .toSorted((a, b) => b.shared - a.shared)
    .slice(0, PASSAGES)
    .map(({ it }) => it);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

function wordsOf(text: string): Set<string> {
  const words = Array.from(segmenter.segment(text.normalize("NFKC").toLowerCase()));
  return new Set(words.filter((it) => it.isWordLike === true).map((it) => it.segment));
}

async function write(state: State, config: LangGraphRunnableConfig) {
  const { findings, sources } = numbered(state.findings);
  config.writer?.({ type: "progress", stage: "write", sources: sources.length });
  if (sources.length === 0) {
    const report = prompt("research-nothing", config);
    return { report, sources, messages: [new AIMessage(report)] };
  }
  const notes = findings.map(({ step, text }) => `## ${step}\n${text || "Nothing was found."}`);
  const asked = `${state.question ?? ""}\n\n${notes.join("\n\n")}`;
  const system = contextOf(config).system_prompt ?? prompt("research-report", config);
  const told = await model.invoke([new SystemMessage(system), new HumanMessage(asked)], config);
  const report = cite(told.text, (number) => sources[number - 1]?.number);
  return { report, sources, messages: [new AIMessage(report)] };
}

/** The findings with one numbering of their sources for all of them. */
function numbered(findings: readonly Finding[]) {
  const sources = new Map<string, z.infer<typeof Cited>>();
  const all = findings.map(({ step, text, sources: own }) => {
    const numbers = own.map((source) => {
      const known = sources.get(JSON.stringify(source));
      const cited = known ?? { ...source, number: sources.size + 1 };
      sources.set(JSON.stringify(source), cited);
      return cited.number;
    });
    return { step, text: cite(text, (number) => numbers[number - 1]) };
  });
  return { findings: all, sources: [...sources.values()] };
}

/** A text with its citations [n] numbered anew; one that no source has becomes [?]. */
const cite = (text: string, numberOf: (number: number) => number | undefined): string =>
  text.replace(/\[(\d+)\]/g, (_, digits: string) => `[${numberOf(Number(digits)) ?? "?"}]`);

/** Plans questions, looks each up in documents, collection and store in parallel, reports with sources. */
export const graph = new StateGraph(ResearchState, ResearchContext)
  .addNode("planner", plan)
  .addNode("step", research, { input: StepState })
  .addNode("write", write)
  .addEdge(START, "planner")
  .addConditionalEdges("planner", steps, ["step"])
  .addEdge("step", "write")
  .addEdge("write", END)
  .compile();
