import { fromJson } from "../json-column.ts";
import type { Blob, CheckpointRow, StoredCheckpoint, StoredWrite } from "../ports.ts";
import type { CheckpointTableRow } from "../schema.ts";

export interface BlobRow {
  version: string;
  channel: string;
  type: string;
  value: Uint8Array;
}

export interface WriteRow {
  checkpoint_id: string;
  task_id: string;
  idx: number;
  channel: string;
  type: string;
  value: Uint8Array;
}

/** Who writes: the run, its claim and its worker; empty for a manual change of state. */
export interface Author {
  run_id: string;
  epoch: number;
  owner: string;
}

export const fromCheckpoint = (row: CheckpointRow, author: Author): CheckpointTableRow => ({
  thread_id: row.thread_id,
  checkpoint_ns: row.checkpoint_ns,
  checkpoint_id: row.checkpoint_id,
  parent_id: row.parent_id,
  ...author,
  metadata_json: JSON.stringify(row.metadata_json),
  versions: JSON.stringify(row.versions),
  metadata_type: row.metadata.type,
  metadata: row.metadata.bytes,
  checkpoint_type: row.checkpoint.type,
  checkpoint: row.checkpoint.bytes,
});

const toBlob = ({ type, value }: { type: string; value: Uint8Array }): Blob => ({
  type,
  bytes: value,
});

/** The values a checkpoint holds, out of all that were read. */
function valuesOf(versions: Record<string, string>, blobs: readonly BlobRow[]) {
  const held = blobs.filter(
    ({ channel, version }) => Object.hasOwn(versions, channel) && versions[channel] === version,
  );
  return Object.fromEntries(held.map((blob) => [blob.channel, toBlob(blob)]));
}

/**
 * The writes that count, in order. Two runs may have written under one (task, idx): the first is
 * kept, or the last where the idx is negative, so that a rollback uncovers what it had replaced.
 */
function writesOf(rows: readonly WriteRow[]): StoredWrite[] {
  const byKey = new Map<string, StoredWrite>();
  for (const { task_id, idx, channel, ...value } of rows) {
    const key = `${idx} ${task_id}`;
    if (idx >= 0 && byKey.has(key)) continue;
    byKey.set(key, { task_id, idx, channel, value: toBlob(value) });
  }
  return [...byKey.values()];
}

/** A checkpoint with its values and writes joined in. */
export function toStored(
  row: CheckpointTableRow,
  related: { blobs: readonly BlobRow[]; writes: readonly WriteRow[] },
): StoredCheckpoint {
  const versions = fromJson<Record<string, string>>(row.versions);
  return {
    thread_id: row.thread_id,
    checkpoint_ns: row.checkpoint_ns,
    checkpoint_id: row.checkpoint_id,
    parent_id: row.parent_id,
    checkpoint: { type: row.checkpoint_type, bytes: row.checkpoint },
    metadata: { type: row.metadata_type, bytes: row.metadata },
    metadata_json: fromJson(row.metadata_json),
    versions,
    values: valuesOf(versions, related.blobs),
    writes: writesOf(related.writes),
  };
}
