import { isModelFile } from "../config/model-folder.ts";
import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import { FolderWatch } from "../config/watch-folder.ts";
import type { Clock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { ModelCatalog } from "./catalog.ts";
import { discoverModels, isLocalId, localAddresses, type LocalAddress } from "./local/discover.ts";
import { Model } from "./model.ts";
import type { ModelRegistry } from "./registry.ts";

/** The models of a server as long as it runs: files as they change, and what runs on this machine. */
export class LiveModels {
  readonly registry: ModelRegistry;
  readonly #loaded: LoadedSettings;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #catalog: ModelCatalog;
  readonly #addresses: readonly LocalAddress[];
  readonly #closing = new AbortController();
  #watch: FolderWatch | undefined;
  #search: Promise<string[]> | undefined;

  /** Reads and checks every model file; throws ConfigError naming file, key path and expected value. */
  constructor(loaded: LoadedSettings, { log, clock }: { log: Log; clock: Clock }) {
    const { settings, env } = loaded;
    this.#loaded = loaded;
    this.#log = log;
    this.#clock = clock;
    this.#addresses = localAddresses(settings.local_models);
    this.#catalog = new ModelCatalog({
      dir: this.#dir,
      env,
      defaultModel: settings.default_model,
      log,
      clock,
      mayAppear: (id) => isLocalId(id, this.#addresses),
      onMissing: () => void this.discover(),
    });
    this.registry = this.#catalog.registry;
  }

  get #dir(): string {
    return fromRoot(this.#loaded.root, this.#loaded.settings.models_dir);
  }

  /** Takes changed files from now on, where the settings want it. */
  watch(): void {
    if (!this.#loaded.settings.hot_reload) return;
    this.#watch ??= new FolderWatch(this.#dir, {
      isRelevant: isModelFile,
      since: this.#catalog.stamp,
      onChange: () => this.#catalog.reload(),
    });
  }

  /** Begins to take changed files, and looks once for models on this machine: answers their ids. */
  start(): Promise<string[]> {
    this.watch();
    return this.discover();
  }

  /** Looks for models on this machine and offers them; answers their ids. Never rejects. */
  discover(): Promise<string[]> {
    return (this.#search ??= this.#discover().finally(() => (this.#search = undefined)));
  }

  async #discover(): Promise<string[]> {
    const { signal } = this.#closing;
    try {
      const configs = await discoverModels(this.#addresses, { env: this.#loaded.env, signal });
      const options = { clock: this.#clock, log: this.#log };
      this.registry.offer(configs.map((config) => new Model(config, options)));
      return configs.map(({ id }) => id);
    } catch (error) {
      this.#log.warn({ reason: reasonOf(error) }, "could not look for local models");
      return [];
    }
  }

  close(): void {
    this.#closing.abort();
    this.#watch?.close();
  }
}
