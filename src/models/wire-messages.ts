import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { convertLangChainToolCallToOpenAI } from "@langchain/core/output_parsers/openai_tools";
import type { SendBack } from "./dialects/index.ts";
import type { Model } from "./model.ts";
import type { Reader } from "./parts/inline-media.ts";
import { detailsFor } from "./responses/reasoning-items.ts";
import { wireContent } from "./parts/wire-content.ts";
import { asWireObject, itemsOf, said, type WireObject } from "./wire.ts";

/** Messages in the shape of Chat Completions, with the reasoning that the provider wants back. */
export async function wireMessages(
  messages: readonly BaseMessage[],
  model: Model,
  reader: Reader = {},
): Promise<WireObject[]> {
  const answered = new Set(
    messages.flatMap((message) => (ToolMessage.isInstance(message) ? message.tool_call_id : [])),
  );
  const reasoning = sendBackOf(model);
  const withTools = toolExchanges(messages);
  const wired: WireObject[] = [];
  for (const message of messages) {
    const { content } = message;
    const wire: WireObject = {
      role: roleOf(message, model),
      content: typeof content === "string" ? content : await wireContent(content, model, reader),
    };
    if (message.name !== undefined) wire["name"] = message.name;
    if (AIMessage.isInstance(message)) {
      addCalls(wire, message, answered);
      addReasoning(wire, message, { ...reasoning, model, isInTools: withTools.has(message) });
    }
    if (ToolMessage.isInstance(message)) wire["tool_call_id"] = message.tool_call_id;
    wired.push(wire, ...audioOf(message));
  }
  return wired;
}

const ROLES: Readonly<Record<string, string>> = {
  human: "user",
  ai: "assistant",
  tool: "tool",
  function: "function",
  developer: "developer",
};

function roleOf(message: BaseMessage, model: Model): string {
  const type = message.getType();
  if (type === "system") {
    const role = said(message.additional_kwargs["__openai_role__"]);
    return role ?? model.dialect.systemRole?.(model.modelName) ?? "system";
  }
  if (type === "generic" && "role" in message && typeof message.role === "string")
    return message.role;
  return ROLES[type] ?? "user";
}

/** Calls, also those whose arguments could not be read, where a result answers them. */
function addCalls(wire: WireObject, message: AIMessage, answered: ReadonlySet<string>): void {
  const { function_call: functionCall, tool_calls: raw } = message.additional_kwargs;
  if (functionCall !== undefined) wire["function_call"] = functionCall;
  const valid = message.tool_calls ?? [];
  const invalid = (message.invalid_tool_calls ?? []).filter(
    ({ id }) => id !== undefined && answered.has(id),
  );
  if (valid.length + invalid.length === 0) {
    if (raw !== undefined) wire["tool_calls"] = raw;
    return;
  }
  wire["tool_calls"] = [
    ...valid.map((call) => convertLangChainToolCallToOpenAI(call)),
    ...invalid.map(({ id, name, args }) => ({
      id,
      type: "function",
      // Some servers refuse a history in which arguments are no JSON.
      function: {
        name: name ?? "",
        arguments: JSON.stringify({ unreadable_arguments: args ?? "" }),
      },
    })),
  ];
}

/** The answers between two questions in which a tool was called, the last one among them. */
function toolExchanges(messages: readonly BaseMessage[]): ReadonlySet<BaseMessage> {
  const found = new Set<BaseMessage>();
  let answers: BaseMessage[] = [];
  const close = (): void => {
    if (answers.some((it) => ToolMessage.isInstance(it))) for (const it of answers) found.add(it);
    answers = [];
  };
  for (const message of messages)
    if (message.getType() === "human") close();
    else answers.push(message);
  close();
  return found;
}

interface SentBack {
  when: SendBack;
  field: string;
  needsEmpty: boolean;
  /** Whether the message is of an exchange in which a tool was called. */
  isInTools: boolean;
  model: Model;
}

export function sendBackOf({
  dialect,
  fields,
  modelName,
}: Model): Omit<SentBack, "isInTools" | "model"> {
  const wanted = fields.reasoning?.send_back ?? "auto";
  if (fields.api === "responses")
    return {
      when: wanted === "auto" ? "always" : wanted,
      field: "reasoning_details",
      needsEmpty: false,
    };
  return {
    when: wanted === "auto" ? (dialect.sendBack?.(modelName) ?? "never") : wanted,
    field: dialect.sendBackField ?? "reasoning_content",
    needsEmpty: dialect.needsEmptyReasoning ?? false,
  };
}

function addReasoning(wire: WireObject, message: AIMessage, sent: SentBack): void {
  const { model, when, field, needsEmpty, isInTools } = sent;
  const hasCalls = itemsOf(wire["tool_calls"]).length > 0;
  if (when === "never" || (when === "tools" && !hasCalls && !isInTools)) return;
  if (field === "reasoning_details") {
    const details = detailsFor(model, message.additional_kwargs["reasoning_details"]);
    if (details.length > 0) wire["reasoning_details"] = details;
    else addText(wire, "reasoning", reasoningOfMessage(message));
    return;
  }
  const text = reasoningOfMessage(message);
  if (text === "" && needsEmpty && hasCalls) wire[field] = "";
  else addText(wire, field, text);
}

function addText(wire: WireObject, field: string, text: string): void {
  if (text !== "") wire[field] = text;
}

/** The reasoning of an answer, of both shapes that LangChain's streams give a message. */
export function reasoningOfMessage({ additional_kwargs: extra, content }: AIMessage): string {
  const inField = said(extra["reasoning_content"]);
  if (inField !== undefined) return inField;
  return itemsOf(content)
    .map((block) => said(asWireObject(block)?.["reasoning"]) ?? "")
    .join("");
}

/** A spoken answer is referred to by its id. */
function audioOf({ additional_kwargs: extra }: BaseMessage): WireObject[] {
  const id = said(asWireObject(extra["audio"])?.["id"]);
  return id === undefined ? [] : [{ role: "assistant", audio: { id } }];
}
