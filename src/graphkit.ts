import { z } from "zod";
import { AppError } from "./core/errors.ts";
import { withImplicitConfig, type ConfigLike } from "./models/call.ts";
import { callParametersSchema } from "./models/parameters.ts";
import { readPrompt } from "./models/read-prompt.ts";
import { ToolPolicies } from "./tools/policy.ts";
import type { PromptText } from "./prompts/library.ts";
import type { PromptVariables } from "./prompts/prompt-file.ts";

export { recall } from "./memory/memories.ts";
export { withNotes, type Notes } from "./memory/notes.ts";
export { isSummaryDue, summarize, Summary, type SummaryOptions } from "./memory/summary.ts";
export { chatModel, type KagariChatModel } from "./models/chat.ts";
export type { ChatModelOverrides } from "./models/call.ts";
export { documentsIn, documentText, SentDocument } from "./models/knowledge/document-text.ts";
export { embeddings, type KagariEmbeddings } from "./models/embedding/kagari-embeddings.ts";
export { imageModel, type KagariImageModel } from "./models/image/kagari-image-model.ts";
export { KnowledgeOptions } from "./domain/knowledge.ts";
export { passageText } from "./models/knowledge/passage.ts";
export { knowledge, type KnowledgeRetriever } from "./models/knowledge/retriever.ts";
export { unsupported } from "./models/knowledge/unsupported.ts";
export { prompt, readPrompt } from "./models/read-prompt.ts";
export { reranker, type KagariReranker } from "./models/rerank/kagari-reranker.ts";
export { idempotencyKey } from "./models/once/key.ts";
export { fitMessages, type FitOptions } from "./models/trim.ts";
export { StructuredOutputError } from "./models/structured/read.ts";
export { offeredTools, tools, type Offered } from "./tools/index.ts";
export { once } from "./tools/once.ts";
export { ToolPolicy, ToolRule } from "./domain/tool-rule.ts";
export { reportCost } from "./tools/bill.ts";
export { resultTools } from "./tools/read-result.ts";
export { runTools, toolsOrEnd } from "./tools/run-tools.ts";

/** What a run may set: from the assistant, the run's context or its configurable. */
export const ChatContext = z.object({
  model: z.string().optional().describe("Id of a model of config/models."),
  system_prompt: z.string().optional().describe("Replaces the graph's own prompt."),
  prompt: z
    .string()
    .optional()
    .describe("Name of a prompt of prompts/ in place of the graph's own."),
  language: z.string().optional().describe("Language of the prompts, such as zh-CN."),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.int().positive().optional().describe("Longest answer, in tokens."),
  no_think: z.boolean().optional().describe("true: answer without thinking; false: think."),
  thinking_budget: z.int().positive().optional().describe("Longest thinking, in tokens."),
  thinking_effort: z.string().optional().describe("How hard to think, such as low or high."),
  model_parameters: callParametersSchema
    .optional()
    .describe("Other parameters of Chat Completions, such as top_p, stop or seed."),
  tools: z
    .array(z.string())
    .optional()
    .describe("Names of the tools to offer, mcp:server for those of a server; [] for none."),
  collection: z.string().optional().describe("The collection of documents that is searched."),
  tool_policy: ToolPolicies.optional().describe(
    "Tools, or rules on their arguments, by which a human is asked (ask) or a call is never run (deny).",
  ),
  history_messages: z
    .int()
    .positive()
    .optional()
    .describe("Most messages of the thread that the model is sent."),
  history_tokens: z
    .int()
    .positive()
    .optional()
    .describe("Most tokens of the thread that the model is sent."),
  summary_model: z
    .string()
    .optional()
    .describe("Id of the model that summarises older turns; the answering one when left out."),
  long_term_memory: z
    .boolean()
    .optional()
    .describe("true: facts about the user are kept beyond the thread and told to the model."),
});

export type ChatContext = z.infer<typeof ChatContext>;

/** The settings of a run, its context over its configurable: those of a chat, or of a schema given. */
export function contextOf(config?: ConfigLike): ChatContext;
export function contextOf<Schema extends z.ZodType>(
  config: ConfigLike | undefined,
  schema: Schema,
): z.infer<Schema>;
export function contextOf(config?: ConfigLike, schema: z.ZodType = ChatContext): unknown {
  const { context, configurable } = withImplicitConfig(config);
  const given = Object.entries({ ...configurable, ...present(context) });
  const parsed = schema.safeParse(Object.fromEntries(given.filter(([, value]) => value !== null)));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new AppError("validation", `Context of the run: ${problems.join("; ")}`);
}

/** A graph's own prompt, or what the run puts in its place by `system_prompt` or `prompt`. */
export function systemPrompt(
  name: string,
  config?: ConfigLike,
  variables?: PromptVariables,
): PromptText {
  const { system_prompt: text, prompt: chosen, model } = contextOf(config);
  if (text !== undefined) return { text, model };
  return readPrompt(chosen ?? name, config, variables);
}

const present = (source: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(source).filter(([, value]) => value !== null && value !== undefined),
  );
