import type { TokenFactor } from "../../domain/usage.ts";
import type { Model } from "../model.ts";

/** The heuristic runs up to a sixth low on some texts: this much is in hand until more is known. */
const FIRST = 1.15;
const WEIGHT = 0.2;
const LEAST = 0.5;
const MOST = 2;
/** Shorter prompts are mostly what the provider wraps around them. */
const MIN_TOKENS = 20;
const MILLION = 1e6;

/** How many tokens each provider's model counts for one that the heuristic estimates, learnt from its reports. */
export class TokenFactors {
  readonly #factors = new Map<string, number>();
  readonly #changed = new Set<string>();

  /** Factors that were learnt before. */
  constructor(known: readonly TokenFactor[] = []) {
    for (const { model, factor_millionths } of known)
      this.#factors.set(model, within(factor_millionths / MILLION));
  }

  of(model: Model): number {
    return this.#factors.get(keyOf(model)) ?? FIRST;
  }

  /** An estimate with what is known of the model, rounded up. */
  calibrated(model: Model, tokens: number): number {
    return Math.ceil(tokens * this.of(model));
  }

  /** Learns from a prompt of text alone: what it was estimated as, and what the provider counted. */
  learn(model: Model, prompt: { readonly estimated: number; readonly reported: number }): void {
    if (prompt.estimated < MIN_TOKENS || prompt.reported <= 0) return;
    const before = this.of(model);
    const ratio = within(prompt.reported / prompt.estimated);
    this.#factors.set(keyOf(model), within(before + WEIGHT * (ratio - before)));
    this.#changed.add(keyOf(model));
  }

  /** What was learnt since it was last taken. */
  takeChanged(): TokenFactor[] {
    const changed = [...this.#changed].map((model) => ({
      model,
      factor_millionths: Math.round((this.#factors.get(model) ?? FIRST) * MILLION),
    }));
    this.#changed.clear();
    return changed;
  }
}

const within = (factor: number): number => Math.min(MOST, Math.max(LEAST, factor));

/** Two files that name the same model of the same provider share what is learnt of it. */
const keyOf = (model: Model): string => `${model.dialect.name}/${model.modelName}`.slice(0, 200);
