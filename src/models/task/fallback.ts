import { AppError, UpstreamError } from "../../core/errors.ts";
import { askedModel, type Task, type TaskFallback } from "../../domain/task.ts";
import { fallsBack, isPassedOver, noneAnswered, unfitness } from "../attempts/fallback.ts";
import { thoseInScope } from "../model-scope.ts";
import type { ModelRegistry } from "../registry.ts";
import { itemsOf } from "../wire.ts";

/** The fallback of a task's model to ask next, after a failure; rejects with that where there is none. */
export function nextFallback(models: ModelRegistry, task: Task, error: unknown): TaskFallback {
  if (task.kind !== "chat" || !(error instanceof AppError)) throw error;
  const first = models.requireType(task.model, task.kind);
  const before = task.fallback?.tried ?? [];
  const isFallback = before.length > 0;
  if (!fallsBack(error, first) && !(isFallback && isPassedOver(error))) throw error;

  const tried = [...before, { model: askedModel(task), reason: error.message }];
  const kind = error instanceof UpstreamError ? error.kind : undefined;
  const hasTools = itemsOf(task.input["tools"]).length > 0;
  for (const next of thoseInScope(models.fallbacksOf(first), task.created_by?.models)) {
    if (tried.some(({ model }) => model === next.id)) continue;
    const reason = unfitness(next, { hasTools, kind, model: first });
    if (reason === undefined) return { model: next.id, tried };
    tried.push({ model: next.id, reason });
  }
  const [own, ...others] = tried;
  if (own === undefined || others.length === 0) throw error;
  throw new AppError("unavailable", noneAnswered(own.reason, others));
}
