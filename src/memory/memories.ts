import { createHash } from "node:crypto";
import type { BaseMessage } from "@langchain/core/messages";
import { isGraphBubbleUp, type LangGraphRunnableConfig } from "@langchain/langgraph";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { AppError, reasonOf } from "../core/errors.ts";

/** Facts that are put before the model at each call. */
const RECALLED = 10;
/** Facts that one search shows. */
const SHOWN = 50;

const memorySchema = z.object({ text: z.string() });

/** A fact about a user. */
export interface Memory {
  readonly id: string;
  readonly text: string;
}

/** What a run or a tool call is given, as far as memories need it. */
export interface MemoryConfig {
  readonly store?: BaseStore | null | undefined;
  readonly configurable?: Readonly<Record<string, unknown>> | undefined;
}

/** Keeps a fact about the user of a run; the same one twice is one. */
export async function saveMemory(text: string, config: MemoryConfig): Promise<Memory> {
  const id = createHash("sha256").update(text).digest("hex").slice(0, 12);
  await storeOf(config).put(namespaceOf(config), id, { text });
  return { id, text };
}

/** The facts about the user that fit a query best; without one, the newest. */
export async function searchMemories(
  query: string | undefined,
  config: MemoryConfig,
  limit = SHOWN,
): Promise<Memory[]> {
  const found = await storeOf(config).search(namespaceOf(config), {
    ...(query === undefined ? {} : { query }),
    limit,
  });
  return found.flatMap(({ key: id, value }) => {
    const memory = memorySchema.safeParse(value);
    return memory.success ? [{ id, text: memory.data.text }] : [];
  });
}

/** Forgets facts about the user; ids that are not there are no error. */
export async function deleteMemories(ids: readonly string[], config: MemoryConfig): Promise<void> {
  const namespace = namespaceOf(config);
  await storeOf(config).batch(ids.map((key) => ({ namespace, key, value: null })));
}

/**
 * Facts about the user for the system prompt: those nearest to the last thing said, and the newest.
 * A store that cannot be searched ends no run: a custom event says so.
 */
export async function recall(
  messages: readonly BaseMessage[],
  config: LangGraphRunnableConfig,
): Promise<string[]> {
  if (config.store === undefined) return [];
  const query = messages.findLast((message) => message.getType() === "human")?.text ?? "";
  try {
    const near = query === "" ? [] : await searchMemories(query, config, RECALLED);
    const newest = near.length < RECALLED ? await searchMemories(undefined, config, RECALLED) : [];
    return [...new Set([...near, ...newest].map(({ text }) => text))].slice(0, RECALLED);
  } catch (error) {
    if (isGraphBubbleUp(error) || config.signal?.aborted === true) throw error;
    config.writer?.({ type: "memory_failed", message: reasonOf(error) });
    return [];
  }
}

/** The store of a run. */
export function storeOf({ store }: MemoryConfig): BaseStore {
  if (!store) throw new AppError("unavailable", "There is no store to keep memories in");
  return store;
}

const namespaceOf = (config: MemoryConfig): string[] => ["memories", userLabel(config)];

/** Who the run is for, as a label of the store: whom the server knows, else whom the client names, else everybody. */
export function userLabel({ configurable = {} }: MemoryConfig): string {
  const { langgraph_auth_user_id: known, user_id: named } = configurable;
  const user = [known, named].find(isUser) ?? "everybody";
  // A label of the store has no dot.
  return encodeURIComponent(user).replaceAll(".", "%2E");
}

const isUser = (id: unknown): id is string => typeof id === "string" && id !== "";
