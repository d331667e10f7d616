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
import { type AppError, isOutage } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { ANSWER, type Fence } from "../domain/run.ts";
import type { Checkpoints, StoredCheckpoint, StoredWrite } from "../storage/ports.ts";
import { Codec } from "./codec.ts";
import { Known } from "./known.ts";
import { PartCache } from "./part-cache.ts";
import { StoredCheckpoints } from "./stored.ts";
import { toTuple } from "./tuple.ts";

/** Checkpoints of one namespace are listed from storage in parts of this many. */
const LIST_SIZE = 50;

interface Place {
  thread_id: string;
  checkpoint_ns: string;
}

interface NewCheckpoint {
  checkpoint: Checkpoint;
  metadata: CheckpointMetadata;
  newVersions: ChannelVersions;
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

const isAnswer = ({ task_id, channel }: StoredWrite) =>
  task_id === ANSWER.task_id && channel === ANSWER.channel;

/**
 * LangGraph's checkpoint saver over the storage port. What the values of a thread have in common is
 * stored once; see packer.ts. With a fence every write proves in its own commit that the run is still
 * this worker's, and rejects with LeaseLostError when it is not. The cache is one for all savers of a
 * process.
 */
export class FencedSaver extends BaseCheckpointSaver {
  readonly #checkpoints: Checkpoints;
  readonly #fence: { fence?: Fence };
  readonly #cache: PartCache;
  readonly #known = new Map<string, Known>();
  /** What it has stored so far. */
  readonly stored = new StoredCheckpoints();
  /** Why the database was out of reach, once it was: no fault of the graph that is told of it. */
  outage: AppError | undefined;

  constructor(
    checkpoints: Checkpoints,
    options: { fence?: Fence | undefined; cache?: PartCache } = {},
  ) {
    super();
    this.#checkpoints = checkpoints;
    this.#fence = options.fence ? { fence: options.fence } : {};
    this.#cache = options.cache ?? new PartCache();
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const place = findPlace(config);
    if (place === undefined) return undefined;
    const checkpointId = getCheckpointId(config);
    const stored = await this.#watched(
      this.#checkpoints.get({
        ...place,
        ...(checkpointId === "" ? {} : { checkpoint_id: checkpointId }),
      }),
    );
    return stored && this.#toTuple(await this.#withoutUsedAnswers(stored));
  }

  /**
   * LangGraph stores the answer a run brings for whoever asks first, and keeps it when it has been used:
   * a node that failed after its first question would get the old answer to its second. So an attempt
   * sees such an answer only if its own run brought it and no task has used it.
   */
  async #withoutUsedAnswers(stored: StoredCheckpoint): Promise<StoredCheckpoint> {
    const { fence } = this.#fence;
    if (fence === undefined || !stored.writes.some(isAnswer)) return stored;
    const { run_id, epoch } = fence;
    const { thread_id } = stored;
    // Before its first attempt a run has brought nothing.
    if (epoch > 1 && (await this.#checkpoints.isAnswerWaiting({ thread_id, run_id })))
      return stored;
    return { ...stored, writes: stored.writes.filter((write) => !isAnswer(write)) };
  }

  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    for await (const stored of this.#listStored(config, options)) yield this.#toTuple(stored);
  }

  // oxlint-disable-next-line max-params -- LangGraph's signature
  override put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const key = { ...placeOf(config), checkpoint_id: checkpoint.id };
    return this.stored.storing(key, this.#put(config, { checkpoint, metadata, newVersions }));
  }

  async #put(
    config: RunnableConfig,
    { checkpoint, metadata, newVersions }: NewCheckpoint,
  ): Promise<RunnableConfig> {
    const place = placeOf(config);
    const parent_id = getCheckpointId(config) || null;
    const { channel_values, id: checkpoint_id, ...kept } = checkpoint;
    // The first checkpoint of a thread holds only what was set; others what their parents held too.
    const isFork = metadata.source === "fork";
    const isFirst = parent_id === null && !isFork;
    const versions = isFirst ? newVersions : checkpoint.channel_versions;
    const set = Object.entries(channel_values).filter(([name]) => Object.hasOwn(versions, name));
    const stamped = this.#stamp(metadata);
    const known = this.#knownOf(place.thread_id);
    const codec = this.#codecOf(place.thread_id, known);
    const before = isFork ? {} : known.valuesAt({ ...place, checkpoint_id: parent_id ?? "" });
    const { packed, parts, settle } = await codec.packAll(set, (name) =>
      Object.hasOwn(newVersions, name) || !Object.hasOwn(before, name) ? undefined : before[name],
    );
    const row = {
      ...place,
      checkpoint_id,
      parent_id,
      checkpoint: await codec.encode(kept),
      metadata: await codec.encode(stamped),
      metadata_json: toPlain(stamped),
      values: packed,
    };
    await this.#watched(this.#checkpoints.put(row, { parts, ...this.#fence }));
    settle();
    known.learnValues(row, packed);
    return { configurable: { ...place, checkpoint_id } };
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
    const place = placeOf(config);
    const codec = this.#codecOf(place.thread_id);
    const { packed, parts, settle } = await codec.packWrites(writes);
    const rows = packed.map((write, index) => ({
      ...write,
      task_id: taskId,
      idx: WRITES_IDX_MAP[write.channel] ?? index,
    }));
    await this.#watched(
      this.#checkpoints.putWrites(
        { ...place, checkpoint_id },
        { writes: rows, parts, ...this.#fence },
      ),
    );
    settle();
  }

  override deleteThread(threadId: string): Promise<void> {
    this.#cache.forget(threadId);
    this.#known.delete(threadId);
    return this.#checkpoints.deleteThread(threadId);
  }

  async #watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isOutage(error)) this.outage = error;
      throw error;
    }
  }

  /** The metadata with the run that writes it, and without one that it was copied from. */
  #stamp(metadata: CheckpointMetadata): object {
    const { fence } = this.#fence;
    const own = Object.entries(metadata).filter(([key]) => key !== "run_id");
    return Object.fromEntries([...own, ...(fence ? [["run_id", fence.run_id]] : [])]);
  }

  #codecOf(threadId: string, known = this.#knownOf(threadId)): Codec {
    const { serde } = this;
    return new Codec(threadId, {
      serde,
      checkpoints: this.#checkpoints,
      cache: this.#cache,
      known,
    });
  }

  /** Only under a fence does a thread stay as it is but for what is done here. */
  #knownOf(threadId: string): Known {
    if (this.#fence.fence === undefined) return new Known();
    const known = this.#known.get(threadId) ?? new Known();
    this.#known.set(threadId, known);
    return known;
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
    const known = this.#knownOf(thread_id);
    known.learnValues(stored, stored.values);
    return toTuple(stored, this.#codecOf(thread_id, known), (checkpoint_id) =>
      this.#checkpoints.get({ thread_id, checkpoint_ns, checkpoint_id }),
    );
  }
}
