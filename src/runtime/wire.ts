import type { Json, JsonObject } from "../core/json.ts";

interface MessageLike {
  toDict(): { type: string; data: object };
}

/** Recognised by shape, since a graph may come with its own copy of LangChain. */
const isMessageLike = (value: unknown): value is MessageLike =>
  typeof value === "object" &&
  value !== null &&
  "toDict" in value &&
  typeof value.toDict === "function" &&
  "lc_serializable" in value;

/** JSON text of a graph's value: messages as flat dicts ({ type, content, id, ... }), never in constructor form. */
export function encode(value: unknown): string {
  return JSON.stringify(value, replacer) ?? "null";
}

/** A plain JSON copy of a graph's value. */
// The text comes from JSON.stringify, so what is parsed from it is Json.
export const toJson = (value: unknown): Json => JSON.parse(encode(value)) as Json;

/** The flat dict of a message; a chunk's type is written as clients expect it to tell chunks from messages. */
export function messageDict(message: MessageLike): JsonObject {
  const { type, data } = message.toDict();
  return { ...(toJson(data) as JsonObject), type: isChunk(message) ? chunkType(type) : type };
}

export const isChunk = (message: object): boolean =>
  "concat" in message && typeof message.concat === "function";

const chunkType = (type: string): string =>
  type === "ai" ? "AIMessageChunk" : `${type.charAt(0).toUpperCase()}${type.slice(1)}MessageChunk`;

function replacer(this: unknown, key: string, value: unknown): unknown {
  // JSON.stringify has already called toJSON on `value`; the holder still has the object itself.
  const raw =
    typeof this === "object" && this !== null ? (this as Record<string, unknown>)[key] : value;
  if (isMessageLike(raw)) {
    const { type, data } = raw.toDict();
    return { ...data, type };
  }
  if (raw instanceof Error) return { error: raw.name, message: raw.message };
  if (raw instanceof Map) return Object.fromEntries(raw);
  if (raw instanceof Set) return [...raw];
  return typeof value === "bigint" ? value.toString() : value;
}
