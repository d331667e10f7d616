import type { ItemScope } from "../storage/items-port.ts";

/** The knowledge of an owner is beside its items, out of reach of the store's own requests. */
export const rowsOwner = (owner: string): string => `\u001fknowledge ${owner}`;

/** Where the documents of a collection are. */
export const documentsOf = (collection: string): string[] => [collection, "document"];

/** Where the chunks of a collection, or of one document, are. */
export const chunksIn = (collection: string, id?: string): string[] =>
  id === undefined ? [collection, "chunk"] : [collection, "chunk", id];

/** Vectors of different models or sizes are never compared. */
export const spaceOf = (model: string, vector: readonly number[] = []): string =>
  `${model} ${vector.length}`;

/** All that an owner has below a namespace. */
export const scopeOf = (owner: string, prefix: readonly string[], now: number): ItemScope => ({
  owner: rowsOwner(owner),
  prefix,
  conditions: [],
  now,
});
