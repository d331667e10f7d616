import type { Connection } from "../config/connection.ts";
import type { ModelConfig } from "../config/model-config.ts";
import { AppError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { callPolicyOf, type CallPolicy } from "./call-policy.ts";
import { dialectOf, type Dialect } from "./dialects/index.ts";

/** Whether a model can be called, and if not, for which kind of reason. */
export type ModelState = "ready" | "no key" | "disabled" | "not served";

/** What `kagari models` and the API show of a model. */
export interface ModelStatus {
  readonly id: string;
  readonly modelType: string;
  readonly dialect: string;
  /** Whether the dialect was told from the host of the URL and not from the file. */
  readonly isDialectInferred: boolean;
  readonly model: string;
  /** Where it was found: a model file, or the address of a server on this machine. */
  readonly source: string;
  readonly state: ModelState;
  readonly reason: string | null;
  readonly limits: { readonly inputTokens: number | null; readonly outTokens: number | null };
  /** For one million tokens, in `currency`. */
  readonly prices: {
    readonly payIn: number | null;
    readonly payOut: number | null;
    readonly payCached: number | null;
    readonly payRequest: number | null;
    readonly payImage: number | null;
  };
  readonly currency: string;
  readonly thinking: string;
  readonly calls: CallPolicy;
  readonly description: string | null;
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

  /** How its server is reached, besides address and key. */
  get connection(): Connection {
    return this.#config.connection;
  }

  /** A text with the key, and the secrets of headers, query and proxy, taken out of it. */
  mask(text: string): string {
    const { headers, query, proxy } = this.connection;
    const values = [...headers, ...query].map(([, value]) => value);
    return [...values, ...(proxy ? [proxy] : [])].reduce(
      (masked, value) => value.mask(masked),
      this.#config.secret.mask(text),
    );
  }

  /** Why no call can be made now, or undefined. */
  unavailableReason(): string | undefined {
    const { model_type: modelType, enabled } = this.fields;
    if (enabled === false) return "switched off by enabled: false";
    if (!this.#serves(modelType)) return `${this.dialect.name} has no ${modelType} models`;
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
      isDialectInferred: fields.dialect === undefined && dialect.name !== fields.server_type,
      model: this.modelName,
      source: this.#config.file,
      state: reason === null ? "ready" : this.#stateOf(),
      reason,
      limits: { inputTokens: fields.input_tokens ?? null, outTokens: fields.out_tokens ?? null },
      prices: {
        payIn: fields.pay_in ?? null,
        payOut: fields.pay_out ?? null,
        payCached: fields.pay_cached ?? null,
        payRequest: fields.pay_request ?? null,
        payImage: fields.pay_image ?? null,
      },
      currency: fields.currency ?? dialect.currency,
      thinking: this.#thinking(),
      calls: callPolicyOf(this),
      description: fields.description ?? null,
      warnings: this.#config.warnings,
    };
  }

  /** The same model with some fields changed. */
  withFields(changes: Partial<ModelConfig["fields"]>): Model {
    const fields = { ...this.fields, ...changes };
    return new Model({ ...this.#config, fields }, { clock: this.clock, log: this.log });
  }

  toJSON(): ModelStatus {
    return this.status();
  }

  #serves(type: ModelConfig["fields"]["model_type"]): boolean {
    const { hasChat = true, embedding, rerank, image } = this.dialect;
    return Boolean({ chat: hasChat, embedding, rerank, image }[type]);
  }

  #stateOf(): ModelState {
    if (this.fields.enabled === false) return "disabled";
    return this.#config.secret.state().ready ? "not served" : "no key";
  }

  #thinking(): string {
    const { no_think: noThink } = this.fields;
    if (noThink === undefined) return "server default";
    const isSwitchable =
      this.fields.thinking?.strategy !== undefined ||
      this.dialect.canSwitchThinking(this.modelName);
    if (!isSwitchable) return "not switchable here";
    return noThink ? "off" : "on";
  }
}
