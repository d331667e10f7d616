import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const PROJECT_ROOT = path.dirname(path.dirname(import.meta.dirname));

/** Source text by path from the project root, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>;

/** Reads the TypeScript files of the given folders, tests left out. */
export function readSourceTree(folders: readonly string[]): SourceTree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(path.join(PROJECT_ROOT, folder), { recursive: true })) {
      const name = `${folder}/${String(entry).replaceAll(path.sep, "/")}`;
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      tree.set(name, readFileSync(path.join(PROJECT_ROOT, name), "utf8"));
    }
  }
  return tree;
}
