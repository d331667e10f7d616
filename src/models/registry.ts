import type { ModelFields } from "../config/model-fields.ts";
import { didYouMean } from "../config/spelling.ts";
import { AppError, ConfigError } from "../core/errors.ts";
import type { Model, ModelStatus } from "./model.ts";

export type ModelType = ModelFields["model_type"];

/** What a registry needs to know of models that run on this machine. */
export interface RegistryOptions {
  /** Whether a model of this id may yet be found on this machine. */
  readonly mayAppear?: (id: string) => boolean;
  /** Told of such a model that was asked for and is not there. */
  readonly onMissing?: () => void;
}

/** The models that can be named: a set that is swapped whole, so that a call sees one or the other. */
export class ModelRegistry {
  readonly #wanted: string | undefined;
  readonly #mayAppear: (id: string) => boolean;
  readonly #onMissing: () => void;
  #configured: readonly Model[];
  #local: readonly Model[] = [];
  #models: ReadonlyMap<string, Model>;
  #defaultId: string;

  constructor(
    models: readonly Model[],
    defaultModel: string | undefined,
    { mayAppear = () => false, onMissing = () => undefined }: RegistryOptions = {},
  ) {
    this.#wanted = defaultModel;
    this.#mayAppear = mayAppear;
    this.#onMissing = onMissing;
    this.#configured = models;
    this.#models = byId(models);
    this.#defaultId = this.#chooseDefault(models);
  }

  /** Id of the model to use where none is named. */
  get defaultId(): string {
    return this.#defaultId;
  }

  list(): ModelStatus[] {
    return [...this.#models.values()].map((model) => model.status());
  }

  /**
   * A model of a type that can be called now; throws "validation" for an unknown id or one of another
   * type, "unavailable" with the reason.
   */
  get(id: string, type: ModelType = "chat"): Model {
    return this.requireType(id, type).requireAvailable();
  }

  /** A configured model of a type, callable or not; throws "validation" for an unknown id or another type. */
  requireType(id: string, type: ModelType): Model {
    const model = this.find(id);
    const { model_type: own } = model.fields;
    if (own === type) return model;
    throw new AppError(
      "validation",
      `Model ${JSON.stringify(id)} is of type ${own}, and ${type} is wanted`,
    );
  }

  /** Id of the model of a type to use where none is named: the first that can be called, a demo last. */
  defaultOf(type: ModelType): string {
    if (type === "chat") return this.#defaultId;
    const models = [...this.#models.values()].filter((model) => model.fields.model_type === type);
    const usable = models.filter((model) => model.unavailableReason() === undefined);
    const chosen = usable.find((model) => !model.isDemo) ?? usable[0] ?? models[0];
    if (chosen !== undefined) return chosen.id;
    throw new AppError(
      "unavailable",
      `No ${type} model is configured: a file of config/models with "model_type": "${type}" makes one`,
    );
  }

  /** Whether there is a model of a type that can be called and is no demo. */
  hasOwn(type: ModelType): boolean {
    return [...this.#models.values()].some(
      (model) =>
        model.fields.model_type === type &&
        !model.isDemo &&
        model.unavailableReason() === undefined,
    );
  }

  /** Whether a model of any type goes by this id. */
  has(id: string): boolean {
    return this.#models.has(id);
  }

  /** A configured model, callable or not; throws "validation" for an unknown id. */
  find(id: string): Model {
    const model = this.#models.get(id);
    if (model) return model;
    if (this.#mayAppear(id)) {
      this.#onMissing();
      throw new AppError(
        "unavailable",
        `Model ${JSON.stringify(id.slice(0, 200))} was not found on this machine: start its server, load the model and ask again`,
      );
    }
    const hint = didYouMean(id, this.#models.keys());
    throw new AppError("validation", `Unknown model ${JSON.stringify(id.slice(0, 200))}${hint}`, {
      details: { unknown_model: id.slice(0, 200), models: [...this.#models.keys()] },
    });
  }

  /** The models that answer for one that fails, in order: its fallbacks and theirs, each once. */
  fallbacksOf({ id, fields }: Model): readonly Model[] {
    const { fallbacks } = fields;
    if (fallbacks === undefined) return NONE;
    const found = new Map<string, Model>();
    const add = (names: readonly string[]): void => {
      for (const name of names) {
        const model = this.#models.get(name);
        if (model === undefined || name === id || found.has(name)) continue;
        found.set(name, model);
        add(model.fields.fallbacks ?? []);
      }
    };
    add(fallbacks);
    return [...found.values()];
  }

  /** Swaps the models of the config folder; throws ConfigError, and changes nothing, where the default is gone. */
  replace(models: readonly Model[]): void {
    const defaultId = this.#chooseDefault(models);
    this.#configured = models;
    this.#defaultId = defaultId;
    this.offer(this.#local);
  }

  /** Swaps the models found on this machine; one that is configured under the same id wins. */
  offer(models: readonly Model[]): void {
    this.#local = models;
    this.#models = byId([...this.#configured, ...models.filter(({ id }) => !this.#isTaken(id))]);
  }

  #isTaken(id: string): boolean {
    return this.#configured.some((model) => model.id.toLowerCase() === id.toLowerCase());
  }

  #chooseDefault(models: readonly Model[]): string {
    const wanted = this.#wanted;
    if (wanted !== undefined) {
      const known = byId([...models, ...this.#local]);
      if (known.has(wanted) || this.#mayAppear(wanted)) return wanted;
      const hint = didYouMean(wanted, known.keys());
      throw new ConfigError(`default model: no model is called ${JSON.stringify(wanted)}${hint}`);
    }
    const usable = models.filter(
      (model) => model.fields.model_type === "chat" && model.unavailableReason() === undefined,
    );
    const chosen = usable.find((model) => !model.isDemo) ?? usable[0] ?? models[0];
    return chosen?.id ?? "demo";
  }
}

const NONE: readonly Model[] = [];

const byId = (models: readonly Model[]): ReadonlyMap<string, Model> =>
  new Map(models.map((model) => [model.id, model]));
