import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { originOf, scopeOf, type ConfigLike } from "./call.ts";
import type { Model } from "./model.ts";
import { inScope } from "./model-scope.ts";
import type { Ask } from "./provider/meter.ts";
import type { ModelType } from "./registry.ts";
import { currentRuntime } from "./runtime.ts";

/** What graphs' code may say of one call. */
export interface GraphCall {
  /** Config of the run; the one of the running node where not given. */
  readonly config?: ConfigLike | undefined;
  /** Ends the call early; the run's own signal does so in any case. */
  readonly signal?: AbortSignal | undefined;
}

/** A call made by a graph: the model by its id, else the default of its type, billed to the run. */
export function graphAsk(
  type: ModelType,
  id: string | undefined,
  { config, signal }: GraphCall = {},
): Ask & { readonly model: Model } {
  const { models, usage, limiter } = currentRuntime();
  const signals = [signal, signalOf(config)].filter((one) => one !== undefined);
  return {
    model: inScope(models.get(id ?? models.defaultOf(type), type), scopeOf(config)),
    usage,
    limiter,
    origin: originOf(config),
    ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
  };
}

function signalOf(config: ConfigLike | undefined): AbortSignal | undefined {
  const running: unknown = AsyncLocalStorageProviderSingleton.getRunnableConfig()?.signal;
  const given = config !== undefined && "signal" in config ? config.signal : running;
  return given instanceof AbortSignal ? given : undefined;
}
