import type { Model } from "./model.ts";

const said = new WeakMap<Model, Set<string>>();

/** Logs something about a model once, however often it happens. */
export function warnOnce(model: Model, what: string): void {
  const known = said.get(model) ?? new Set<string>();
  said.set(model, known);
  if (known.has(what)) return;
  known.add(what);
  model.log?.warn({ model: model.id, provider: model.dialect.name }, what);
}
