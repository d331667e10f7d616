import { withoutUndefined } from "../merge-body.ts";
import type { Body, ThinkingWish } from "./dialect.ts";

/** The ways in which model servers take a wish for thinking; a model file may name one of them. */
export type ThinkingStrategy =
  | "enable_thinking"
  | "template_kwargs"
  | "thinking_type"
  | "reasoning_effort"
  | "reasoning_object"
  | "think"
  | "soft_switch"
  | "none";

const EFFORT_BUDGETS: Readonly<Record<string, number>> = {
  minimal: 512,
  low: 1024,
  medium: 4096,
  high: 16_384,
  xhigh: 32_768,
  max: 32_768,
};

/** Off, on, or undefined where the call leaves it to the server; a budget or an effort means on. */
export function isOff({ noThink, budget, effort }: ThinkingWish): boolean | undefined {
  if (noThink !== undefined) return noThink;
  if (effort === "none") return true;
  return budget === undefined && effort === undefined ? undefined : false;
}

/** The effort wished for, or the one nearest to the budget. */
export function effortOf({ budget, effort }: ThinkingWish): string | undefined {
  if (effort !== undefined && effort !== "none") return effort;
  if (budget === undefined) return undefined;
  if (budget <= 2048) return "low";
  return budget <= 8192 ? "medium" : "high";
}

/** The budget wished for, or the one that stands for the effort. */
export function budgetOf({ budget, effort }: ThinkingWish): number | undefined {
  return budget ?? (effort === undefined ? undefined : EFFORT_BUDGETS[effort]);
}

/** `enable_thinking` and `thinking_budget` at the top of the body. */
export function enableThinking(wish: ThinkingWish): Body {
  const off = isOff(wish);
  if (off === undefined) return {};
  if (off) return { enable_thinking: false };
  return withoutUndefined({ enable_thinking: true, thinking_budget: budgetOf(wish) });
}

/** A variable of the chat template, as vLLM, SGLang and llama.cpp have it. */
export function templateKwargs(wish: ThinkingWish): Body {
  const off = isOff(wish);
  if (off === undefined) return {};
  const { effort } = wish;
  return withoutUndefined({
    chat_template_kwargs: { enable_thinking: !off },
    reasoning_effort: off ? undefined : effort,
  });
}

/** `thinking: {type}`, as Zhipu, DeepSeek and Moonshot have it. */
export function thinkingType(wish: ThinkingWish): Body {
  const off = isOff(wish);
  if (off === undefined) return {};
  if (off) return { thinking: { type: "disabled" } };
  return { thinking: withoutUndefined({ type: "enabled", keep: wish.keep }) };
}

/** `reasoning_effort`; `none` switches off, and on without an effort is the server's own. */
export function reasoningEffort(wish: ThinkingWish): Body {
  const off = isOff(wish);
  if (off === undefined) return {};
  if (off) return { reasoning_effort: "none" };
  return withoutUndefined({ reasoning_effort: effortOf(wish) });
}

/** `reasoning: {effort}` or `{max_tokens}`, never both, as OpenRouter has it. */
export function reasoningObject(wish: ThinkingWish): Body {
  const off = isOff(wish);
  if (off === undefined) return {};
  if (off) return { reasoning: { effort: "none" } };
  if (wish.budget !== undefined) return { reasoning: { max_tokens: wish.budget } };
  return { reasoning: wish.effort === undefined ? { enabled: true } : { effort: wish.effort } };
}

/** `think`, a switch or a level, as Ollama's own API has it. */
export function think(wish: ThinkingWish): Body {
  const off = isOff(wish);
  return off === undefined ? {} : { think: off ? false : (effortOf(wish) ?? true) };
}

const STRATEGIES: Readonly<Record<ThinkingStrategy, (wish: ThinkingWish) => Body>> = {
  enable_thinking: enableThinking,
  template_kwargs: templateKwargs,
  thinking_type: (wish) =>
    isOff(wish) === false ? { ...thinkingType(wish), ...effortField(wish) } : thinkingType(wish),
  reasoning_effort: reasoningEffort,
  reasoning_object: reasoningObject,
  think,
  // Words in the prompt, put there with the messages.
  soft_switch: () => ({}),
  none: () => ({}),
};

const effortField = ({ effort }: ThinkingWish): Body =>
  effort === undefined ? {} : { reasoning_effort: effort };

/** The body fields of a strategy that a model file names itself. */
export const thinkingBy = (strategy: ThinkingStrategy, wish: ThinkingWish): Body =>
  STRATEGIES[strategy](wish);
