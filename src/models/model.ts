import type { ModelConfig } from "../config/model-config.ts";
import { AppError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { dialectOf, type Dialect } from "./dialects/index.ts";

/** What `kagari models` and the API show of a model. */
export interface ModelStatus {
  readonly id: string;
  readonly modelType: string;
  readonly dialect: string;
  readonly model: string;
  readonly state: "ready" | "unavailable";
  readonly reason: string | null;
  readonly limits: { readonly inputTokens: number | null; readonly outTokens: number | null };
  /** For one million tokens, in `currency`. */
  readonly prices: { readonly payIn: number | null; readonly payOut: number | null };
  readonly currency: string;
  readonly thinking: string;
  readonly description: string | null;
  readonly unhonoured: readonly string[];
  readonly warnings: readonly string[];
}

/** A configured model: its settings, its provider's dialect, and its key only as a reference. */
export class Model {
  readonly id: string;
  readonly fields: ModelConfig["fields"];
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly log: Log | undefined;
  readonly #config: ModelConfig;

  constructor(config: ModelConfig, { clock, log }: { clock: Clock; log: Log | undefined }) {
    this.id = config.id;
    this.fields = config.fields;
    this.dialect = dialectOf(config.fields);
    this.clock = clock;
    this.log = log;
    this.#config = config;
  }

  /** The name the provider knows the model by. */
  get modelName(): string {
    return this.fields.model ?? this.id;
  }

  get isDemo(): boolean {
    return this.dialect.name === "demo";
  }

  /** Where and what it is, for messages: `qwen3-4b (dashscope)`. */
  get label(): string {
    return `${this.id} (${this.dialect.name})`;
  }

  /** The key as it is now, so that a rotated one is used; undefined where none is wanted. */
  apiKey(): string | undefined {
    return this.#config.secret.resolve();
  }

  /** Why no call can be made now, or undefined. */
  unavailableReason(): string | undefined {
    const { model_type: modelType, enabled, server_type: serverType } = this.fields;
    if (enabled === false) return "switched off by enabled: false";
    if (modelType !== "chat") return `${modelType} models are not served yet`;
    if (["ollama_native", "jina", "cohere"].includes(serverType))
      return `server_type ${serverType} is not served yet`;
    if (this.fields.api === "responses") return "the responses API is not served yet";
    const state = this.#config.secret.state();
    return state.ready ? undefined : state.reason;
  }

  requireAvailable(): this {
    const reason = this.unavailableReason();
    if (reason !== undefined)
      throw new AppError(
        "unavailable",
        `Model ${JSON.stringify(this.id)} is unavailable: ${reason}`,
      );
    return this;
  }

  status(): ModelStatus {
    const { fields, dialect } = this;
    const reason = this.unavailableReason() ?? null;
    return {
      id: this.id,
      modelType: fields.model_type,
      dialect: dialect.name,
      model: this.modelName,
      state: reason === null ? "ready" : "unavailable",
      reason,
      limits: { inputTokens: fields.input_tokens ?? null, outTokens: fields.out_tokens ?? null },
      prices: { payIn: fields.pay_in ?? null, payOut: fields.pay_out ?? null },
      currency: fields.currency ?? dialect.currency,
      thinking: this.#thinking(),
      description: fields.description ?? null,
      unhonoured: this.#config.unhonoured,
      warnings: this.#config.warnings,
    };
  }

  toJSON(): ModelStatus {
    return this.status();
  }

  #thinking(): string {
    const { no_think: noThink } = this.fields;
    if (noThink === undefined) return "server default";
    if (!this.dialect.canSwitchThinking(this.modelName)) return "not switchable here";
    return noThink ? "off" : "on";
  }
}
