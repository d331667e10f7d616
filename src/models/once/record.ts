import type { CheckpointPendingWrite } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import type { Place } from "./place.ts";

/** The channel in which LangGraph keeps what its own tasks return: no graph has one of this name. */
const RETURN = "__return__";

const recordSchema = z.object({
  kagari_call: z.literal(1),
  result: z.unknown(),
  isCommand: z.boolean(),
  interrupts: z.array(z.int()),
});

/** A finished call as it is kept beside the checkpoint of its step. */
export type CallRecord = z.infer<typeof recordSchema>;

/** What to keep of a call, or undefined for a result that must not or cannot be given again. */
export function toRecord(result: unknown, interrupts: readonly number[]): CallRecord | undefined {
  if (isFailure(result) || (Array.isArray(result) && result.some(isCommand))) return undefined;
  const shown = isCommand(result) ? { isCommand: true, result: fieldsOf(result) } : undefined;
  return { kagari_call: 1, result, isCommand: false, interrupts: [...interrupts], ...shown };
}

/** The result that a call gave when it was made. */
export async function resultOf({ result, isCommand }: CallRecord): Promise<unknown> {
  if (!isCommand) return result;
  // Only here, so that a script without a graph does not load LangGraph.
  const { Command } = await import("@langchain/langgraph");
  return new Command(asFields(result));
}

/** Keeps a record; rejects when the run is no longer this worker's. */
export async function writeRecord(place: Place, key: string, record: CallRecord): Promise<void> {
  await place.saver.putWrites(checkpointOf(place), [[RETURN, record]], key);
}

/** The records of a step, by key. */
export async function readRecords(place: Place): Promise<ReadonlyMap<string, CallRecord>> {
  const tuple = await place.saver.getTuple(checkpointOf(place));
  return new Map((tuple?.pendingWrites ?? []).flatMap(entryOf));
}

function entryOf([key, channel, value]: CheckpointPendingWrite): [string, CallRecord][] {
  if (channel !== RETURN) return [];
  const record = recordSchema.safeParse(value);
  return record.success ? [[key, record.data]] : [];
}

function checkpointOf({ anchor }: Place) {
  const { threadId, namespace, checkpointId } = anchor;
  return {
    configurable: {
      thread_id: threadId,
      checkpoint_ns: namespace,
      checkpoint_id: checkpointId,
    },
  };
}

interface CommandFields {
  readonly update?: Record<string, unknown>;
  readonly resume?: unknown;
  readonly goto?: string[];
  readonly graph?: string;
}

function fieldsOf({ update, resume, goto, graph }: CommandFields): CommandFields {
  return Object.fromEntries(
    Object.entries({ update, resume, goto, graph }).filter(([, value]) => value !== undefined),
  );
}

/** By shape: a tool may come with its own copy of LangGraph. */
const isCommand = (value: unknown): value is CommandFields =>
  typeof value === "object" && value !== null && "lg_name" in value && value.lg_name === "Command";

/** A tool's message that says it failed. */
const isFailure = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "status" in value && value.status === "error";

/** The serializer gives back what `fieldsOf` gave it; a Send comes back as its plain parts. */
const asFields = (value: unknown) => value as CommandFields;
