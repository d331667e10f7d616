import {
  maxChannelVersion,
  TASKS,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
} from "@langchain/langgraph-checkpoint";
import type { StoredCheckpoint, StoredWrite } from "../storage/ports.ts";
import type { Codec } from "./codec.ts";

/** The format of checkpoints that keep their sends in a channel of their own. */
const FORMAT_WITH_TASKS = 4;

// The serializer gives back what `put` gave it.
const asCheckpoint = (value: unknown) => value as Omit<Checkpoint, "channel_values" | "id">;
const asMetadata = (value: unknown) => value as CheckpointMetadata;

const configOf = ({ thread_id, checkpoint_ns }: StoredCheckpoint, checkpoint_id: string) => ({
  configurable: { thread_id, checkpoint_ns, checkpoint_id },
});

const decodeWrites = (writes: readonly StoredWrite[], codec: Codec) =>
  Promise.all(
    writes.map(async ({ task_id, channel, value }): Promise<CheckpointPendingWrite> => [
      task_id,
      channel,
      await codec.decode(value),
    ]),
  );

/** Older checkpoints have the sends of their step only among their parent's writes. */
function withPendingSends(checkpoint: Checkpoint, sends: unknown[]): Checkpoint {
  const versions = Object.values(checkpoint.channel_versions);
  return {
    ...checkpoint,
    channel_values: { ...checkpoint.channel_values, [TASKS]: sends },
    channel_versions: {
      ...checkpoint.channel_versions,
      [TASKS]: versions.length > 0 ? maxChannelVersion(...versions) : 1,
    },
  };
}

/** What LangGraph knows a stored checkpoint as; `parentOf` is asked only for old checkpoints. */
export async function toTuple(
  stored: StoredCheckpoint,
  codec: Codec,
  parentOf: (parentId: string) => Promise<StoredCheckpoint | undefined>,
): Promise<CheckpointTuple> {
  const [kept, channel_values, metadata, pendingWrites] = await Promise.all([
    codec.decode(stored.checkpoint),
    codec.unpackAll(stored.values),
    codec.decode(stored.metadata),
    decodeWrites(stored.writes, codec),
  ]);
  let checkpoint: Checkpoint = {
    ...asCheckpoint(kept),
    id: stored.checkpoint_id,
    channel_values,
  };
  const { parent_id } = stored;
  if (checkpoint.v < FORMAT_WITH_TASKS && parent_id !== null) {
    const parent = await parentOf(parent_id);
    const sends = parent?.writes.filter(({ channel }) => channel === TASKS) ?? [];
    const decoded = await decodeWrites(sends, codec);
    checkpoint = withPendingSends(
      checkpoint,
      decoded.map(([, , send]) => send),
    );
  }
  return {
    config: configOf(stored, stored.checkpoint_id),
    checkpoint,
    metadata: asMetadata(metadata),
    pendingWrites,
    ...(parent_id === null ? {} : { parentConfig: configOf(stored, parent_id) }),
  };
}
