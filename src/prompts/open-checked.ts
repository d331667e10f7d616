import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import type { Log } from "../core/log.ts";
import { openPrompts, type PromptLibrary } from "./library.ts";
import { checkPrompts } from "./survey.ts";

/**
 * Opens the prompts of a server; throws ConfigError naming every broken one. A model that one names
 * may yet appear, so that an unknown one is only logged.
 */
export function openCheckedPrompts(
  { root, settings }: LoadedSettings,
  { models, log }: { models: readonly { readonly id: string }[]; log: Log },
): PromptLibrary {
  const dir = fromRoot(root, settings.prompts_dir);
  const known = new Set(models.map(({ id }) => id));
  for (const { file, model } of checkPrompts(dir))
    if (model !== undefined && !known.has(model))
      log.warn({ file, model }, "a prompt names a model that is not configured");
  return openPrompts(dir, log);
}
