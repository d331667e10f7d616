import type { JsonObject } from "../core/json.ts";
import type { Fence } from "../domain/run.ts";
import type { FoundItem, Item, ItemAddress } from "../domain/item.ts";

/** Something to put, or with a null value to delete. */
export interface ItemChange extends ItemAddress {
  value: JsonObject | null;
  /** The fields that searches look into; false for none. The server's own where not given. */
  index?: false | readonly string[] | undefined;
  /** Minutes to live, null for ever. The server's own where not given. */
  ttl?: number | null | undefined;
}

export interface ItemSearch {
  prefix: readonly string[];
  filter?: JsonObject | undefined;
  /** Words, or a meaning where the store has an index. */
  query?: string | undefined;
  limit: number;
  offset: number;
  /** Whether what is read begins its time to live anew. The server's own where not given. */
  refresh?: boolean | undefined;
}

/** Labels of both may be `*`. */
export interface NamespaceSearch {
  prefix?: readonly string[] | undefined;
  suffix?: readonly string[] | undefined;
  maxDepth?: number | undefined;
  limit: number;
  offset: number;
}

/** The store of graphs and clients: what owners keep beyond threads. */
export interface Items {
  get(
    owner: string,
    address: ItemAddress,
    options?: { refresh?: boolean | undefined },
  ): Promise<Item | undefined>;
  /**
   * Puts and deletes; all of it or nothing. Of two changes of one item the later counts. Under the fence of a
   * run when given: rejects with LeaseLostError when another worker has the run.
   */
  write(owner: string, changes: readonly ItemChange[], fence?: Fence): Promise<void>;
  /** Best first where there is a query, else last changed first. */
  search(owner: string, search: ItemSearch): Promise<FoundItem[]>;
  /** In order, each once. */
  namespaces(owner: string, search: NamespaceSearch): Promise<string[][]>;
}

/** Turns texts into vectors of one space. */
export interface Embedder {
  /** Names the space: vectors of another are never compared with its own. */
  readonly space: string;
  /** A vector of length 1 for each text. */
  embed(texts: readonly string[], purpose: "document" | "query"): Promise<Float32Array[]>;
}
