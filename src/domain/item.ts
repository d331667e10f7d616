import { AppError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { User } from "./actor.ts";

/** Where an item is among those of its owner. */
export interface ItemAddress {
  namespace: readonly string[];
  key: string;
}

/** What graphs and clients keep in the store, beyond threads. */
export interface Item {
  namespace: string[];
  key: string;
  value: JsonObject;
  created_at: number;
  updated_at: number;
}

/** An item of a search; the score is there when it was ranked. */
export interface FoundItem extends Item {
  score?: number;
}

/** Whose items somebody reads and writes: those of its API key; with all others those of nobody. */
export const itemOwner = (user: User | null | undefined): string =>
  user?.key_id === undefined ? "" : user.identity;

/** Together they are a key of the database, whose size is limited. */
const MAX_BYTES = 1000;

const invalid = (what: string) => new AppError("validation", what);

function checkText(text: unknown, what: string): asserts text is string {
  if (typeof text !== "string") throw invalid(`${what} must be a string`);
  if (text.includes("\0") || !text.isWellFormed())
    throw invalid(`${what} has a NUL character or half a surrogate pair in it`);
}

/** Checks labels that came from a client or a graph. */
export function checkNamespace(labels: readonly unknown[]): void {
  for (const label of labels) {
    checkText(label, "A label of a namespace");
    if (label === "") throw invalid("A label of a namespace is empty");
    if (label.includes("."))
      throw invalid(`The label ${JSON.stringify(label.slice(0, 100))} of a namespace has a dot`);
  }
  if (Buffer.byteLength(labels.join(".")) > MAX_BYTES)
    throw invalid(`A namespace has at most ${MAX_BYTES} bytes`);
}

/** Checks where an item shall be put. */
export function checkAddress({ namespace, key }: ItemAddress): void {
  if (namespace.length === 0) throw invalid("The namespace is empty");
  checkNamespace(namespace);
  checkText(key, "A key");
  if (Buffer.byteLength(key) > MAX_BYTES) throw invalid(`A key has at most ${MAX_BYTES} bytes`);
}

/** Do labels match a pattern, in which `*` stands for any label? */
const fits = (labels: readonly string[], pattern: readonly string[]): boolean =>
  labels.length === pattern.length &&
  pattern.every((wanted, index) => wanted === "*" || wanted === labels[index]);

export interface NamespacePattern {
  prefix: readonly string[];
  suffix: readonly string[];
}

/** Does a namespace begin and end as wanted, label by label? */
export const matchesNamespace = (
  namespace: readonly string[],
  { prefix, suffix }: NamespacePattern,
): boolean =>
  fits(namespace.slice(0, prefix.length), prefix) &&
  fits(namespace.slice(Math.max(0, namespace.length - suffix.length)), suffix);
