import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";

/** Writes that follow each other this closely are taken as one change. */
const QUIET_MS = 150;
/** A folder that never becomes quiet is looked at all the same. */
const LONGEST_WAIT_MS = 1500;
/** For file systems that tell nothing, and for links whose target changes. */
const POLL_MS = 2000;

export interface FolderWatchOptions {
  /** Whether a file of this name counts. */
  isRelevant: (name: string) => boolean;
  /** The stamp of the folder as it was last read. */
  since: string;
  onChange: () => void;
}

/**
 * A text that changes with the files of a folder: their names and, behind links, which file they
 * are and when it was written. A folder that cannot be read has a stamp of its own.
 */
export function folderStamp(dir: string, isRelevant: (name: string) => boolean): string {
  try {
    const names = readdirSync(dir).filter(isRelevant).toSorted();
    return names.map((name) => `${name}:${fileStamp(join(dir, name))}`).join("|");
  } catch {
    return "unreadable";
  }
}

/** A text that changes when a file is written or replaced; "gone" where there is none. */
export function fileStamp(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(",");
  } catch {
    return "gone";
  }
}

/** Calls back when files of a folder changed and it has become quiet; keeps no process running. */
export class FolderWatch {
  readonly #dir: string;
  readonly #options: FolderWatchOptions;
  readonly #poll: NodeJS.Timeout;
  #stamp: string;
  #watcher: FSWatcher | undefined;
  #watched = "";
  #settle: NodeJS.Timeout | undefined;
  #firstSign: number | undefined;
  #isClosed = false;

  constructor(dir: string, options: FolderWatchOptions) {
    this.#dir = dir;
    this.#options = options;
    this.#stamp = options.since;
    this.#look();
    this.#poll = setInterval(() => this.#look(), POLL_MS);
    this.#poll.unref();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    this.#watcher?.close();
  }

  #look(): void {
    this.#follow();
    if (this.#now() !== this.#stamp) this.#sign();
  }

  #now(): string {
    return folderStamp(this.#dir, this.#options.isRelevant);
  }

  /** Watches the folder that the path names now, which may be another than before. */
  #follow(): void {
    const folder = identity(this.#dir);
    if (folder === this.#watched) return;
    this.#watched = folder;
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      this.#watcher = watch(this.#dir, { persistent: false }, () => this.#sign());
      this.#watcher.on("error", () => (this.#watched = ""));
    } catch {
      this.#watched = "";
    }
  }

  #sign(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#firstSign ??= now;
    const left = this.#firstSign + LONGEST_WAIT_MS - now;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#settled(), Math.min(QUIET_MS, Math.max(0, left)));
    this.#settle.unref();
  }

  #settled(): void {
    this.#firstSign = undefined;
    const stamp = this.#now();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#options.onChange();
  }
}

function identity(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}
