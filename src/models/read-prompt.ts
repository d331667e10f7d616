import type { PromptText } from "../prompts/library.ts";
import type { PromptVariables } from "../prompts/prompt-file.ts";
import { withImplicitConfig, type ConfigLike } from "./call.ts";
import { currentRuntime } from "./runtime.ts";

/** The text of a prompt; see `readPrompt`. */
export const prompt = (name: string, config?: ConfigLike, variables?: PromptVariables): string =>
  readPrompt(name, config, variables).text;

/**
 * A prompt of `prompts/` in the `language` of the run, and the model to ask: the run's own, else
 * that of the prompt's front matter. Placeholders take their values from `variables`, else from the
 * run's context, else from its configurable, else from the front matter.
 */
export function readPrompt(
  name: string,
  config?: ConfigLike,
  variables: PromptVariables = {},
): PromptText {
  const { context, configurable } = withImplicitConfig(config);
  const given = { ...scalars(configurable), ...scalars(context) };
  const { language, model } = given;
  const { text, model: own } = currentRuntime().prompts.render(name, {
    variables: { ...given, ...variables },
    language: typeof language === "string" ? language : undefined,
  });
  return { text, model: typeof model === "string" ? model : own };
}

function scalars(source: Record<string, unknown>): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(source))
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      kept[key] = value;
  return kept;
}
