import { basename, dirname } from "node:path";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { FolderWatch, folderStamp } from "./watch-folder.ts";

export interface LiveFileOptions<Value> {
  readonly path: string;
  /** What the file says; throws ConfigError. A file that is not there says something too. */
  readonly read: (path: string) => Value;
  readonly isWatched: boolean;
  readonly log: Log;
  readonly onChange?: (value: Value) => void;
}

/** A config file as it is now: a change that cannot be read is logged, and what was before stays. */
export class LiveFile<Value> {
  readonly #options: LiveFileOptions<Value>;
  readonly #watch: FolderWatch | undefined;
  #value: Value;

  constructor(options: LiveFileOptions<Value>) {
    const { path, isWatched, read } = options;
    this.#options = options;
    const isRelevant = (name: string) => name === basename(path);
    const since = folderStamp(dirname(path), isRelevant);
    this.#value = read(path);
    const onChange = () => this.#reload();
    if (isWatched) this.#watch = new FolderWatch(dirname(path), { isRelevant, since, onChange });
  }

  get value(): Value {
    return this.#value;
  }

  close(): void {
    this.#watch?.close();
  }

  #reload(): void {
    const { path, read, log, onChange } = this.#options;
    try {
      this.#value = read(path);
      log.info({ file: path }, "took a changed config file");
      onChange?.(this.#value);
    } catch (error) {
      log.error({ reason: reasonOf(error) }, "a changed config file is not taken");
    }
  }
}
