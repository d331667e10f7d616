import { AppError } from "../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { jsonContains } from "../core/json-contains.ts";

/** Which rows an actor may see, by their metadata. */
export type AccessFilter =
  | { readonly has: JsonObject }
  | { readonly every: readonly AccessFilter[] }
  | { readonly some: readonly AccessFilter[] };

const isScalar = (value: unknown): value is Json =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

function parseTest(key: string, test: unknown): AccessFilter[] {
  if (isScalar(test)) return [{ has: { [key]: test } }];
  if (!isJsonObject(test) || Object.keys(test).length === 0) throw invalid(key);
  return Object.entries(test).map(([operator, value]) => {
    if (operator === "$eq" && isScalar(value)) return { has: { [key]: value } };
    const parts = Array.isArray(value) ? value : [value];
    if (operator === "$contains" && parts.every(isScalar)) return { has: { [key]: parts } };
    throw invalid(key);
  });
}

const invalid = (key: string): TypeError =>
  new TypeError(
    `The filter of an auth handler has at ${JSON.stringify(key)} neither a plain value, {$eq}, {$contains}, nor a list for $and and $or`,
  );

/**
 * What an auth handler answers as a filter: `{ key: value }`, `{ key: { $eq } }`, `{ key: { $contains } }`,
 * `$and` and `$or` over lists of such; all keys must match. Undefined when it asks for nothing. Throws
 * TypeError for anything else, since a filter that is not understood must not let everything through.
 */
export function parseFilter(filter: object): AccessFilter | undefined {
  const parts = Object.entries(filter).flatMap(([key, test]: [string, unknown]) => {
    if (key !== "$and" && key !== "$or") return parseTest(key, test);
    if (!Array.isArray(test) || !test.every(isJsonObject)) throw invalid(key);
    const members = test.map((member) => parseFilter(member) ?? { every: [] });
    return [key === "$and" ? { every: members } : { some: members }];
  });
  return parts.length === 0 ? undefined : parts.length === 1 ? parts[0] : { every: parts };
}

/** Does the metadata of a row meet a filter? */
export function meets(metadata: JsonObject, filter: AccessFilter | undefined): boolean {
  if (filter === undefined) return true;
  if ("has" in filter) return jsonContains(metadata, filter.has);
  return "every" in filter
    ? filter.every.every((part) => meets(metadata, part))
    : filter.some.some((part) => meets(metadata, part));
}

/** What every row that meets a filter has in its metadata: to be written into a new one. */
export function stampOf(filter: AccessFilter | undefined): JsonObject {
  if (filter === undefined || "some" in filter) return {};
  return "has" in filter ? filter.has : Object.assign({}, ...filter.every.map(stampOf));
}

/** The keys of metadata that decide who may see a row. */
export function keysOf(filter: AccessFilter | undefined): string[] {
  if (filter === undefined) return [];
  if ("has" in filter) return Object.keys(filter.has);
  return ("every" in filter ? filter.every : filter.some).flatMap(keysOf);
}

/** The same filter for rows that have those metadata under a key of a document. */
export function filterUnder(key: string, filter: AccessFilter): AccessFilter {
  if ("has" in filter) return { has: { [key]: filter.has } };
  return "every" in filter
    ? { every: filter.every.map((part) => filterUnder(key, part)) }
    : { some: filter.some.map((part) => filterUnder(key, part)) };
}

/** Metadata of an earlier time, with what decides on access as the row has it now. */
export function withOwnership(
  metadata: JsonObject,
  row: { metadata: JsonObject; access: AccessFilter | undefined },
): JsonObject {
  const deciding = new Set(keysOf(row.access));
  const own = (entries: JsonObject, isDeciding: boolean) =>
    Object.entries(entries).filter(([key]) => deciding.has(key) === isDeciding);
  return Object.fromEntries([...own(metadata, false), ...own(row.metadata, true)]);
}

/**
 * A change of metadata with what decides on access as the row has it. Refused when the change names
 * another value, since access is never taken from a request.
 */
export function keepOwnership(
  change: JsonObject,
  row: { metadata: JsonObject; access: AccessFilter | undefined },
): JsonObject {
  const kept: JsonObject = {};
  for (const key of keysOf(row.access)) {
    const value = row.metadata[key];
    if (Object.hasOwn(change, key) && JSON.stringify(change[key]) !== JSON.stringify(value))
      throw new AppError("forbidden", `metadata.${key} cannot be changed`);
    if (value !== undefined) kept[key] = value;
  }
  return { ...change, ...kept };
}
