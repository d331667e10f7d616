import { types } from "node:util";
import type { Memo } from "../checkpoint/memo.ts";
import type { Json, JsonObject } from "../core/json.ts";

interface MessageLike {
  toDict(): { type: string; data: object };
}

/** The dicts of messages that were made before and have not changed since; they are never changed themselves. */
export type KnownDicts = Memo<JsonObject>;

/** Recognised by shape, since a graph may come with its own copy of LangChain. */
const isMessageLike = (value: object): value is MessageLike =>
  "toDict" in value && typeof value.toDict === "function" && "lc_serializable" in value;

/** No value is nested deeper, unless it refers to itself. */
const MAX_DEPTH = 1000;

/**
 * A plain JSON copy of a graph's value, as JSON.stringify has it, but for messages: those become flat dicts
 * ({ type, content, id, ... }), never in constructor form.
 */
export const toJson = (value: unknown, dicts?: KnownDicts): Json =>
  new Plain(dicts).of(value, 0) ?? null;

/** The flat dict of a message; a chunk's type is written as clients expect it to tell chunks from messages. */
export function messageDict(message: MessageLike): JsonObject {
  const dict = new Plain().message(message, 0);
  const { type } = dict;
  return isChunk(message) && typeof type === "string" ? { ...dict, type: chunkType(type) } : dict;
}

export const isChunk = (message: object): boolean =>
  "concat" in message && typeof message.concat === "function";

const chunkType = (type: string): string =>
  type === "ai" ? "AIMessageChunk" : `${type.charAt(0).toUpperCase()}${type.slice(1)}MessageChunk`;

/** Copies values; undefined stands for what JSON leaves out. */
class Plain {
  readonly #dicts: KnownDicts | undefined;

  constructor(dicts?: KnownDicts) {
    this.#dicts = dicts;
  }

  of(value: unknown, depth: number): Json | undefined {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        // JSON has no negative zero.
        return Number.isFinite(value) ? value || 0 : null;
      case "bigint":
        return value.toString();
      case "object":
        return value === null ? null : this.#object(value, depth + 1);
      case "undefined":
      case "function":
      case "symbol":
        return undefined;
    }
  }

  message(message: MessageLike, depth: number): JsonObject {
    const known = this.#dicts?.find(message);
    if (known) return known;
    const { type, data } = message.toDict();
    const dict = this.#fields(data, depth);
    dict["type"] = type;
    this.#dicts?.remember(message, dict);
    return dict;
  }

  #object(value: object, depth: number): Json | undefined {
    if (depth > MAX_DEPTH) throw new TypeError("A value is nested too deep, or refers to itself");
    if (Array.isArray(value)) return this.#list(value, depth);
    if (isMessageLike(value)) return this.message(value, depth);
    if (value instanceof Error) return { error: value.name, message: value.message };
    if (value instanceof Map) return this.#fields(Object.fromEntries(value), depth);
    if (value instanceof Set) return this.#list([...value], depth);
    if ("toJSON" in value && typeof value.toJSON === "function")
      return this.of(value.toJSON(), depth);
    return types.isBoxedPrimitive(value)
      ? this.of(value.valueOf(), depth)
      : this.#fields(value, depth);
  }

  #list(values: readonly unknown[], depth: number): Json[] {
    // Unlike its `map`, this meets the holes of a list.
    return Array.from(values, (value) => this.of(value, depth) ?? null);
  }

  #fields(value: object, depth: number): JsonObject {
    const fields: JsonObject = {};
    for (const [key, part] of Object.entries(value)) {
      const plain = this.of(part, depth);
      if (plain === undefined) continue;
      // An assignment would set the prototype.
      if (key === "__proto__") Object.defineProperty(fields, key, { ...OWN, value: plain });
      else fields[key] = plain;
    }
    return fields;
  }
}

const OWN = { configurable: true, enumerable: true, writable: true };
