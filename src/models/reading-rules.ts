import { isOff } from "./dialects/strategies.ts";
import type { Model } from "./model.ts";
import { wishOf, type CallOverrides } from "./request-body.ts";

/** How the reasoning in a model's answers is found. */
export interface ReadingRules {
  /** `pair`: tags at the start; `open`: thinking from the first character on; `off`: no tags. */
  readonly tags: "pair" | "open" | "off";
  /** `open` was told by the model's name only: an answer without any tag is then an answer. */
  readonly isGuess: boolean;
  /** Whether a whole answer that only closes the tag began with thinking. */
  readonly mayClose: boolean;
  /** The one field that carries reasoning, where the model file names it. */
  readonly field: string | undefined;
}

/** Templates of these models open the tag themselves, so that their answers only close it. */
const OPENED_BY_TEMPLATE = /-thinking-2507|qwq-32b|qwen3-next-80b-a3b-thinking/i;

/** Servers that pass a model's raw text on when no reasoning parser was switched on. */
const RAW_SERVERS = new Set(["vllm", "sglang", "llamacpp", "lmstudio", "generic"]);

/** The rules of a model for one call. */
export function readingRulesOf(model: Model, overrides: CallOverrides): ReadingRules {
  const { parse = "auto", field } = model.fields.reasoning ?? {};
  const plain = { isGuess: false, mayClose: false, field };
  if (parse === "off" || parse === "field") return { ...plain, tags: "off" };
  if (parse === "think") return { ...plain, tags: "pair" };
  const isSwitchedOff = isOff(wishOf(model, overrides)) === true;
  if (parse === "think_open") return { ...plain, tags: isSwitchedOff ? "pair" : "open" };
  const { dialect, modelName } = model;
  if (dialect.name === "openai") return { ...plain, tags: "off" };
  if (!RAW_SERVERS.has(dialect.name)) return { ...plain, tags: "pair" };
  const isOpened = OPENED_BY_TEMPLATE.test(modelName);
  return { field, tags: isOpened ? "open" : "pair", isGuess: isOpened, mayClose: !isSwitchedOff };
}
