import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";

/** The version keys of a parent checkpoint's values, read only when they are needed. */
export type ParentVersions = () => Promise<Record<string, string>>;

export interface NewCheckpoint {
  checkpoint: Checkpoint;
  newVersions: ChannelVersions;
}

type Version = number | string;

/** True for a version that only one value can have; see `nextVersion`. */
const isUnique = (version: Version) => typeof version === "number" && !Number.isInteger(version);

const ownKey = (version: Version, checkpointId: string) =>
  isUnique(version) ? String(version) : `${version}@${checkpointId}`;

const isKeyOf = (key: string | undefined, version: Version): key is string =>
  key !== undefined && key.startsWith(`${version}@`);

/**
 * Under which key each value of a checkpoint is stored. Versions of our own are unique. Others count
 * in integers, which forks give twice: their keys name the checkpoint that brought the value, and a
 * checkpoint that only carries a value on takes the key over from its parent.
 */
export async function keysOfValues(
  { checkpoint, newVersions }: NewCheckpoint,
  parentVersions: ParentVersions,
): Promise<Record<string, string>> {
  const keys: [channel: string, key: string][] = [];
  let inherited: Record<string, string> | undefined;
  for (const [channel, version] of Object.entries(checkpoint.channel_versions)) {
    if (!Object.hasOwn(checkpoint.channel_values, channel)) continue;
    if (Object.hasOwn(newVersions, channel) || isUnique(version)) {
      keys.push([channel, ownKey(version, checkpoint.id)]);
      continue;
    }
    inherited ??= await parentVersions();
    const key = Object.hasOwn(inherited, channel) ? inherited[channel] : undefined;
    if (isKeyOf(key, version)) keys.push([channel, key]);
  }
  return Object.fromEntries(keys);
}
