import type { TaskRules } from "../dialects/index.ts";
import { dialectOf } from "../dialects/index.ts";
import type { TaskKind } from "../../domain/task.ts";
import type { Model } from "../model.ts";
import { askProvider, type ProviderRequest } from "../provider/ask.ts";
import { baseUrlOf } from "../transport.ts";
import { malformedAnswer, unfitAnswer } from "../failures/upstream-error.ts";
import { asWireObject, said, type WireObject } from "../wire.ts";

/** How far a provider is with a task. */
export type TaskLook =
  | { readonly status: "running" }
  | { readonly status: "success"; readonly answer: WireObject }
  | { readonly status: "cancelled" }
  /** `reason` is the provider's own word. */
  | { readonly status: "error"; readonly reason: string; readonly code: string | undefined };

const ENDS: Readonly<Record<string, Exclude<TaskLook["status"], "running">>> = {
  SUCCESS: "success",
  SUCCEEDED: "success",
  FAIL: "error",
  FAILED: "error",
  ERROR: "error",
  // What DashScope says of a task that it does not know, or not any more.
  UNKNOWN: "error",
  CANCELED: "cancelled",
  CANCELLED: "cancelled",
};

/** How a model's provider makes things in the background; undefined where it does not, or must not. */
export function taskRulesOf({ fields, dialect }: Model): TaskRules | undefined {
  const mode = fields.async?.mode;
  if (mode === undefined) return dialect.tasks;
  if (mode === "none") return undefined;
  return dialectOf({ dialect: mode, server_type: mode, url: undefined }).tasks;
}

/** Whether an image model's calls go through tasks, by its file or because there is no other way. */
export function isMadeInBackground(model: Model): boolean {
  const rules = taskRulesOf(model);
  return (
    rules !== undefined &&
    (model.fields.async?.mode !== undefined || rules.isOnlyWay(model.modelName))
  );
}

/** Whether a task of a kind is the provider's too, and not made by one call that is waited for. */
export function isProviderTask(model: Model, kind: TaskKind): boolean {
  const rules = taskRulesOf(model);
  if (rules?.submitUrl(baseUrlOf(model), kind) === undefined) return false;
  return rules.takesAll === true || isMadeInBackground(model);
}

/** Submits a task; answers the provider's id of it. */
export async function submitToProvider(
  model: Model,
  request: ProviderRequest,
  signal: AbortSignal | undefined,
): Promise<string> {
  return taskIdOf(model, await askProvider(model, request, signal));
}

/** The id in the answer to a submission. */
export function taskIdOf(model: Model, answer: unknown): string {
  const body = asWireObject(answer);
  const output = asWireObject(body?.["output"]);
  const id = said(output?.["task_id"]) ?? said(body?.["task_id"]) ?? said(body?.["id"]);
  if (id === undefined) throw malformedAnswer(model, "took a task and told no id of it");
  return id;
}

/** Looks once how far a task is. */
export async function lookAtTask(
  model: Model,
  id: string,
  signal: AbortSignal | undefined,
): Promise<TaskLook> {
  const url = rulesOf(model).url(baseUrlOf(model), id);
  return readLook(model, await askProvider(model, { url }, signal));
}

/** Asks the provider to call a task off, where it can; what it answers does not matter. */
export async function callOff(
  model: Model,
  id: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const url = taskRulesOf(model)?.cancelUrl?.(baseUrlOf(model), id);
  if (url === undefined) return;
  await askProvider(model, { url, body: {} }, signal).catch(() => undefined);
}

function rulesOf(model: Model): TaskRules {
  const rules = taskRulesOf(model);
  if (rules === undefined) throw unfitAnswer(model, "has no tasks any more");
  return rules;
}

/** The state of a task in either spelling; any word that is no end is taken for work in progress. */
export function readLook(model: Model, answer: unknown): TaskLook {
  const body = asWireObject(answer);
  const output = asWireObject(body?.["output"]);
  const word = said(output?.["task_status"]) ?? said(body?.["task_status"]);
  if (body === undefined || word === undefined)
    throw malformedAnswer(model, "sent an answer without the state of the task");
  const status = ENDS[word.toUpperCase()] ?? "running";
  if (status === "success") return { status, answer: body };
  if (status !== "error") return { status };
  const problem = asWireObject(body["error"]) ?? output ?? body;
  const reason = said(problem["message"]) ?? said(body["message"]) ?? `the task ended as ${word}`;
  return { status, reason: model.mask(reason), code: said(problem["code"]) };
}
