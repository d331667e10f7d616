import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { type Command, END, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { boundedTool } from "./bounded.ts";
import { decide, type Decision, type ToolCall } from "./ask-human.ts";
import { policyOf } from "./policy.ts";

type ToolUpdate = { messages: BaseMessage[] } | Command;

type ReviewedCalls = NonNullable<AIMessage["tool_calls"]>;

/** What a node may return: the results, or several updates where a tool gave a command. */
type ToolResults = ToolUpdate | ToolUpdate[];

interface Conversation {
  readonly messages: BaseMessage[];
}

/** "tools" where the last answer calls any, those among them that cannot be read; else the end. */
export function toolsOrEnd({ messages }: Conversation): "tools" | typeof END {
  const { valid, unread } = lastCalls(messages);
  return valid.length + unread.length > 0 ? "tools" : END;
}

/**
 * Runs the tool calls of the last answer that their policies allow, once a human agreed where one is
 * to be asked. A call that is not run has an error as its result, so that the model can call again.
 */
export async function runTools(
  tools: StructuredToolInterface[],
  state: Conversation,
  config: LangGraphRunnableConfig,
): Promise<ToolResults> {
  const { valid, unread } = lastCalls(state.messages);
  const errors = unread.map(({ id = "", name = "", error = "" }) =>
    resultOf({ id, name }, refusal(name, error), "error"),
  );
  const { calls, results, isEdited } = await review(valid, tools, config);
  const last = state.messages.at(-1);
  const edited = isEdited && AIMessage.isInstance(last) ? [withCalls(last, calls)] : [];
  const given = [...edited, ...errors, ...results];
  if (calls.length === results.length) return { messages: given };
  const before = edited.length === 0 ? state.messages : [...state.messages.slice(0, -1), ...edited];
  const ran: ToolResults = await new ToolNode<Conversation>(tools.map(boundedTool)).invoke(
    { ...state, messages: [...before, ...results] },
    config,
  );
  if (given.length === 0) return ran;
  if (Array.isArray(ran)) return [{ messages: given }, ...ran];
  return "messages" in ran ? { messages: [...given, ...ran.messages] } : [{ messages: given }, ran];
}

/** The same answer as a human edited it; its id puts it in the place of the first. */
const withCalls = (answer: AIMessage, calls: ReviewedCalls): AIMessage =>
  new AIMessage({
    ...(answer.id === undefined ? {} : { id: answer.id }),
    content: answer.content,
    additional_kwargs: answer.additional_kwargs,
    response_metadata: answer.response_metadata,
    ...(answer.usage_metadata ? { usage_metadata: answer.usage_metadata } : {}),
    tool_calls: [...calls],
  });

/** The calls as they are to be made, and the results of those that are not. */
async function review(
  calls: ReviewedCalls,
  tools: readonly StructuredToolInterface[],
  config: LangGraphRunnableConfig,
) {
  const judge = (call: ToolCall) => {
    const tool = tools.find(({ name }) => name === call.name);
    return policyOf(tool, call, config);
  };
  const policies = calls.map(judge);
  const asked = calls.filter((_, index) => policies[index] === "ask");
  const decisions = asked.length === 0 ? [] : await decide(asked);
  const decisionOn = (call: ToolCall | undefined) =>
    decisions[asked.findIndex((one) => one === call)];
  const edited = calls.map((call) => {
    const decision = decisionOn(call);
    return decision?.type === "edit" ? { ...call, args: decision.args } : call;
  });
  const results = edited.flatMap((call, index) => {
    // What a human made of a call has been agreed to, but what is denied is so for everybody.
    if (judge(call) === "deny") return [resultOf(call, `Error: ${call.name} is denied.`, "error")];
    const decision = decisionOn(calls[index]);
    return decision ? resultOfDecision(call, decision) : [];
  });
  return { calls: edited, results, isEdited: edited.some((call, index) => call !== calls[index]) };
}

function resultOfDecision(call: ToolCall, decision: Decision): ToolMessage[] {
  if (decision.type === "respond") return [resultOf(call, decision.message, "success")];
  if (decision.type !== "reject") return [];
  const refused = `Error: a human refused this call. ${decision.message}`.trim();
  return [resultOf(call, refused, "error")];
}

const resultOf = (
  { id = "", name }: Pick<ToolCall, "id" | "name">,
  content: string,
  status: "error" | "success",
): ToolMessage => new ToolMessage({ tool_call_id: id, name, status, content });

function lastCalls(messages: readonly BaseMessage[]) {
  const last = messages.at(-1);
  if (!AIMessage.isInstance(last)) return { valid: [], unread: [] };
  return { valid: last.tool_calls ?? [], unread: last.invalid_tool_calls ?? [] };
}

const refusal = (name: string, error: string): string =>
  `Error: the call${name === "" ? "" : ` of ${name}`} was not run. ${error} Call again with arguments that are one whole JSON object.`;
