import { globSync, readdirSync, statSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { kindOfName } from "../../domain/document-kind.ts";

/** A file to take in, and what it is called there. */
export interface FoundFile {
  path: string;
  source: string;
}

/** A file that is not taken in, and why. */
export interface Refusal {
  source: string;
  reason: string;
}

export interface FoundFiles {
  files: FoundFile[];
  refused: Refusal[];
  /** Files of folders that are no documents. */
  others: number;
}

/** Files, the documents in folders, and what patterns find, each once and in order. */
export function findFiles(names: readonly string[], cwd: string): FoundFiles {
  const found: FoundFiles = { files: [], refused: [], others: 0 };
  const bySource = new Map<string, string>();
  const add = (path: string, root: string) => {
    const source = sourceOf(path, root, cwd);
    const other = bySource.get(source);
    if (other === path) return;
    if (other !== undefined)
      found.refused.push({ source: path, reason: `has the same name as ${other}` });
    else {
      bySource.set(source, path);
      found.files.push({ path, source });
    }
  };
  for (const name of names) {
    const paths = pathsOf(name, cwd);
    if (paths.length === 0) found.refused.push({ source: name, reason: "is not there" });
    for (const path of paths) {
      const stat = statSync(path);
      if (stat.isDirectory()) found.others += walk(path, (file) => add(file, path));
      else if (stat.isFile()) add(path, path);
      else found.refused.push({ source: name, reason: "is no file" });
    }
  }
  return found;
}

/** A name that is there is taken as it is, though it may look like a pattern. */
function pathsOf(name: string, cwd: string): string[] {
  const path = resolve(cwd, name);
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return [path];
  const matches = globSync(name, { cwd }).map((match) => resolve(cwd, match));
  return matches.filter((match) => statSync(match).isFile()).toSorted();
}

/** Calls for each document below a folder; answers how many other files there are. */
function walk(folder: string, add: (path: string) => void): number {
  let others = 0;
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    // Links are left: they may lead in circles, or out of the folder.
    if (entry.isDirectory()) others += walk(path, add);
    else if (entry.isFile() && kindOfName(entry.name) !== undefined) add(path);
    else others += 1;
  }
  return others;
}

/** The path from here; for what is elsewhere, from the folder or file that was named. */
function sourceOf(path: string, root: string, cwd: string): string {
  const here = relative(cwd, path);
  const isBelow = !here.startsWith("..") && resolve(cwd, here) === path;
  const name = isBelow ? here : join(basename(root), relative(root, path));
  return name.split(sep).join("/");
}
