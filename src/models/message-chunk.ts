import {
  AIMessage,
  AIMessageChunk as LangChainChunk,
  type AIMessageChunkFields,
  type InvalidToolCall,
  type ToolCall,
} from "@langchain/core/messages";

/**
 * A piece of an answer. LangChain mends arguments that were cut off, so that half a call would be
 * run; here, once the answer has ended, a call counts only if its arguments are whole JSON.
 */
export class AIMessageChunk extends LangChainChunk {
  constructor(fields: AIMessageChunkFields) {
    super(fields);
    const { tool_call_chunks: pieces = [], response_metadata: metadata } = this;
    if (pieces.length === 0 || metadata["finish_reason"] === undefined) return;
    const { valid, invalid } = readCalls(pieces);
    this.tool_calls = valid;
    this.invalid_tool_calls = invalid;
  }
}

/** One tool call as a provider sent it. */
export interface CallText {
  readonly name?: string | undefined;
  readonly args?: string | undefined;
  readonly id?: string | undefined;
}

/** Tells calls with whole arguments from those that may not be run. */
export function readCalls(calls: readonly CallText[]): {
  valid: ToolCall[];
  invalid: InvalidToolCall[];
} {
  const [valid, invalid]: [ToolCall[], InvalidToolCall[]] = [[], []];
  for (const { name = "", args: text = "", id } of calls) {
    const args = text.trim() === "" ? {} : objectOf(text);
    const known = id === undefined ? {} : { id };
    if (args !== undefined && name !== "") valid.push({ name, args, ...known, type: "tool_call" });
    else {
      const error = name === "" ? "The call names no tool." : "The arguments are no JSON object.";
      invalid.push({ name, args: text, ...known, error, type: "invalid_tool_call" });
    }
  }
  return { valid, invalid };
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** The same answer as one message: a stored chunk would have its calls mended when it is read again. */
export function asWholeMessage(chunk: LangChainChunk): AIMessage {
  const { id, content, tool_calls, invalid_tool_calls, additional_kwargs, response_metadata } =
    chunk;
  return new AIMessage({
    ...(id === undefined ? {} : { id }),
    content,
    tool_calls: tool_calls ?? [],
    invalid_tool_calls: invalid_tool_calls ?? [],
    additional_kwargs,
    response_metadata,
    ...(chunk.name === undefined ? {} : { name: chunk.name }),
    ...(chunk.usage_metadata === undefined ? {} : { usage_metadata: chunk.usage_metadata }),
  });
}
