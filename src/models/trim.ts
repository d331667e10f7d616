import type { BaseMessage } from "@langchain/core/messages";
import { convertToOpenAITool } from "@langchain/core/utils/function_calling";
import { AppError } from "../core/errors.ts";
import { resolveCall, type ChatModelOverrides, type ConfigLike } from "./call.ts";
import { estimateText, estimateTools } from "./estimate.ts";
import { groupsOf, messagesOf, type Group } from "./message-groups.ts";
import type { Model } from "./model.ts";
import { promptLimit } from "./prompt-limit.ts";

export interface FitOptions {
  /** The node's config, which says for which model to fit. */
  config?: ConfigLike | undefined;
  /** The tools that will be bound; their definitions take room too. */
  tools?: readonly unknown[];
  /** The system prompt that will go in front. */
  system?: string;
  /** Id of the last message that is not to be sent, such as `summary.until`. */
  after?: string | undefined;
  /** Most messages to send, and most tokens they may have, where the model would take more. */
  maxMessages?: number | undefined;
  maxTokens?: number | undefined;
  /** As given to `chatModel`. */
  overrides?: ChatModelOverrides;
}

/** A history in groups as the model counts them, and how much of it may be sent. */
export interface History {
  readonly groups: readonly Group[];
  readonly model: Model;
  /** Tokens of system prompt and tools. */
  readonly fixed: number;
  /** Tokens of a whole prompt. */
  readonly room: number;
  readonly maxMessages: number;
  readonly maxTokens: number;
}

/**
 * The newest part of a history that fits the model's prompt limit. A tool call and its results stay
 * together, the last human turn is always kept; what cannot fit at all is an error before the call.
 */
export const fitMessages = (
  messages: readonly BaseMessage[],
  options: FitOptions = {},
): BaseMessage[] => newestThatFit(historyOf(messages, options));

/** Measures what of a history may be sent, for the model that the run names. */
export function historyOf(messages: readonly BaseMessage[], options: FitOptions): History {
  const { config, tools = [], system = "", overrides } = options;
  const { model, factors } = resolveCall(config, overrides);
  const measure = (tokens: number): number => factors.calibrated(model, tokens);
  const groups = groupsOf(messagesAfter(messages, options.after));
  const room = promptLimit(model);
  return {
    groups: groups.map((group) => ({ ...group, tokens: measure(group.tokens) })),
    model,
    // Where all fits, definitions need not be written out to be measured.
    fixed:
      room === undefined ? 0 : measure(estimateText(system) + estimateTools(definitions(tools))),
    room: room ?? Number.POSITIVE_INFINITY,
    maxMessages: options.maxMessages ?? Number.POSITIVE_INFINITY,
    maxTokens: options.maxTokens ?? Number.POSITIVE_INFINITY,
  };
}

/** What comes after the message with this id, all where there is none; and system messages. */
function messagesAfter(
  messages: readonly BaseMessage[],
  after: string | undefined,
): readonly BaseMessage[] {
  const start = after === undefined ? 0 : messages.findIndex(({ id }) => id === after) + 1;
  if (start === 0) return messages;
  const systems = messages.slice(0, start).filter((message) => message.getType() === "system");
  return [...systems, ...messages.slice(start)];
}

function newestThatFit(history: History): BaseMessage[] {
  const { groups, fixed, room } = history;
  const lastHuman = groups.findLastIndex(({ kind }) => kind === "human");
  const last = groups.length - 1;
  const isKept = (group: Group, index: number): boolean =>
    group.kind === "system" || index === lastHuman || index === last;
  const kept = new Set(groups.filter(isKept));
  let used = [...kept].reduce((sum, { tokens }) => sum + tokens, fixed);
  if (used > room) throw tooLong(history, used);
  let count = messagesOf([...kept]).length;
  const most = Math.min(room, fixed + history.maxTokens);
  for (const group of groups.toReversed()) {
    if (kept.has(group)) continue;
    used += group.tokens;
    count += group.messages.length;
    if (used > most || count > history.maxMessages) break;
    kept.add(group);
  }
  return messagesOf(startingWithHuman(groups.filter((group) => kept.has(group))));
}

/** A cut history may not begin with an answer to a question that is gone. */
function startingWithHuman(groups: readonly Group[]): readonly Group[] {
  const firstHuman = groups.findIndex(({ kind }) => kind === "human");
  if (firstHuman < 0) return groups;
  return groups.filter(({ kind }, index) => index >= firstHuman || kind === "system");
}

function tooLong({ model, room, fixed }: History, used: number): AppError {
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
