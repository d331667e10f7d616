import type { Item, ItemAddress } from "../domain/item.ts";
import type { FieldCondition } from "../domain/item-filter.ts";
import type { Fence } from "../domain/run.ts";

/** An item with what the store needs to know of it beside. */
export interface StoredItem extends Item {
  item_id: string;
  /** How long it lives after its last change; null for ever. */
  ttl_ms: number | null;
}

export interface ItemWrite extends ItemAddress {
  /** The JSON of the value; null deletes the item. */
  value: string | null;
  ttl_ms: number | null;
  /** What keyword search finds it by, each word after a space; null keeps it out of searches. */
  terms: string | null;
  /** Unit vectors one after the other, and the name of their space. */
  vectors: { space: string; values: Float32Array } | null;
}

/** Which items a query is about: those below a namespace that live and meet all conditions. */
export interface ItemScope {
  owner: string;
  prefix: readonly string[];
  conditions: readonly FieldCondition[];
  now: number;
}

export interface ItemScan extends ItemScope {
  /** The last one of the page before. */
  after: ItemAddress | undefined;
  limit: number;
}

/** An item that a search looks at, with what it is ranked by. */
export interface Candidate<Feature> extends ItemAddress {
  item_id: string;
  updated_at: number;
  feature: Feature;
}

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface ItemRows {
  find(owner: string, address: ItemAddress, now: number): Promise<StoredItem | undefined>;
  /**
   * Puts and deletes in one commit. An item that is there keeps its id and time of creation. Under a fence
   * when given (LeaseLostError).
   */
  write(
    owner: string,
    writes: readonly ItemWrite[],
    at: { now: number; fence?: Fence | undefined },
  ): Promise<void>;
  /** Last changed first. */
  list(scope: ItemScope, page: { limit: number; offset: number }): Promise<StoredItem[]>;
  /** Items that have at least one of the words, in the order of their addresses. */
  withTerms(scan: ItemScan, terms: readonly string[]): Promise<Candidate<string>[]>;
  /** Items with vectors of a space, in the order of their addresses. */
  withVectors(scan: ItemScan, space: string): Promise<Candidate<Float32Array>[]>;
  /** Items by their ids, in no order; those that are gone are left out. */
  byIds(itemIds: readonly string[], now: number): Promise<StoredItem[]>;
  /** Begins the time to live of items anew. */
  touch(itemIds: readonly string[], now: number): Promise<void>;
  /** Namespaces of living items below a prefix after one, in order. */
  namespaces(query: {
    owner: string;
    prefix: readonly string[];
    after: readonly string[];
    limit: number;
    now: number;
  }): Promise<string[][]>;
  /** Deletes at most so many items whose time has passed; answers how many. */
  sweep(now: number, limit: number): Promise<number>;
}
