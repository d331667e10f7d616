import type { CallOrigin } from "../provider/origin.ts";

export interface FileContent {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Where a file is kept: `url` is what clients reach it by. */
export interface KeptFile {
  readonly id: string;
  readonly url: string;
}

/** Keeps what models make. */
export interface FileStore {
  /** Kept for the run that a call belongs to: whoever may see its thread may see the file. */
  keep(content: FileContent, origin: CallOrigin): Promise<KeptFile>;
  /** Undefined when it is gone. */
  read(id: string): Promise<FileContent | undefined>;
  /** Undefined too when it was made neither in the thread of a call nor for its owner. */
  readFor(id: string, origin: CallOrigin): Promise<FileContent | undefined>;
}
