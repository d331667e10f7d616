import { readModelFolder, type RefusedModel } from "../config/model-folder.ts";
import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import { systemClock } from "../core/clock.ts";
import { reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { withDemo } from "./catalog.ts";
import { discoverModels, isLocalId, localAddresses } from "./local/discover.ts";
import { fallbackProblems } from "./fallback-chains.ts";
import { Model } from "./model.ts";
import { ModelRegistry } from "./registry.ts";

/** All that `kagari models` can tell: the usable files, the refused ones, what runs on this machine. */
export interface ModelSurvey {
  readonly registry: ModelRegistry;
  readonly refused: readonly RefusedModel[];
  /** Why the default model that the settings name cannot be used. */
  readonly problem: string | undefined;
}

/** Reads the model files, good and bad, and asks the local servers. */
export async function surveyModels(loaded: LoadedSettings, log: Log): Promise<ModelSurvey> {
  const { settings, root, env } = loaded;
  const { configs, refused } = readModelFolder({ dir: fromRoot(root, settings.models_dir), env });
  const addresses = localAddresses(settings.local_models);
  const local = await discoverModels(addresses, { env });
  const modelOf = (config: (typeof local)[number]) =>
    new Model(config, { clock: systemClock, log });
  const all = withDemo(configs, env);
  const models = all.map(modelOf);
  const mayAppear = (id: string) => isLocalId(id, addresses);
  const astray = fallbackProblems(all, mayAppear);
  const { registry, problem } = registryOf(models, settings.default_model, mayAppear);
  registry.offer(local.map(modelOf));
  return { registry, refused: [...refused, ...astray], problem };
}

function registryOf(
  models: Model[],
  wanted: string | undefined,
  mayAppear: (id: string) => boolean,
): Pick<ModelSurvey, "registry" | "problem"> {
  try {
    return { registry: new ModelRegistry(models, wanted, { mayAppear }), problem: undefined };
  } catch (error) {
    const registry = new ModelRegistry(models, undefined, { mayAppear });
    return { registry, problem: reasonOf(error) };
  }
}
