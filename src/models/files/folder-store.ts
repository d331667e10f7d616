import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { newId } from "../../core/ids.ts";
import type { FileStore } from "./file-store-port.ts";

/** Keeps files in a folder, for plain scripts that have no server. */
export function folderStore(folder: string): FileStore {
  return {
    async keep({ bytes, contentType }) {
      const id = newId();
      const path = join(folder, `${id}.${contentType.split("/")[1] ?? "bin"}`);
      await mkdir(folder, { recursive: true });
      await writeFile(path, bytes);
      return { id, url: pathToFileURL(path).href };
    },
  };
}
