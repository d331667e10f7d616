import { createHash, randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { withImplicitConfig, type ConfigLike } from "../call.ts";
import { anchorOf, runningCall, type Anchor } from "./place.ts";

/** Settings beside LangChain's own that tell one tool call from another. */
interface ToolConfig extends ConfigLike {
  readonly toolCall?: { readonly id?: unknown };
}

/** A UUID that is the same for the same parts. */
export function keyOf(...parts: readonly unknown[]): string {
  const hex = createHash("sha256").update(textOf(parts)).digest("hex");
  // Version 8 of RFC 9562: made by the application.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** The key of a task of a graph, on which those of its calls are built. */
export const taskKeyOf = ({ threadId, namespace, checkpointId, taskId }: Anchor): string =>
  keyOf(threadId, namespace, checkpointId, taskId);

/**
 * A UUID for an outside service to know a repeated request by. In a tool: the same on every attempt
 * of this tool call and no other. In a node: the same on every attempt of this step; `label` makes
 * one for each of several requests. Outside a graph, where nothing is attempted again: a new one.
 */
export function idempotencyKey(config?: ConfigLike, label?: string): string {
  const key = ownKey(config);
  return label === undefined ? key : keyOf(key, label);
}

function ownKey(config: ConfigLike | undefined): string {
  const { configurable } = withImplicitConfig(config);
  const anchor = anchorOf(configurable);
  if (anchor === undefined) return randomUUID();
  const { toolCall }: ToolConfig = config ?? {};
  const running = runningCall(configurable, anchor.taskId);
  return running ?? keyOf(taskKeyOf(anchor), toolCall?.id);
}

function textOf(parts: readonly unknown[]): string {
  try {
    return JSON.stringify(parts);
  } catch {
    // A tool may be called with what JSON cannot hold: circles, big integers.
    return inspect(parts, { depth: 8, maxArrayLength: null, maxStringLength: null });
  }
}
