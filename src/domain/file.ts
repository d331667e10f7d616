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

/** Where clients get a file, from the root of the server. */
export const filePath = (fileId: string): string => `/files/${fileId}`;
