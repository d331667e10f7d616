import { isJsonObject, type Json } from "../core/json.ts";

/** What a client of the event protocol can subscribe to; `custom:<name>` besides. */
export const CHANNELS = [
  "values",
  "updates",
  "messages",
  "tools",
  "lifecycle",
  "input",
  "checkpoints",
  "tasks",
  "custom",
] as const;

export const isChannel = (channel: string): boolean =>
  CHANNELS.some((known) => known === channel) || /^custom:./.test(channel);

/** The state of the root graph, or of one of its nodes and subgraphs. */
export type AgentStatus = "started" | "running" | "completed" | "failed" | "interrupted";

/** An event of a thread, as `@langchain/protocol` has it. */
export interface ProtocolEvent {
  type: "event";
  /** The same in every stream and on every replay. */
  event_id: string;
  /** Rises along the thread, over all its runs. */
  seq: number;
  method: string;
  params: {
    /** `node:taskId` parts; empty for the root graph. */
    namespace: string[];
    /** Milliseconds since the epoch. */
    timestamp: number;
    node?: string;
    data: Json;
  };
}

/** The channel that an event is on. */
export function channelOf({
  method,
  params: { data },
}: Pick<ProtocolEvent, "method" | "params">): string {
  if (method === "input.requested") return "input";
  const name = method === "custom" && isJsonObject(data) ? data["name"] : undefined;
  return typeof name === "string" ? `custom:${name}` : method;
}

/** Which events of a thread a client wants. */
export interface Subscription {
  channels: readonly string[];
  /** Prefixes of namespaces; all when not given. A part without `:` matches any task of that node. */
  namespaces?: readonly (readonly string[])[] | undefined;
  /** How many parts more than its prefix a namespace may have. */
  depth?: number | undefined;
}

/** Whether a subscription has an event of a channel in a namespace. */
export function isWanted(
  { channels, namespaces, depth }: Subscription,
  channel: string,
  namespace: readonly string[],
): boolean {
  const isInChannel =
    channels.includes(channel) || (channel.startsWith("custom:") && channels.includes("custom"));
  if (!isInChannel) return false;
  if (!namespaces || namespaces.length === 0) return true;
  return namespaces.some(
    (prefix) =>
      startsWith(namespace, prefix) &&
      (depth === undefined || namespace.length - prefix.length <= depth),
  );
}

const startsWith = (namespace: readonly string[], prefix: readonly string[]): boolean =>
  prefix.length <= namespace.length &&
  prefix.every((part, index) => {
    const own = namespace[index] ?? "";
    return own === part || (!part.includes(":") && own.startsWith(`${part}:`));
  });

/** Room for the events of a millisecond, and for the parts of one event of the record. */
const PER_MS = 2048;
const PER_EVENT = 16;

/**
 * The place of a run's event in its thread. Runs of a thread follow each other in time, so the time a
 * run began at, and the number of the event in its record, order the events of all of them.
 */
export const threadSeq = (
  startedAt: number,
  { seq, part }: { seq: number; part: number },
): number => startedAt * PER_MS + seq * PER_EVENT + Math.min(part, PER_EVENT - 1);

/** The last place in a thread before a time: events that come later have greater ones. */
export const seqBefore = (time: number): number => time * PER_MS - 1;

/** The time that a place in a thread stands for; undefined for the start. */
export const timeOf = (seq: number | undefined): number | undefined =>
  seq === undefined ? undefined : Math.floor(seq / PER_MS);
