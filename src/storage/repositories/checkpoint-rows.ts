import { fromJson } from "../json-column.ts";
import type { Blob, CheckpointRow, Part, StoredCheckpoint, StoredWrite } from "../ports.ts";
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

const TEXT = new TextDecoder();
const UTF8 = new TextEncoder();
const NOTHING: Blob = { type: "", bytes: new Uint8Array() };

const isJson = ({ type, bytes }: Blob, text: string) =>
  type === "json" && TEXT.decode(bytes) === text;

export function fromCheckpoint(row: CheckpointRow, author: Author): CheckpointTableRow {
  const metadata_json = JSON.stringify(row.metadata_json);
  const metadata = isJson(row.metadata, metadata_json) ? NOTHING : row.metadata;
  return {
    thread_id: row.thread_id,
    checkpoint_ns: row.checkpoint_ns,
    checkpoint_id: row.checkpoint_id,
    parent_id: row.parent_id,
    ...author,
    metadata_json,
    versions: "{}",
    metadata_type: metadata.type,
    metadata: metadata.bytes,
    checkpoint_type: row.checkpoint.type,
    checkpoint: row.checkpoint.bytes,
    channel_values: JSON.stringify(row.values),
  };
}

const toBlob = ({ type, value }: { type: string; value: Uint8Array }): Blob => ({
  type,
  bytes: value,
});

/** Which rows of checkpoint_blob a checkpoint needs: none, if it was written since 0002. */
export const versionsOf = (row: CheckpointTableRow) =>
  fromJson<Record<string, string>>(row.versions);

const bytesAsJson = (bytes: Uint8Array) =>
  JSON.stringify({ lc: 2, type: "constructor", id: ["Uint8Array"], args: [[...bytes]] });

/** The packed form of what checkpoint_blob holds of a checkpoint. */
function oldValuesOf(row: CheckpointTableRow, blobs: readonly BlobRow[]): Record<string, string> {
  const versions = new Map(Object.entries(versionsOf(row)));
  const held = blobs.filter(({ channel, version }) => versions.get(channel) === version);
  return Object.fromEntries(
    held.map(({ channel, type, value }) => [
      channel,
      `=${type === "bytes" ? bytesAsJson(value) : TEXT.decode(value)}`,
    ]),
  );
}

const metadataOf = (row: CheckpointTableRow): Blob =>
  row.metadata_type === NOTHING.type
    ? { type: "json", bytes: UTF8.encode(row.metadata_json) }
    : { type: row.metadata_type, bytes: row.metadata };

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

export const toPart = (row: { part_id: string; type: string; value: Uint8Array }): Part => ({
  part_id: row.part_id,
  value: toBlob(row),
});

/** A checkpoint with its writes joined in. */
export function toStored(
  row: CheckpointTableRow,
  related: { blobs: readonly BlobRow[]; writes: readonly WriteRow[] },
): StoredCheckpoint {
  return {
    thread_id: row.thread_id,
    checkpoint_ns: row.checkpoint_ns,
    checkpoint_id: row.checkpoint_id,
    parent_id: row.parent_id,
    checkpoint: { type: row.checkpoint_type, bytes: row.checkpoint },
    metadata: metadataOf(row),
    metadata_json: fromJson(row.metadata_json),
    values: { ...oldValuesOf(row, related.blobs), ...fromJson<object>(row.channel_values) },
    writes: writesOf(related.writes),
  };
}
