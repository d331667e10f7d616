import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { z } from "zod";
import { AppError } from "../core/errors.ts";
import type { User } from "../domain/actor.ts";
import type { CallLimiter } from "./limits/call-limiter-port.ts";
import type { Model } from "./model.ts";
import { inScope, thoseInScope } from "./model-scope.ts";
import { callParametersSchema } from "./parameters.ts";
import type { CallOrigin } from "./provider/origin.ts";
import type { CallOverrides } from "./request-body.ts";
import { currentRuntime } from "./runtime.ts";
import type { TokenFactors } from "./tokens/token-factors.ts";
import type { UsagePort } from "./usage-port.ts";

/** Settings fixed where a graph builds its model; they win over the run's context. */
export interface ChatModelOverrides extends CallOverrides {
  readonly model?: string | undefined;
}

/** One call, resolved: which model, with which settings, billed to which run. */
export interface ModelCall extends CallOrigin {
  readonly model: Model;
  readonly overrides: CallOverrides;
  readonly usage: UsagePort;
  readonly limiter: CallLimiter;
  readonly factors: TokenFactors;
  /** Those that are asked where the model fails. */
  readonly fallbacks: readonly Model[];
  /** Whom the run is for, as the server stamped them. */
  readonly user?: User | undefined;
}

const settingsSchema = z.object({
  model: z.string().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  max_tokens: z.int().positive().nullish(),
  no_think: z.boolean().nullish(),
  thinking_budget: z.int().positive().nullish(),
  thinking_effort: z.string().min(1).nullish(),
  model_parameters: callParametersSchema.nullish(),
});

type Settings = z.infer<typeof settingsSchema>;

/** The parts of a run's config that a call reads. */
export interface ConfigLike {
  readonly context?: unknown;
  readonly configurable?: unknown;
}

/** LangGraph adds `context` to a node's config; LangChain's types do not know it. */
export const asConfig = (options: object | undefined): ConfigLike | undefined => options;

/** Resolves one call: explicit overrides, then the run's context, then configurable, then the default. */
export function resolveCall(
  config: ConfigLike | undefined,
  explicit: ChatModelOverrides = {},
): ModelCall {
  const { models, usage, limiter, factors } = currentRuntime();
  const { context, configurable } = withImplicitConfig(config);
  const [ofConfig, ofContext] = [readSettings(configurable), readSettings(context)];
  const settings = { ...ofConfig, ...ofContext };
  const only = modelsOf(configurable);
  const model = inScope(models.get(explicit.model ?? settings.model ?? models.defaultId), only);
  return {
    model,
    fallbacks: thoseInScope(models.fallbacksOf(model), only),
    limiter,
    factors,
    overrides: {
      temperature: explicit.temperature ?? settings.temperature ?? undefined,
      maxTokens: explicit.maxTokens ?? settings.max_tokens ?? undefined,
      noThink: explicit.noThink ?? settings.no_think ?? undefined,
      thinkingBudget: explicit.thinkingBudget ?? settings.thinking_budget ?? undefined,
      thinkingEffort: explicit.thinkingEffort ?? settings.thinking_effort ?? undefined,
      parameters: {
        ...ofConfig.model_parameters,
        ...ofContext.model_parameters,
        ...explicit.parameters,
      },
    },
    usage,
    user: userIn(configurable),
    ...originIn(configurable),
  };
}

/** No client can set it: the server does, or takes it away. */
const userIn = (configurable: Record<string, unknown>): User | undefined =>
  configurable["langgraph_auth_user"] as User | undefined;

/** A config for a call beside the run's own: of the settings a run may make, only those given hold. */
export function withoutSettings<Config extends ConfigLike>(
  config: Config,
  settings: { readonly model?: string | undefined },
): Config {
  const { context, configurable } = withImplicitConfig(config);
  const own = Object.keys(settingsSchema.shape);
  const model = settings.model ?? context["model"] ?? configurable["model"];
  const kept = Object.entries(configurable).filter(([key]) => !own.includes(key));
  return { ...config, context: { model }, configurable: Object.fromEntries(kept) };
}

/** The run that a config belongs to; that of the running node where there is no config. */
export const originOf = (config: ConfigLike | undefined): CallOrigin =>
  originIn(withImplicitConfig(config).configurable);

/** Whom the run of a config is for; that of the running node where there is none. */
export const userOf = (config: ConfigLike | undefined): User | undefined =>
  userIn(withImplicitConfig(config).configurable);

const modelIds = z.array(z.string()).optional();

/** The only models that the key of a run may use, where it is limited to some. */
const modelsOf = (configurable: Record<string, unknown>): string[] | undefined =>
  modelIds.parse(record(configurable["langgraph_auth_user"])["models"]);

/** As `modelsOf`, of a config; that of the running node where there is none. */
export const scopeOf = (config: ConfigLike | undefined): string[] | undefined =>
  modelsOf(withImplicitConfig(config).configurable);

/** The server stamps these over what a client sent. */
const originIn = (configurable: Record<string, unknown>): CallOrigin => ({
  runId: text(configurable, "run_id"),
  threadId: text(configurable, "thread_id"),
  assistantId: text(configurable, "assistant_id"),
  owner: text(configurable, "langgraph_auth_user_id"),
  keyId: text(record(configurable["langgraph_auth_user"]), "key_id"),
});

/** What LangGraph keeps of the running node's config where a call was given none. */
export function withImplicitConfig(config: ConfigLike | undefined): {
  context: Record<string, unknown>;
  configurable: Record<string, unknown>;
} {
  const implicit: ConfigLike | undefined = AsyncLocalStorageProviderSingleton.getRunnableConfig();
  return {
    context: record(config?.context ?? implicit?.context),
    configurable: record(config?.configurable ?? implicit?.configurable),
  };
}

function readSettings(source: Record<string, unknown>): Partial<Settings> {
  const parsed = settingsSchema.safeParse(source);
  if (parsed.success)
    return Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value != null));
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new AppError("validation", `Model settings of the run: ${problems.join("; ")}`);
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? { ...value } : {};

function text(source: Record<string, unknown>, key: string): string | undefined {
  const value = source[key];
  return typeof value === "string" ? value : undefined;
}
