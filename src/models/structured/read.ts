import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { Validator } from "@langchain/core/utils/json_schema";
import { isSerializableSchema } from "@langchain/core/utils/standard_schema";
import { interopSafeParseAsync, isInteropZodSchema } from "@langchain/core/utils/types";
import { AppError } from "../../core/errors.ts";
import { splitThinking } from "../think/think-parser.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";
import type { StructuredWish } from "./wish.ts";

/** An answer that does not have the shape that was asked for; `raw` is the answer as it came. */
export class StructuredOutputError extends AppError {
  override readonly name = "StructuredOutputError";
  readonly raw: string;
  constructor(reason: string, { raw, model }: { raw: string; model: unknown }) {
    const whose = typeof model === "string" ? ` of model ${model}` : "";
    super("upstream", `The answer${whose} does not have the wanted shape: ${reason}`, {
      details: { raw, ...(typeof model === "string" ? { model } : {}) },
    });
    this.raw = raw;
  }
}

/** The value in an answer, checked by the schema; throws StructuredOutputError with the raw answer. */
export async function readStructured(
  message: BaseMessage,
  { wish, schema }: { wish: StructuredWish; schema: unknown },
): Promise<unknown> {
  const raw = rawOf(message, wish.name);
  const fail = (reason: string): StructuredOutputError =>
    new StructuredOutputError(reason, { raw, model: message.response_metadata["model_id"] });
  const { value } = jsonIn(raw) ?? {};
  if (value === undefined) {
    const isCut = message.response_metadata["finish_reason"] === "length";
    throw fail(
      isCut ? "it was cut at its token limit" : raw === "" ? "it is empty" : "it is no JSON",
    );
  }
  const checked = await check(value, { schema, jsonSchema: wish.schema });
  if (checked.problem !== undefined) throw fail(checked.problem);
  return checked.value;
}

/** The text that should hold the value: the arguments of the call, the answer, else the thinking. */
function rawOf(message: BaseMessage, name: string): string {
  if (!AIMessage.isInstance(message)) return message.text;
  const { tool_calls: calls = [], invalid_tool_calls: unread = [] } = message;
  const call = calls.find((each) => each.name === name) ?? calls[0];
  if (call !== undefined) return JSON.stringify(call.args);
  if (unread[0] !== undefined) return unread[0].args ?? "";
  const { content } = splitThinking(message.text, { isOpen: false, mayClose: true });
  // LM Studio puts what it forces into shape where thinking goes.
  return content.trim() || (said(message.additional_kwargs["reasoning_content"]) ?? "");
}

/** The JSON in a text: all of it, what a fence holds, or what lies between the outermost brackets. */
function jsonIn(text: string): { value: unknown } | undefined {
  const fenced = /```(?:json)?\s*\n?([\s\S]*?)```/i.exec(text)?.[1];
  const first = text.search(/[[{]/);
  const last = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  const inner = first >= 0 && last > first ? text.slice(first, last + 1) : undefined;
  for (const candidate of [text, fenced, inner]) {
    const parsed = candidate === undefined ? undefined : parsedJson(candidate);
    if (parsed !== undefined) return parsed;
  }
  return undefined;
}

function parsedJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

interface Checked {
  readonly value?: unknown;
  readonly problem?: string;
}

async function check(
  value: unknown,
  { schema, jsonSchema }: { schema: unknown; jsonSchema: WireObject },
): Promise<Checked> {
  if (isInteropZodSchema(schema)) {
    const parsed = await interopSafeParseAsync(schema, value);
    return parsed.success ? { value: parsed.data } : { problem: problemsOf(parsed.error.issues) };
  }
  if (isSerializableSchema(schema)) {
    const parsed = await schema["~standard"].validate(value);
    return parsed.issues === undefined
      ? { value: parsed.value }
      : { problem: problemsOf(parsed.issues) };
  }
  const { valid, errors } = new Validator(jsonSchema, "2020-12", false).validate(value);
  if (valid) return { value };
  const leaves = errors.filter(({ keyword }) => !["properties", "items"].includes(keyword));
  return {
    problem: leaves.map(({ instanceLocation: at, error }) => `${at}: ${error}`).join("; "),
  };
}

const problemsOf = (
  issues: readonly { message: string; path?: readonly unknown[] | undefined }[],
) =>
  issues
    .map(({ message, path = [] }) =>
      [path.map(keyOf).join("."), message].filter(Boolean).join(": "),
    )
    .join("; ");

const keyOf = (step: unknown): string => String(asWireObject(step)?.["key"] ?? step);
