import { sql, type Expression, type SqlBool } from "kysely";
import type { StoredItem } from "../items-port.ts";
import { fromJson } from "../json-column.ts";
import type { StoreItemRow } from "../schema.ts";

/** Columns of an item as it is read. */
export const ITEM_COLUMNS = [
  "item_id",
  "namespace",
  "key",
  "value",
  "created_at",
  "updated_at",
  "ttl_ms",
] as const;

export const toItem = (row: Pick<StoreItemRow, (typeof ITEM_COLUMNS)[number]>): StoredItem => ({
  item_id: row.item_id,
  namespace: toLabels(row.namespace),
  key: row.key,
  value: fromJson(row.value),
  created_at: row.created_at,
  updated_at: row.updated_at,
  ttl_ms: row.ttl_ms,
});

/** A namespace as it is stored: each label with a dot after it. */
export const fromLabels = (labels: readonly string[]): string =>
  labels.map((label) => `${label}.`).join("");

export const toLabels = (namespace: string): string[] => namespace.slice(0, -1).split(".");

/** The sign after the dot: all that is below a namespace comes before the same with it. */
const AFTER_DOT = "/";

/** Is a namespace this one or below it? By whole labels, as a range of the index. */
export function isBelow(prefix: readonly string[]): Expression<SqlBool> {
  if (prefix.length === 0) return sql<SqlBool>`1 = 1`;
  const text = fromLabels(prefix);
  const end = text.slice(0, -1) + AFTER_DOT;
  return sql<SqlBool>`(namespace >= ${text} and namespace < ${end})`;
}

export const isAlive = (now: number): Expression<SqlBool> =>
  sql<SqlBool>`(expires_at is null or expires_at > ${now})`;

/** Unit vectors as bytes, little end first. */
export function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat32(index * 4, value, true);
  return bytes;
}

/** A copy, since the bytes of a row may begin anywhere. */
export function fromBytes(bytes: Uint8Array): Float32Array {
  const copy = bytes.slice();
  if (IS_LITTLE_ENDIAN) return new Float32Array(copy.buffer, 0, copy.length / 4);
  const view = new DataView(copy.buffer);
  return Float32Array.from({ length: copy.length / 4 }, (_, index) =>
    view.getFloat32(index * 4, true),
  );
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
