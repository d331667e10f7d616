import type { JsonObject } from "../core/json.ts";

/** A file that something was made into, without its bytes. */
export interface FileInfo {
  file_id: string;
  content_type: string;
  /** Bytes. */
  size: number;
  metadata: JsonObject;
  created_at: number;
}

/** A file to be kept: for good, or as long as a thread. */
export interface NewFile extends FileInfo {
  thread_id?: string | undefined;
}

/** Where clients get a file, from the root of the server. */
export const filePath = (fileId: string): string => `/files/${fileId}`;
