import { AppError } from "../../../core/errors.ts";
import { isJsonObject, type JsonObject, objectsIn } from "../../../core/json.ts";
import type { ChatMessage, ChatRequest } from "./request.ts";

/** Whether a request speaks of functions, as OpenAI did before there were tools, and is answered so. */
export const asksForFunctions = ({ functions }: ChatRequest): boolean =>
  functions != null && functions.length > 0;

/** The same request in the words of tools, which is all that providers and graphs are asked in. */
export function inTools(body: ChatRequest): ChatRequest {
  const { functions, function_call, ...rest } = body;
  const request = { ...rest, messages: messagesInTools(body.messages) };
  if (!asksForFunctions(body)) {
    if (function_call == null || typeof function_call === "string") return request;
    throw refusal("function_call", "function_call names a function, but there are no functions");
  }
  if (Array.isArray(body["tools"]) && body["tools"].length > 0)
    throw refusal("functions", "functions and tools cannot be asked for together: use tools");
  return {
    ...request,
    tools: functions?.map((one) => ({ type: "function", function: one })),
    // An answer of this kind has room for one call.
    parallel_tool_calls: false,
    ...choiceOf(body),
  };
}

function choiceOf({ functions, function_call: choice }: ChatRequest): object {
  if (choice == null) return {};
  if (typeof choice === "string") return { tool_choice: choice };
  const { name } = choice;
  if (functions?.some((one) => one.name === name) === true)
    return { tool_choice: { type: "function", function: { name } } };
  throw refusal("function_call", `There is no function ${JSON.stringify(name)} to call`);
}

/** Calls get ids of their place; a result belongs to the last call of its function that has none yet. */
function messagesInTools(messages: readonly ChatMessage[]): ChatMessage[] {
  const open = new Map<string, string>();
  return messages.map((message, index) => {
    if (message.role === "function") return resultOf(message, open);
    const { function_call: call, ...rest } = message;
    if (call == null) return rest;
    const id = `call_${index}`;
    open.set(call.name, id);
    return { ...rest, tool_calls: [{ id, type: "function", function: call }] };
  });
}

function resultOf({ name, content }: ChatMessage, open: Map<string, string>): ChatMessage {
  const id = typeof name === "string" ? open.get(name) : undefined;
  if (typeof name !== "string" || id === undefined)
    throw refusal(
      "messages",
      `A message of role function must follow the function_call that it answers: ${JSON.stringify(name ?? null)} was not called`,
    );
  open.delete(name);
  return { role: "tool", tool_call_id: id, content: content ?? "" };
}

const refusal = (field: string, message: string): AppError =>
  new AppError("validation", message, { details: { errors: [{ loc: ["body", field] }] } });

/** A whole answer whose first call is told as that of a function. */
export function completionInFunctions(completion: JsonObject): JsonObject {
  const choices = objectsIn(completion["choices"]).map((choice) => {
    const { tool_calls: calls, ...message } = objectOf(choice["message"]);
    const call = objectsIn(calls)[0];
    const called = call ? { function_call: call["function"] ?? null } : {};
    return { ...endedInFunctions(choice), message: { ...message, ...called } };
  });
  return { ...completion, choices };
}

/** The chunks of a streamed answer, likewise. */
export async function* chunksInFunctions(
  batches: AsyncGenerator<string[], void>,
): AsyncGenerator<string[], void> {
  for await (const batch of batches)
    yield batch.map((text) => (text.includes('"tool_calls"') ? chunkInFunctions(text) : text));
}

function chunkInFunctions(text: string): string {
  const chunk = objectOf(JSON.parse(text));
  const choices = objectsIn(chunk["choices"]).map((choice) => {
    const { tool_calls: calls, ...delta } = objectOf(choice["delta"]);
    const call = objectsIn(calls).find(({ index }) => index === 0);
    const called = call ? { function_call: call["function"] ?? null } : {};
    return { ...endedInFunctions(choice), delta: { ...delta, ...called } };
  });
  return JSON.stringify({ ...chunk, choices });
}

const endedInFunctions = (choice: JsonObject): JsonObject =>
  choice["finish_reason"] === "tool_calls" ? { ...choice, finish_reason: "function_call" } : choice;

const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
