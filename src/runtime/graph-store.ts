import {
  AsyncBatchedStore,
  BaseStore,
  type Item as LangGraphItem,
  type Operation,
  type OperationResults,
} from "@langchain/langgraph-checkpoint";
import { AppError, isOutage, LeaseLostError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Item } from "../domain/item.ts";
import type { Fence } from "../domain/run.ts";
import type { ItemChange, Items } from "../store/port.ts";
import { toJson } from "./wire.ts";

/** The store of one owner, as LangGraph hands it to the nodes of a run: its changes are kept only as long as this worker has the run. */
export class GraphStore extends BaseStore {
  readonly #items: Items;
  readonly #owner: string;
  readonly #fence: Fence;
  /** Why this attempt cannot go on, once it cannot: no fault of the graph that is told of it. */
  outage: AppError | undefined;

  constructor(items: Items, { owner, fence }: { owner: string; fence: Fence }) {
    super();
    this.#items = items;
    this.#owner = owner;
    this.#fence = fence;
  }

  /** Reads see what was there before the changes of the same batch, which are one commit. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results = await this.#watched(async () => {
      const read = await Promise.all(operations.map((operation) => this.#read(operation)));
      const changes = operations.filter(isPut).map(toChange);
      if (changes.length > 0) await this.#items.write(this.#owner, changes, this.#fence);
      return read;
    });
    // Each result is that of its operation, which the type says position by position.
    return results as OperationResults<Op>;
  }

  async #watched<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isOutage(error) || error instanceof LeaseLostError) this.outage = error;
      throw error;
    }
  }

  async #read(operation: Operation): Promise<unknown> {
    if (isPut(operation)) return undefined;
    if ("namespacePrefix" in operation) {
      const { namespacePrefix: prefix, filter, query, limit = 10, offset = 0 } = operation;
      const plain = filter === undefined ? {} : { filter: plainObject(filter) };
      const search = { prefix, ...plain, query, limit, offset };
      return (await this.#items.search(this.#owner, search)).map(toLangGraph);
    }
    if ("key" in operation) {
      const found = await this.#items.get(this.#owner, operation);
      return found === undefined ? null : toLangGraph(found);
    }
    return this.#list(operation);
  }

  #list(operation: Exclude<Operation, { namespace: string[] } | { namespacePrefix: string[] }>) {
    const { matchConditions = [], maxDepth, limit, offset } = operation;
    const pathOf = (type: "prefix" | "suffix") =>
      matchConditions.find(({ matchType }) => matchType === type)?.path;
    const search = { prefix: pathOf("prefix"), suffix: pathOf("suffix"), maxDepth, limit, offset };
    return this.#items.namespaces(this.#owner, search);
  }
}

type Put = Extract<Operation, { value: unknown }>;

const isPut = (operation: Operation): operation is Put => "value" in operation;

const toChange = ({ namespace, key, value, index }: Put): ItemChange => ({
  namespace,
  key,
  value: value === null ? null : plainObject(value),
  index,
});

function plainObject(value: unknown): JsonObject {
  const plain = toJson(value);
  if (isJsonObject(plain)) return plain;
  throw new AppError("validation", "The store keeps objects only");
}

const toLangGraph = ({ created_at, updated_at, ...item }: Item): LangGraphItem => ({
  ...item,
  createdAt: new Date(created_at),
  updatedAt: new Date(updated_at),
});

const OPERATIONS = ["get", "search", "put", "delete", "listNamespaces", "batch"] as const;

/**
 * LangGraph hands nodes a wrapper that asks a thousand times a second whether there is something to do,
 * for as long as a graph runs, that loses `index` on the way, and that cannot list namespaces. For our
 * store the wrapper is only a way through.
 */
export function reachStoreDirectly(): void {
  const wrapper = AsyncBatchedStore.prototype;
  const original: unknown = Reflect.get(wrapper, "start");
  if (typeof original !== "function" || original.name === startDirectly.name) return;
  wrapper.start = startDirectly;

  function startDirectly(this: AsyncBatchedStore): void {
    const store: unknown = Reflect.get(this, "store");
    if (!(store instanceof GraphStore)) {
      Reflect.apply(original as () => void, this, []);
      return;
    }
    for (const name of OPERATIONS)
      Object.defineProperty(this, name, { value: store[name].bind(store) });
    Object.defineProperty(this, "isRunning", { value: true });
  }
}
