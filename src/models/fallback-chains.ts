import type { ModelConfig } from "../config/model-config.ts";
import type { RefusedModel } from "../config/model-folder.ts";
import { didYouMean } from "../config/spelling.ts";
import { ConfigError } from "../core/errors.ts";

type Configs = readonly Pick<ModelConfig, "id" | "file" | "fields">[];

/** Throws ConfigError for `fallbacks` that name no chat model or lead back to where they began. */
export function requireFallbacks(configs: Configs, mayAppear: (id: string) => boolean): void {
  const problems = fallbackProblems(configs, mayAppear);
  if (problems.length > 0) throw new ConfigError(problems.map(({ reason }) => reason).join("\n"));
}

/** The models whose `fallbacks` cannot be followed, and why. */
export function fallbackProblems(
  configs: Configs,
  mayAppear: (id: string) => boolean,
): RefusedModel[] {
  const known = new Map(configs.map((config) => [config.id, config]));
  return configs.flatMap(({ id, file, fields: { fallbacks = [] } }) => {
    const problem =
      fallbacks.map((name) => problemOf(name, known, mayAppear)).find((found) => found) ??
      loopOf(id, known);
    return problem === undefined ? [] : [{ id, file, reason: `${file}: fallbacks: ${problem}` }];
  });
}

type Known = ReadonlyMap<string, Configs[number]>;

function problemOf(
  name: string,
  known: Known,
  mayAppear: (id: string) => boolean,
): string | undefined {
  const config = known.get(name);
  if (config === undefined)
    return mayAppear(name)
      ? undefined
      : `no model is called ${JSON.stringify(name)}${didYouMean(name, known.keys())}`;
  const { model_type: type } = config.fields;
  return type === "chat" ? undefined : `${JSON.stringify(name)} is of type ${type}, not chat`;
}

/** The way from a model back to itself, where there is one. */
function loopOf(id: string, known: Known): string | undefined {
  const seen = new Set<string>();
  const wayFrom = (from: string): string[] | undefined => {
    for (const next of known.get(from)?.fields.fallbacks ?? []) {
      if (next === id) return [from, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const way = wayFrom(next);
      if (way !== undefined) return [from, ...way];
    }
    return undefined;
  };
  const way = wayFrom(id);
  return way && `expected an end, but they lead in a circle: ${way.join(" -> ")}`;
}
