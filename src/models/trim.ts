import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { AppError } from "../core/errors.ts";
import { resolveCall, type ChatModelOverrides, type ConfigLike } from "./call.ts";
import { estimateMessage, estimateText, estimateTools } from "./estimate.ts";
import type { Model } from "./model.ts";

const MARGIN = 0.98;
const MISSING_RESULT = "No result: the run ended before this tool answered.";

export interface FitOptions {
  /** The node's config, which says for which model to fit. */
  config?: ConfigLike | undefined;
  /** The tools that will be bound; their definitions take room too. */
  tools?: readonly unknown[];
  /** The system prompt that will go in front. */
  system?: string;
  /** As given to `chatModel`. */
  overrides?: ChatModelOverrides;
}

/**
 * The newest part of a history that fits the model's prompt limit. A tool call and its results stay
 * together, the last human turn is always kept; what cannot fit at all is an error before the call.
 */
export function fitMessages(
  messages: readonly BaseMessage[],
  options: FitOptions = {},
): BaseMessage[] {
  const { config, tools = [], system = "", overrides } = options;
  const { model, factors } = resolveCall(config, overrides);
  const measure = (tokens: number): number => factors.calibrated(model, tokens);
  const history = groupsOf(messages).map((group) => ({ ...group, tokens: measure(group.tokens) }));
  const room = promptLimit(model);
  if (room === undefined) return history.flatMap(({ messages: group }) => group);
  const fixed = measure(estimateText(system) + estimateTools(definitions(tools)));
  return newestThatFit(history, { room, fixed, model });
}

/** Tokens that a prompt may have: the input limit less the answer's, when they share one window. */
export function promptLimit({ fields }: Model): number | undefined {
  const { input_tokens: input, out_tokens: out = 0, context_window: window } = fields;
  if (input === undefined && window === undefined) return undefined;
  // An answer limit at or above the input limit can only mean two separate windows.
  const shared = input === undefined || out >= input ? input : input - out;
  const limit = window === undefined ? shared : Math.min(input ?? window, window - out);
  return limit === undefined ? undefined : Math.max(1, Math.floor(limit * MARGIN));
}

/** Messages that must be sent together or not at all. */
interface Group {
  messages: BaseMessage[];
  tokens: number;
  kind: "system" | "human" | "other";
}

function groupsOf(messages: readonly BaseMessage[]): Group[] {
  const groups: Group[] = [];
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index];
    // A result whose call is gone would be refused.
    if (message === undefined || ToolMessage.isInstance(message)) continue;
    const results: ToolMessage[] = [];
    for (let next = messages[index + 1]; ToolMessage.isInstance(next); next = messages[index + 1]) {
      results.push(next);
      index++;
    }
    groups.push(groupOf(message, results));
  }
  return groups;
}

function groupOf(message: BaseMessage, results: readonly ToolMessage[]): Group {
  const answers = callsOf(message, results).map(
    ({ id = "", name = "" }) =>
      results.find((result) => result.tool_call_id === id) ??
      new ToolMessage({ tool_call_id: id, name, status: "error", content: MISSING_RESULT }),
  );
  const together = [message, ...answers];
  return {
    messages: together,
    tokens: together.reduce((sum, each) => sum + estimateMessage(each), 0),
    kind: kindOf(message),
  };
}

/** Calls, and those that could not be read where a result says so. */
function callsOf(
  message: BaseMessage,
  results: readonly ToolMessage[],
): { id?: string | undefined; name?: string | undefined }[] {
  if (!AIMessage.isInstance(message)) return [];
  const unread = (message.invalid_tool_calls ?? []).filter(({ id }) =>
    results.some((result) => result.tool_call_id === id),
  );
  return [...(message.tool_calls ?? []), ...unread];
}

function kindOf(message: BaseMessage): Group["kind"] {
  if (HumanMessage.isInstance(message)) return "human";
  return message.getType() === "system" ? "system" : "other";
}

interface Room {
  room: number;
  fixed: number;
  model: Model;
}

function newestThatFit(history: readonly Group[], { room, fixed, model }: Room): BaseMessage[] {
  const lastHuman = history.findLastIndex(({ kind }) => kind === "human");
  const last = history.length - 1;
  const isKept = (group: Group, index: number): boolean =>
    group.kind === "system" || index === lastHuman || index === last;
  const kept = new Set(history.filter(isKept));
  let used = [...kept].reduce((sum, { tokens }) => sum + tokens, fixed);
  if (used > room) throw tooLong(model, { used, room, fixed });
  for (const group of history.toReversed()) {
    if (kept.has(group)) continue;
    if (used + group.tokens > room) break;
    used += group.tokens;
    kept.add(group);
  }
  return startingWithHuman(history.filter((group) => kept.has(group))).flatMap(
    ({ messages }) => messages,
  );
}

/** A cut history may not begin with an answer to a question that is gone. */
function startingWithHuman(groups: readonly Group[]): readonly Group[] {
  const firstHuman = groups.findIndex(({ kind }) => kind === "human");
  if (firstHuman < 0) return groups;
  return groups.filter(({ kind }, index) => index >= firstHuman || kind === "system");
}

function tooLong(
  model: Model,
  { used, room, fixed }: { used: number; room: number; fixed: number },
): AppError {
  return new AppError(
    "validation",
    `The last message does not fit model ${JSON.stringify(model.id)}: it needs about ${used} tokens ` +
      `(${fixed} of them for the system prompt and tools), and a prompt may have ${room}`,
    { details: { model: model.id, needed_tokens: used, prompt_tokens: room } },
  );
}

function definitions(tools: readonly unknown[]): unknown[] {
  return tools.map((tool) => {
    const isDefinition = typeof tool === "object" && tool !== null && "function" in tool;
    return isDefinition ? tool : convertToOpenAITool(asTool(tool));
  });
}

/** LangChain's own type for "anything that can be bound" is not exported. */
const asTool = (tool: unknown): Parameters<typeof convertToOpenAITool>[0] =>
  tool as Parameters<typeof convertToOpenAITool>[0];
