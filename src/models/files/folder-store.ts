import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { newId } from "../../core/ids.ts";
import type { FileContent, FileStore } from "./file-store-port.ts";

/** Keeps files in a folder, for plain scripts that have no server. */
export function folderStore(folder: string): FileStore {
  const read = async (id: string): Promise<FileContent | undefined> => {
    const name = (await readdir(folder)).find((one) => one.startsWith(`${id}.`));
    if (name === undefined) return undefined;
    const contentType = name.slice(id.length + 1).replace(".", "/");
    return { bytes: await readFile(join(folder, name)), contentType };
  };
  return {
    async keep({ bytes, contentType }) {
      const id = newId();
      const path = join(folder, `${id}.${contentType.replace("/", ".")}`);
      await mkdir(folder, { recursive: true });
      await writeFile(path, bytes);
      return { id, url: pathToFileURL(path).href };
    },
    read,
    readFor: read,
    idOf: (url) => {
      const isHere = url.startsWith(`${pathToFileURL(folder).href}/`);
      return isHere ? basename(url).split(".")[0] : undefined;
    },
  };
}
