import type { AccessFilter } from "../domain/access-filter.ts";
import type { FileInfo, NewFile } from "../domain/file.ts";
import type { PageOf } from "../domain/page.ts";

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface Files {
  /** Rejects with ConflictError when the id is taken. */
  create(file: NewFile, bytes: Uint8Array): Promise<void>;
  read(
    fileId: string,
    access?: AccessFilter,
  ): Promise<{ file: FileInfo; bytes: Uint8Array } | undefined>;
  /** Newest first. */
  list(query: {
    access?: AccessFilter | undefined;
    limit: number;
    offset: number;
  }): Promise<PageOf<FileInfo>>;
  delete(fileId: string, access?: AccessFilter): Promise<boolean>;
  /** Deletes files made before a time, at most so many; answers how many. */
  sweep(before: number, limit: number): Promise<number>;
}
