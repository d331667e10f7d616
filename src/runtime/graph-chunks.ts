import type { Json, JsonObject } from "../core/json.ts";

/** What `graph.stream` yields with several modes and subgraphs on. */
export type GraphChunk = [ns: string[], mode: string, payload: unknown];

/** The modes every run is executed with; what clients see is derived from their record. */
export const RECORDED_MODES = [
  "values",
  "updates",
  "messages",
  "custom",
  "tasks",
  "checkpoints",
  "tools",
] as const;

export interface ChunkMessage {
  id?: string;
  content: unknown;
  tool_call_chunks?: unknown[];
  usage_metadata?: unknown;
  additional_kwargs: object;
  response_metadata: object;
  toDict(): { type: string; data: object };
}

interface CheckpointConfig {
  configurable?: { checkpoint_id?: string };
}

export interface CheckpointPayload {
  config: CheckpointConfig;
  parentConfig?: CheckpointConfig;
  values: unknown;
  metadata: unknown;
  next: string[];
  tasks: unknown;
}

export interface TaskPayload {
  id: string;
  name: string;
  input: unknown;
  triggers: unknown;
  interrupts: unknown;
  metadata?: unknown;
}

export interface TaskResultPayload {
  id: string;
  name: string;
  result: unknown;
  interrupts: unknown;
}

export const hasInterrupt = (payload: unknown): boolean =>
  typeof payload === "object" && payload !== null && Object.hasOwn(payload, "__interrupt__");

/** Whether every own value of `part` is the very value that `whole` has under the same key. */
export function isSameState(part: unknown, whole: unknown): boolean {
  if (!isPlainObject(part) || !isPlainObject(whole)) return false;
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && whole[key] === value,
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const isEmpty = (value: object): boolean => {
  for (const _ in value) return false;
  return true;
};

/** The channels of a state that are empty, if any. */
export function emptyPart(state: object): { empty?: JsonObject } {
  // What comes through the filter is JSON: empty lists and objects, and plain values.
  const entries = Object.entries<Json>(state as JsonObject).filter(([, value]) =>
    isEmptyValue(value),
  );
  return entries.length === 0 ? {} : { empty: Object.fromEntries(entries) };
}

const isEmptyValue = (value: unknown): boolean =>
  typeof value === "object" && value !== null
    ? isEmpty(value) && (Array.isArray(value) || isPlainObject(value))
    : value === null || value === "" || value === 0 || value === false;

/** Whether a chunk carries nothing but text, beside what the first chunk `said` already. */
export function isOnlyText(
  message: ChunkMessage,
  said: object,
): message is ChunkMessage & { content: string } {
  return (
    typeof message.content === "string" &&
    !message.tool_call_chunks?.length &&
    message.usage_metadata === undefined &&
    isEmpty(message.additional_kwargs) &&
    isSameState(message.response_metadata, said)
  );
}

/** A chunk without its empty parts, which the reader fills in again. */
export function slim(message: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(message).filter(([key, value]) => key === "content" || !isHollow(value)),
  );
}

const isHollow = (value: Json): boolean =>
  value === null || (typeof value === "object" && isEmpty(value));
