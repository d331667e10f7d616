import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  getCheckpointId,
  WRITES_IDX_MAP,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import type { JsonObject } from "../core/json.ts";
import type { Fence } from "../domain/run.ts";
import type { Checkpoints, StoredCheckpoint } from "../storage/ports.ts";
import { Codec } from "./codec.ts";
import { toTuple } from "./tuple.ts";
import { keysOfValues } from "./value-keys.ts";

/** Checkpoints of one namespace are listed from storage in parts of this many. */
const LIST_SIZE = 50;

interface Place {
  thread_id: string;
  checkpoint_ns: string;
}

function findPlace(config: RunnableConfig): Place | undefined {
  const { thread_id, checkpoint_ns = "" } = config.configurable ?? {};
  if (typeof thread_id !== "string" || typeof checkpoint_ns !== "string") return undefined;
  return { thread_id, checkpoint_ns };
}

function placeOf(config: RunnableConfig): Place {
  const place = findPlace(config);
  if (place) return place;
  throw new Error('The config needs a string "thread_id" in its "configurable" property');
}

const textOrNothing = <Key extends string>(key: Key, value: unknown) =>
  typeof value === "string" ? ({ [key]: value } as Record<Key, string>) : {};

// Through JSON, so that it is plain; undefined becomes null, to match nothing and not everything.
const toPlain = (value: object) =>
  JSON.parse(JSON.stringify(value, (_key, part: unknown) => part ?? null)) as JsonObject;

/**
 * LangGraph's checkpoint saver over the storage port. Each version of a channel's value is stored
 * once. With a fence every write proves in its own commit that the run is still this worker's, and
 * rejects with LeaseLostError when it is not.
 */
export class FencedSaver extends BaseCheckpointSaver {
  readonly #checkpoints: Checkpoints;
  readonly #fence: { fence?: Fence };
  readonly #codec = new Codec(this.serde);

  constructor(checkpoints: Checkpoints, options: { fence?: Fence | undefined } = {}) {
    super();
    this.#checkpoints = checkpoints;
    this.#fence = options.fence ? { fence: options.fence } : {};
  }

  /**
   * Counts up in whole numbers with a random fraction, so that two forks of a checkpoint never give
   * one version to different values, while versions compare as LangGraph expects.
   */
  override getNextVersion(current: number | undefined): number {
    return Number((Math.floor(current ?? 0) + 1 + Math.random()).toFixed(12));
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const place = findPlace(config);
    if (place === undefined) return undefined;
    const checkpointId = getCheckpointId(config);
    const stored = await this.#checkpoints.get({
      ...place,
      ...(checkpointId === "" ? {} : { checkpoint_id: checkpointId }),
    });
    return stored && this.#toTuple(stored);
  }

  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    for await (const stored of this.#listStored(config, options)) yield this.#toTuple(stored);
  }

  // oxlint-disable-next-line max-params -- LangGraph's signature
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const place = placeOf(config);
    const parent_id = getCheckpointId(config) || null;
    const { channel_values, ...kept } = checkpoint;
    const versions = await keysOfValues({ checkpoint, newVersions }, () =>
      this.#versionsOf(place, parent_id),
    );
    const fresh = Object.entries(versions).filter(([channel]) =>
      Object.hasOwn(newVersions, channel),
    );
    const stamped = this.#stamp(metadata);
    const [encoded, encodedMetadata, values] = await Promise.all([
      this.#codec.encode(kept),
      this.#codec.encode(stamped),
      Promise.all(
        fresh.map(async ([channel, version]) => {
          const value = await this.#codec.encode(channel_values[channel]);
          return { channel, version, value };
        }),
      ),
    ]);
    const row = {
      ...place,
      checkpoint_id: checkpoint.id,
      parent_id,
      checkpoint: encoded,
      metadata: encodedMetadata,
      metadata_json: toPlain(stamped),
      versions,
    };
    await this.#checkpoints.put(row, { values, ...this.#fence });
    return { configurable: { ...place, checkpoint_id: checkpoint.id } };
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
  ): Promise<void> {
    const checkpoint_id = getCheckpointId(config);
    if (checkpoint_id === "") {
      throw new Error('The config needs a "checkpoint_id" in its "configurable" property');
    }
    const encoded = writes.map(async ([channel, value], index) => ({
      task_id: taskId,
      idx: WRITES_IDX_MAP[channel] ?? index,
      channel,
      value: await this.#codec.encode(value),
    }));
    const key = { ...placeOf(config), checkpoint_id };
    await this.#checkpoints.putWrites(key, { writes: await Promise.all(encoded), ...this.#fence });
  }

  override deleteThread(threadId: string): Promise<void> {
    return this.#checkpoints.deleteThread(threadId);
  }

  /** The metadata with the run that writes it, and without one that it was copied from. */
  #stamp(metadata: CheckpointMetadata): object {
    const { fence } = this.#fence;
    const own = Object.entries(metadata).filter(([key]) => key !== "run_id");
    return Object.fromEntries([...own, ...(fence ? [["run_id", fence.run_id]] : [])]);
  }

  async #versionsOf(place: Place, checkpointId: string | null): Promise<Record<string, string>> {
    if (checkpointId === null) return {};
    const stored = await this.#checkpoints.get({ ...place, checkpoint_id: checkpointId });
    return stored?.versions ?? {};
  }

  async *#listStored(
    config: RunnableConfig,
    { before, limit, filter }: CheckpointListOptions,
  ): AsyncGenerator<StoredCheckpoint> {
    const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable ?? {};
    const query = {
      ...textOrNothing("thread_id", thread_id),
      ...textOrNothing("checkpoint_ns", checkpoint_ns),
      ...textOrNothing("checkpoint_id", checkpoint_id),
      ...(filter ? { filter: toPlain(filter) } : {}),
    };
    let cursor = textOrNothing("before", before?.configurable?.["checkpoint_id"]);
    // Only within one namespace are checkpoint ids a place to go on from.
    const isOneSpace = typeof thread_id === "string" && typeof checkpoint_ns === "string";
    for (let left = limit ?? Infinity; left > 0;) {
      const size = isOneSpace ? Math.min(left, LIST_SIZE) : left;
      const stored = await this.#checkpoints.list({
        ...query,
        ...cursor,
        ...(Number.isFinite(size) ? { limit: size } : {}),
      });
      yield* stored;
      const last = stored.at(-1);
      if (!isOneSpace || stored.length < size || last === undefined) return;
      cursor = { before: last.checkpoint_id };
      left -= size;
    }
  }

  #toTuple(stored: StoredCheckpoint): Promise<CheckpointTuple> {
    const { thread_id, checkpoint_ns } = stored;
    return toTuple(stored, this.#codec, (checkpoint_id) =>
      this.#checkpoints.get({ thread_id, checkpoint_ns, checkpoint_id }),
    );
  }
}
