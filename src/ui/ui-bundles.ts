import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { UiConfig } from "../config/langgraph-file.ts";
import { AppError, reasonOf } from "../core/errors.ts";
import { bundleUi } from "./bundle.ts";
import type { Ui, UiBundle } from "./ui-port.ts";

interface Built {
  bundle: Promise<UiBundle>;
  /** When the newest of its sources was changed, in milliseconds. */
  changedAt: Promise<number>;
}

/** Builds the bundles of langgraph.json when they are asked for, and anew when a source has changed. */
export class UiBundles implements Ui {
  readonly #config: UiConfig;
  readonly #root: string;
  readonly #built = new Map<string, Built>();

  constructor(config: UiConfig, langgraphPath: string) {
    this.#config = config;
    this.#root = dirname(langgraphPath);
  }

  names(): string[] {
    return [...this.#config.modules.keys()];
  }

  async bundle(name: string): Promise<UiBundle | undefined> {
    const file = this.#config.modules.get(name);
    if (file === undefined) return undefined;
    try {
      return await this.#current(name, file);
    } catch (error) {
      this.#built.delete(name);
      throw new AppError("graph_unavailable", `ui.${name}: ${file}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  async #current(name: string, file: string): Promise<UiBundle> {
    const built = this.#built.get(name);
    if (built !== undefined) {
      const bundle = await built.bundle;
      if ((await newestChange(bundle.sources)) === (await built.changedAt)) return bundle;
    }
    // Whoever asks meanwhile waits for the same one.
    if (this.#built.get(name) === built) this.#built.set(name, this.#build(name, file));
    return (this.#built.get(name) ?? this.#build(name, file)).bundle;
  }

  #build(name: string, file: string): Built {
    const bundle = bundleUi({ name, file, root: this.#root, shared: this.#config.shared });
    const changedAt = bundle.then(({ sources }) => newestChange(sources));
    changedAt.catch(() => undefined);
    return { bundle, changedAt };
  }
}

/** Looks at all files beside the sources: styles may be imported by styles. */
async function newestChange(sources: readonly string[]): Promise<number> {
  const folders = new Set(sources.map((source) => dirname(source)));
  let newest = 0;
  for (const folder of folders)
    for (const name of await readdir(folder)) {
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found?.isFile()) newest = Math.max(newest, found.mtimeMs);
    }
  return newest;
}
