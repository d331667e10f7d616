import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { type Command, END, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";

type ToolUpdate = { messages: BaseMessage[] } | Command;

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
 * Runs the tool calls of the last answer. A call whose arguments are no JSON is never run: the model
 * gets an error as its result, so that it can call again.
 */
export async function runTools(
  tools: StructuredToolInterface[],
  state: Conversation,
  config: LangGraphRunnableConfig,
): Promise<ToolResults> {
  const { valid, unread } = lastCalls(state.messages);
  const errors = unread.map(
    ({ id = "", name = "", error = "" }) =>
      new ToolMessage({ tool_call_id: id, name, status: "error", content: refusal(name, error) }),
  );
  if (valid.length === 0) return { messages: errors };
  const ran: ToolResults = await new ToolNode<Conversation>(tools).invoke(state, config);
  if (errors.length === 0) return ran;
  return [{ messages: errors }, ...(Array.isArray(ran) ? ran : [ran])];
}

function lastCalls(messages: readonly BaseMessage[]) {
  const last = messages.at(-1);
  if (!AIMessage.isInstance(last)) return { valid: [], unread: [] };
  return { valid: last.tool_calls ?? [], unread: last.invalid_tool_calls ?? [] };
}

const refusal = (name: string, error: string): string =>
  `Error: the call${name === "" ? "" : ` of ${name}`} was not run. ${error} Call again with arguments that are one whole JSON object.`;
