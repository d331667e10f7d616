import type { User } from "../../domain/actor.ts";
import type { CallOrigin } from "../provider/origin.ts";

export interface FileContent {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Whether it is deleted with the thread of its run; others stay. */
  readonly goesWithThread?: boolean;
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
  /** For the server itself; undefined when it is gone. */
  read(id: string): Promise<FileContent | undefined>;
  /** As `read`, for whom a run is for; undefined also when they may not see it. */
  readFor(id: string, user: User | undefined): Promise<FileContent | undefined>;
  /** The id of the file that this address would be of, whatever name of this server it has. */
  idOf(url: string): string | undefined;
}
