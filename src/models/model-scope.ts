import { AppError } from "../core/errors.ts";
import type { Model } from "./model.ts";

/** Those of the models that somebody's key is for; undefined allows all. */
export const thoseInScope = (
  models: readonly Model[],
  only: readonly string[] | undefined,
): Model[] => models.filter(({ id }) => only?.includes(id) ?? true);

/** Refuses a model that somebody's key is not for; undefined allows all. */
export function inScope(model: Model, only: readonly string[] | undefined): Model {
  if (only === undefined || only.includes(model.id)) return model;
  throw new AppError("forbidden", `The key may not use the model ${JSON.stringify(model.id)}`);
}
