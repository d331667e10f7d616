import type { Clock } from "../core/clock.ts";
import type { StoreConfig } from "../config/langgraph-file.ts";
import {
  checkAddress,
  checkNamespace,
  type FoundItem,
  type Item,
  type ItemAddress,
  matchesNamespace,
} from "../domain/item.ts";
import type { Fence } from "../domain/run.ts";
import { filterConditions } from "../domain/item-filter.ts";
import type { ItemRows, ItemScope, ItemWrite, StoredItem } from "../storage/items-port.ts";
import type { Embedder, ItemChange, Items, ItemSearch, NamespaceSearch } from "./port.ts";
import { type Hit, nearest, wordiest } from "./rank.ts";
import { leavesOf, textsAt } from "./texts.ts";
import { queryWords, searchText } from "./words.ts";

const MINUTE_MS = 60_000;
/** Namespaces of one look. */
const PAGE = 1000;

interface Parts {
  rows: ItemRows;
  config: StoreConfig;
  clock: Clock;
  /** Given where the store searches by meaning. */
  embedder?: Embedder | undefined;
}

/** The store over its rows: what it adds is time to live, words and vectors. */
export class SearchableItems implements Items {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async get(
    owner: string,
    address: ItemAddress,
    { refresh }: { refresh?: boolean | undefined } = {},
  ): Promise<Item | undefined> {
    checkNamespace(address.namespace);
    const found = await this.#parts.rows.find(owner, address, this.#now());
    if (found === undefined) return undefined;
    await this.#refresh([found], refresh);
    return shown(found);
  }

  async write(owner: string, changes: readonly ItemChange[], fence?: Fence): Promise<void> {
    for (const change of changes) checkAddress(change);
    const last = new Map(
      changes.map((change) => [JSON.stringify([change.namespace, change.key]), change]),
    );
    // Before the commit: no transaction waits for a model.
    const writes = await this.#prepared([...last.values()]);
    await this.#parts.rows.write(owner, writes, { now: this.#now(), fence });
  }

  async search(owner: string, search: ItemSearch): Promise<FoundItem[]> {
    checkNamespace(search.prefix);
    const { rows } = this.#parts;
    const scope = {
      owner,
      prefix: search.prefix,
      conditions: filterConditions(search.filter ?? {}),
      now: this.#now(),
    };
    const hits = search.query ? await this.#ranked(scope, search.query, search) : undefined;
    const found = hits ? await rows.byIds(idsOf(hits), scope.now) : await rows.list(scope, search);
    await this.#refresh(found, search.refresh);
    return hits ? inOrder(hits, found) : found.map(shown);
  }

  async namespaces(owner: string, search: NamespaceSearch): Promise<string[][]> {
    const { prefix = [], suffix = [], maxDepth = Infinity, limit, offset } = search;
    const { rows } = this.#parts;
    const wildcard = prefix.indexOf("*");
    const scope = {
      owner,
      prefix: wildcard < 0 ? prefix : prefix.slice(0, wildcard),
      now: this.#now(),
      limit: PAGE,
    };
    const found: string[][] = [];
    let after: string[] = [];
    let isLast = false;
    while (!isLast && found.length < offset + limit) {
      const page = await rows.namespaces({ ...scope, after });
      for (const namespace of page) {
        if (!matchesNamespace(namespace, { prefix, suffix })) continue;
        const cut = namespace.slice(0, maxDepth);
        // They come in order, so that what is cut alike comes together.
        if (found.at(-1)?.join(".") !== cut.join(".")) found.push(cut);
      }
      after = page.at(-1) ?? [];
      isLast = page.length < PAGE;
    }
    return found.slice(offset, offset + limit);
  }

  #now(): number {
    return this.#parts.clock.now();
  }

  async #refresh(items: readonly StoredItem[], refresh: boolean | undefined): Promise<void> {
    const mortal = items.filter(({ ttl_ms }) => ttl_ms !== null);
    if (mortal.length === 0 || !(refresh ?? this.#parts.config.refreshOnRead)) return;
    await this.#parts.rows.touch(idsOf(mortal), this.#now());
  }

  async #prepared(changes: readonly ItemChange[]): Promise<ItemWrite[]> {
    const fields = this.#parts.config.index?.fields ?? ["$"];
    const { defaultTtl } = this.#parts.config;
    const vectors = await this.#vectorsOf(changes.map((change) => embedded(change, fields)));
    return changes.map(({ namespace, key, value, index, ttl }, at) => {
      const minutes = ttl === undefined ? defaultTtl : ttl;
      return {
        namespace,
        key,
        value: value === null ? null : JSON.stringify(value),
        ttl_ms: minutes === undefined || minutes === null ? null : minutes * MINUTE_MS,
        terms:
          value === null || index === false ? null : searchText(worded(value, index ?? fields)),
        vectors: vectors[at] ?? null,
      };
    });
  }

  /** For each list of texts their vectors; all texts are embedded at once. */
  async #vectorsOf(lists: readonly string[][]): Promise<ItemWrite["vectors"][]> {
    const { embedder } = this.#parts;
    const texts = [...new Set(lists.flat())];
    if (embedder === undefined || texts.length === 0) return [];
    const vectors = await embedder.embed(texts, "document");
    const byText = new Map(texts.map((text, at) => [text, vectors[at] ?? new Float32Array()]));
    return lists.map((list) => {
      if (list.length === 0) return null;
      const parts = list.map((text) => byText.get(text) ?? new Float32Array());
      return { space: embedder.space, values: joined(parts) };
    });
  }

  async #ranked(
    scope: ItemScope,
    query: string,
    { limit, offset }: { limit: number; offset: number },
  ): Promise<Hit[]> {
    const { rows, embedder } = this.#parts;
    const count = offset + limit;
    if (embedder !== undefined) {
      const [vector = new Float32Array()] = await embedder.embed([query], "query");
      const best = await nearest(rows, scope, { vector, space: embedder.space, count });
      return best.slice(offset);
    }
    const words = queryWords(query);
    if (words.length === 0) return [];
    return (await wordiest(rows, scope, { words, count })).slice(offset);
  }
}

const idsOf = (items: readonly { item_id: string }[]): string[] =>
  items.map(({ item_id }) => item_id);

const shown = ({ item_id: _id, ttl_ms: _ttl, ...item }: StoredItem): Item => item;

function inOrder(hits: readonly Hit[], found: readonly StoredItem[]): FoundItem[] {
  const byId = new Map(found.map((item) => [item.item_id, item]));
  return hits.flatMap(({ item_id, score }) => {
    const item = byId.get(item_id);
    return item === undefined ? [] : [{ ...shown(item), score }];
  });
}

/** The texts that vectors are made of. */
function embedded({ value, index }: ItemChange, fields: readonly string[]): string[] {
  if (value === null || index === false) return [];
  return (index ?? fields).flatMap((path) => textsAt(value, path)).filter((text) => text !== "");
}

/** The texts that words are taken from: of a whole value its contents without its keys. */
const worded = (value: NonNullable<ItemChange["value"]>, fields: readonly string[]): string[] =>
  fields.flatMap((path) => (path === "$" ? leavesOf(value) : textsAt(value, path)));

function joined(vectors: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) {
    all.set(vector, at);
    at += vector.length;
  }
  return all;
}
