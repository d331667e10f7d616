import type { Environment } from "../config/environment.ts";
import { parseModelConfig, type ModelConfig } from "../config/model-config.ts";
import { isModelFile, readModelConfigs } from "../config/model-folder.ts";
import { folderStamp } from "../config/watch-folder.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { requireFallbacks } from "./fallback-chains.ts";
import { KeyAddresses } from "./key-addresses.ts";
import { Model } from "./model.ts";
import { ModelRegistry, type RegistryOptions } from "./registry.ts";

export interface ModelSource extends RegistryOptions {
  /** Folder of the model files; one that does not exist leaves the demo model. */
  dir: string;
  env: Environment;
  /** Id of the model to use where none is named. */
  defaultModel?: string | undefined;
  log?: Log | undefined;
  clock?: Clock | undefined;
}

/** The models of one config folder, and how to read it again. */
export class ModelCatalog {
  readonly registry: ModelRegistry;
  /** The state of the folder that was read at the start. */
  readonly stamp: string;
  readonly #source: ModelSource;
  readonly #addresses = new KeyAddresses();
  #models: readonly ConfiguredModel[];

  constructor(source: ModelSource) {
    this.#source = source;
    this.stamp = folderStamp(source.dir, isModelFile);
    const configs = readModelConfigs(source);
    this.#addresses.add(configs);
    const all = withDemo(configs, source.env);
    requireFallbacks(all, this.#mayAppear);
    this.#models = all.map((config) => this.#modelOf(config));
    this.registry = new ModelRegistry(
      this.#models.map(({ model }) => model),
      source.defaultModel,
      source,
    );
  }

  /**
   * Reads the folder anew and swaps the models whole. Where anything in it is wrong, the old models
   * go on serving and the log says file, key and reason; answers whether the folder was taken.
   */
  reload(): boolean {
    const { log, env } = this.#source;
    try {
      const configs = readModelConfigs(this.#source);
      this.#addresses.check(configs, log);
      const all = withDemo(configs, env);
      requireFallbacks(all, this.#mayAppear);
      const models = all.map((config) => this.#reused(config));
      this.registry.replace(models.map(({ model }) => model));
      this.#addresses.add(configs);
      log?.info(changes(this.#models, models), "model configs reloaded");
      this.#models = models;
      return true;
    } catch (error) {
      log?.error({ reason: reasonOf(error) }, "model configs refused: the old ones go on serving");
      return false;
    }
  }

  readonly #mayAppear = (id: string): boolean => this.#source.mayAppear?.(id) ?? false;

  #modelOf(config: ModelConfig): ConfiguredModel {
    const { clock = systemClock, log } = this.#source;
    return { config, model: new Model(config, { clock, log }) };
  }

  /** A model whose file has not changed stays the same one, with its connections. */
  #reused(config: ModelConfig): ConfiguredModel {
    const old = this.#models.find((known) => isSame(known.config, config));
    return old ?? this.#modelOf(config);
  }
}

/** Reads and checks every model file; throws ConfigError naming file, key path and expected value. */
export const openModels = (source: ModelSource): ModelRegistry => new ModelCatalog(source).registry;

interface ConfiguredModel {
  readonly config: ModelConfig;
  readonly model: Model;
}

function isSame(a: ModelConfig, b: ModelConfig): boolean {
  return a.id === b.id && a.file === b.file && digestOf(a) === digestOf(b);
}

const digestOf = (config: ModelConfig): unknown => ("digest" in config ? config.digest : undefined);

function changes(before: readonly ConfiguredModel[], after: readonly ConfiguredModel[]) {
  const old = new Map(before.map(({ config, model }) => [config.id, model]));
  const now = new Map(after.map(({ config, model }) => [config.id, model]));
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id)),
    changed: [...now]
      .filter(([id, model]) => old.has(id) && old.get(id) !== model)
      .map(([id]) => id),
  };
}

/** The configs, with the built-in demo where none is configured. */
export function withDemo(
  configs: readonly ModelConfig[],
  env: Environment,
): readonly ModelConfig[] {
  const hasDemo = configs.some(
    ({ id, fields }) =>
      id === "demo" || (fields.server_type === "demo" && fields.model_type === "chat"),
  );
  return hasDemo ? configs : [...configs, builtInDemo(env)];
}

function builtInDemo(env: Environment): ModelConfig {
  const content = {
    server_type: "demo",
    input_tokens: 32_768,
    out_tokens: 4096,
    pay_in: 0,
    pay_out: 0,
  };
  return parseModelConfig(
    { ...content, model: "kagari-demo" },
    { file: "demo.json", dir: ".", env },
  );
}
