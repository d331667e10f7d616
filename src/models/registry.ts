import { readModelConfigs, parseModelConfig, type ModelConfig } from "../config/model-config.ts";
import type { Environment } from "../config/environment.ts";
import { didYouMean } from "../config/spelling.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { AppError, ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { Model, type ModelStatus } from "./model.ts";

export interface ModelSource {
  /** Folder of the model files; one that does not exist leaves the demo model. */
  dir: string;
  env: Environment;
  /** Id of the model to use where none is named. */
  defaultModel?: string | undefined;
  log?: Log | undefined;
  clock?: Clock | undefined;
}

/** The models of one config folder. */
export class ModelRegistry {
  readonly defaultId: string;
  readonly #models: ReadonlyMap<string, Model>;

  constructor(models: readonly Model[], defaultModel: string | undefined) {
    this.#models = new Map(models.map((model) => [model.id, model]));
    this.defaultId = this.#chooseDefault(defaultModel);
  }

  list(): ModelStatus[] {
    return [...this.#models.values()].map((model) => model.status());
  }

  /** A model that can be called now; throws "validation" for an unknown id, "unavailable" with the reason. */
  get(id: string): Model {
    return this.find(id).requireAvailable();
  }

  /** A configured model, callable or not; throws "validation" for an unknown id. */
  find(id: string): Model {
    const model = this.#models.get(id);
    if (model) return model;
    const hint = didYouMean(id, this.#models.keys());
    throw new AppError("validation", `Unknown model ${JSON.stringify(id.slice(0, 200))}${hint}`, {
      details: { models: [...this.#models.keys()] },
    });
  }

  #chooseDefault(wanted: string | undefined): string {
    const models = [...this.#models.values()];
    if (wanted !== undefined) {
      if (this.#models.has(wanted)) return wanted;
      const hint = didYouMean(wanted, this.#models.keys());
      throw new ConfigError(`default model: no model is called ${JSON.stringify(wanted)}${hint}`);
    }
    const usable = models.filter((model) => model.unavailableReason() === undefined);
    const chosen = usable.find((model) => !model.isDemo) ?? usable[0] ?? models[0];
    return chosen?.id ?? "demo";
  }
}

/** Reads and checks every model file; throws ConfigError naming file, key path and expected value. */
export async function loadModels(source: ModelSource): Promise<ModelRegistry> {
  return openModels(source);
}

/** As `loadModels`, for code that cannot wait (a plain script's first call). */
export function openModels(source: ModelSource): ModelRegistry {
  const { env, log, clock = systemClock } = source;
  const configs = readModelConfigs(source);
  const hasDemo = configs.some(({ id, fields }) => id === "demo" || fields.server_type === "demo");
  const all = hasDemo ? configs : [...configs, builtInDemo(env)];
  return new ModelRegistry(
    all.map((config) => new Model(config, { clock, log })),
    source.defaultModel,
  );
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
