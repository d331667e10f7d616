import { AIMessage, HumanMessage, SystemMessage, type BaseMessage } from "@langchain/core/messages";
import { isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { reasonOf, UpstreamError } from "../core/errors.ts";
import { resolveCall, withoutSettings } from "../models/call.ts";
import { chatModel } from "../models/chat.ts";
import { estimateText } from "../models/estimate.ts";
import { messagesOf, type Group } from "../models/message-groups.ts";
import { readPrompt } from "../models/read-prompt.ts";
import { promptLimit } from "../models/prompt-limit.ts";
import { historyOf, type FitOptions, type History } from "../models/trim.ts";

/** A summary is begun when this part of the window is in use, so that little falls out before. */
const FULL = 0.75;
/** What part of the window the turns may have that are still sent word by word. */
const KEPT = 0.5;
const MAX_SUMMARY_TOKENS = 1024;
const MAX_MESSAGE_CHARACTERS = 4000;

/** What was said before the messages that are still sent. */
export const Summary = z.object({
  text: z.string(),
  until: z.string().describe("Id of the last message, or tool call, that it tells of."),
});

export type Summary = z.infer<typeof Summary>;

export interface SummaryOptions extends FitOptions {
  config: LangGraphRunnableConfig;
  /** The summary so far. */
  summary?: Summary | null | undefined;
  /** Id of the model that writes it; the run's own, or that of the prompt, when not given. */
  model?: string | undefined;
}

/** Whether the oldest turns should be told in a summary, since the window is nearly full. */
export const isSummaryDue = (messages: readonly BaseMessage[], options: FitOptions): boolean =>
  oldTurns(historyOf(messages, options)).length > 0;

/**
 * The summary so far with the oldest turns told too, or undefined when there are none to tell. A
 * model that fails ends no run: a custom event says so, and the next turn tries again.
 */
export async function summarize(
  messages: readonly BaseMessage[],
  options: SummaryOptions,
): Promise<Summary | undefined> {
  const { config } = options;
  const old = oldTurns(historyOf(messages, options));
  if (old.length === 0) return undefined;
  try {
    return await tell(old, options);
  } catch (error) {
    if (isGraphBubbleUp(error) || config.signal?.aborted === true) throw error;
    config.writer?.({ type: "summary_failed", message: reasonOf(error) });
    return undefined;
  }
}

/** Whole turns from the oldest on, so many that the rest has room to grow. */
function oldTurns({ groups, ...window }: History): readonly Group[] {
  const most = Math.min(window.room - window.fixed, window.maxTokens);
  const isWithin = (part: number, some: readonly Group[]): boolean =>
    some.reduce((sum, { tokens }) => sum + tokens, 0) <= part * most &&
    messagesOf(some).length <= part * window.maxMessages;
  const talk = groups.filter(({ kind }) => kind !== "system");
  if (isWithin(FULL, talk)) return [];
  const turns = talk.flatMap(({ kind }, index) => (kind === "human" ? [index] : []));
  const start = turns.find((index) => isWithin(KEPT, talk.slice(index))) ?? turns.at(-1);
  return talk.slice(0, start ?? 0);
}

async function tell(
  old: readonly Group[],
  { config, summary, ...options }: SummaryOptions,
): Promise<Summary> {
  const { text: system, model: own } = readPrompt("summarize", config);
  const id = options.model ?? own ?? options.overrides?.model;
  const overrides = { model: id, noThink: true, maxTokens: MAX_SUMMARY_TOKENS };
  const plain = withoutSettings(config, { model: id });
  const { model } = resolveCall(plain, overrides);
  const before = summary ? `Summary so far:\n${summary.text}\n\n` : "";
  const room = (promptLimit(model) ?? Number.POSITIVE_INFINITY) / 2;
  const { told, until } = story(old, room - estimateText(system + before));
  const answer = await chatModel(overrides).invoke(
    [new SystemMessage(system), new HumanMessage(`${before}Conversation:\n${told}`)],
    // Clients that follow the answer must not see another text in between.
    { ...plain, tags: [...(config.tags ?? []), "nostream"] },
  );
  const text = answer.text.trim();
  if (text === "") throw new UpstreamError("the summary is empty", { retryable: false });
  return { text, until };
}

/** As much of the groups as there is room for, the oldest first, and where it ends. */
function story(groups: readonly Group[], room: number): { told: string; until: string } {
  const lines: string[] = [];
  let used = 0;
  let until = "";
  for (const { messages } of groups) {
    const line = messages.map(lineOf).join("\n").slice(0, Math.max(200, room));
    used += estimateText(line);
    if (used > room && lines.length > 0) break;
    lines.push(line);
    until = messages[0]?.id ?? "";
  }
  return { told: lines.join("\n"), until };
}

function lineOf(message: BaseMessage): string {
  const calls = AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
  const called = calls.map(({ name, args }) => ` [calls ${name} ${JSON.stringify(args)}]`).join("");
  return `${message.getType()}: ${message.text}${called}`.slice(0, MAX_MESSAGE_CHARACTERS);
}
