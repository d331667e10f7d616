import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { estimateMessage } from "./estimate.ts";

const MISSING_RESULT = "No result: the run ended before this tool answered.";

/** Messages that must be sent together or not at all. */
export interface Group {
  messages: BaseMessage[];
  tokens: number;
  kind: "system" | "human" | "other";
}

/** A history in groups: a call with its results, each other message alone; a result without a call is left out. */
export function groupsOf(messages: readonly BaseMessage[]): Group[] {
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

/** The messages of groups, in order. */
export const messagesOf = (groups: readonly Group[]): BaseMessage[] =>
  groups.flatMap(({ messages }) => messages);
